"""Which jobs are made of which event. An app below never knows who listens.

A job is given the event's id and its payload, and runs in the event's company. Empty
until the first listener arrives: events wait in the outbox.
"""

#: Name of the event to the names of the jobs.
LISTENERS: dict[str, list[str]] = {}

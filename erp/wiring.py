"""Which task hears which event. An app below never knows who listens.

Empty until the first listener arrives: events wait in the outbox.
"""

LISTENERS: dict[str, list[str]] = {}

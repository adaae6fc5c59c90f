"""Which jobs are made of which event. An app below never knows who listens.

A job is given the event's id and its payload, and runs in the event's company.
"""

#: Name of the event to the names of the jobs.
LISTENERS: dict[str, list[str]] = {
    "webhook.disabled": ["permissions.webhook_notice"],
}

"""What webhooks themselves announce."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from core.jobs.outbox import Event


@dataclass(frozen=True)
class WebhookDisabled(Event):
    """An endpoint is sent nothing any more; `reason` is `gone` or `failing`."""

    name: ClassVar[str] = "webhook.disabled"
    endpoint_id: UUID
    reason: str


@dataclass(frozen=True)
class WebhookTested(Event):
    """Somebody wants to see whether this endpoint hears us. Sent to no other."""

    name: ClassVar[str] = "webhook.tested"
    endpoint_id: UUID

"""Somebody who does not call himself: he left a link, or a job."""

from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from core.api.requests import Caller
from core.errors import NotFound


def caller_of(tenant_id: UUID, user_id: UUID) -> Caller:
    """As the database knows him at this moment; NotFound where he may not enter (any more)."""
    found: Caller | None = import_string(settings.CALLER_OF)(tenant_id, user_id)
    if found is None:
        raise NotFound
    return found

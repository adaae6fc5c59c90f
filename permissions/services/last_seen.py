"""A session that is used lives on. Global table; by the session's own id."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Least

from permissions.models import UserSession

WRITTEN_EVERY = timedelta(minutes=1)


def session_seen(session_id: UUID, *, at: datetime) -> bool:
    """Its access token slides to an hour from `at`, but not past its refresh token.

    At most once a minute, whoever else saw it; returns whether it was written.
    """
    expires_at = at + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS)
    sessions = UserSession.objects.filter(
        pk=session_id, revoked_at=None, last_seen_at__lte=at - WRITTEN_EVERY
    )
    return bool(
        sessions.update(
            last_seen_at=at, access_expires_at=Least(expires_at, F("refresh_expires_at"))
        )
    )

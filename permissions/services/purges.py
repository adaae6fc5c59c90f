"""Housekeeping of logins: what is over is deleted, in batches and never without end."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from permissions.models import MailCount, OneTimeToken, SpentRefreshToken, UserSession

FAILED_LOGINS_KEPT = timedelta(days=1)
MAIL_COUNTS_KEPT = timedelta(hours=2)
BATCH_SIZE = 1_000
#: Of one run; the next one goes on.
BATCHES_MAX = 100


def sessions_purge(moment: datetime) -> int:
    """Delete sessions that neither enter nor refresh, and their spent tokens; how many. Global.

    A spent token is remembered for as long as it could have been used unspent.
    """
    spent_before = moment - timedelta(seconds=settings.REFRESH_TOKEN_SECONDS)
    spent = _purge(SpentRefreshToken.objects.filter(spent_at__lt=spent_before))
    over = UserSession.objects.filter(refresh_expires_at__lt=moment, access_expires_at__lt=moment)
    return spent + _purge(over)


def one_time_tokens_purge(moment: datetime) -> int:
    """Delete links that are too old to be followed, used or not; how many. Global."""
    return _purge(OneTimeToken.objects.filter(expires_at__lt=moment))


def failed_logins_purge(moment: datetime) -> int:
    """Delete counts of failed logins whose lock is long over; how many. Global table."""
    return _purge(AccessAttempt.objects.filter(attempt_time__lt=moment - FAILED_LOGINS_KEPT))


def staff_sessions_purge(moment: datetime) -> int:
    """Delete the console's sessions that are over; how many. Global table."""
    return _purge(Session.objects.filter(expire_date__lt=moment))


def mail_counts_purge(moment: datetime) -> int:
    """Delete counts of mails of hours that are over; how many. Global table."""
    return _purge(MailCount.objects.filter(starts_at__lt=moment - MAIL_COUNTS_KEPT))


def _purge(rows: "QuerySet[Any]") -> int:
    return sum(_batches(rows))


def _batches(rows: "QuerySet[Any]") -> Iterator[int]:
    """Each batch is a transaction of its own, so that nobody waits for its locks for long."""
    for _ in range(BATCHES_MAX):
        keys = list(rows.order_by().values_list("pk", flat=True)[:BATCH_SIZE])
        if not keys:
            return
        yield rows.model._default_manager.filter(pk__in=keys).delete()[0]

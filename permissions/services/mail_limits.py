"""How many mails may be asked for in an hour, counted in the database: it does not fail open."""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connections

from core.errors import DomainError
from core.ids import uuid7
from core.tenancy.router import write_alias
from permissions.models import MailCount

_COUNT = """
    INSERT INTO permissions_mailcount AS c (id, subject, starts_at, asked) VALUES (%s, %s, %s, 1)
    ON CONFLICT (subject, starts_at) DO UPDATE SET asked = c.asked + EXCLUDED.asked
    RETURNING asked
"""


class TooManyMails(DomainError):
    """Counted by what was typed, so it says nothing about which accounts there are."""

    code = "RATE_LIMITED"
    status = 429

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("Too many mails were asked for. Try again later.")
        self.retry_after_seconds = retry_after_seconds


def mail_count(moment: datetime, *, account: str, address: str | None = None) -> None:
    """Count one mail to `account`, asked for from `address`; refuse it beyond the limits."""
    if address is not None:
        _count(moment, f"address:{address}", settings.MAILS_PER_ADDRESS_AND_HOUR)
    _count(moment, _of_account(account), settings.MAILS_PER_ACCOUNT_AND_HOUR)


def mail_counts_forget(*, account: str) -> None:
    """Part of a command: forget how often `account` was written to."""
    MailCount.objects.filter(subject=_digest(_of_account(account))).delete()


def _of_account(account: str) -> str:
    return f"account:{account.strip().lower()}"


def _digest(subject: str) -> bytes:
    return hashlib.sha256(f"{settings.SECRET_KEY}:{subject}".encode()).digest()


def _count(moment: datetime, subject: str, limit: int) -> None:
    starts_at = moment.replace(minute=0, second=0, microsecond=0)
    digest = _digest(subject)
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(_COUNT, [uuid7(), digest, starts_at])
        [asked] = cursor.fetchone()
    if asked > limit:
        raise TooManyMails(int((starts_at + timedelta(hours=1) - moment).total_seconds()) + 1)

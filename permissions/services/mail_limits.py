"""How many mails may be asked for in an hour, counted in the database: it does not fail open."""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connections

from core.errors import DomainError
from core.ids import uuid7
from core.tenancy.router import write_alias

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
    _count(moment, f"account:{account.strip().lower()}", settings.MAILS_PER_ACCOUNT_AND_HOUR)


def _count(moment: datetime, subject: str, limit: int) -> None:
    starts_at = moment.replace(minute=0, second=0, microsecond=0)
    digest = hashlib.sha256(f"{settings.SECRET_KEY}:{subject}".encode()).digest()
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(_COUNT, [uuid7(), digest, starts_at])
        [asked] = cursor.fetchone()
    if asked > limit:
        raise TooManyMails(int((starts_at + timedelta(hours=1) - moment).total_seconds()) + 1)

"""How long a company keeps its conversations, and deleting what is older."""

from calendar import monthrange
from datetime import date, datetime
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Greatest

from core.errors import Invalid, StaleVersion, require
from core.ids import uuid7_floor
from core.partitions.months import beginning, month_of, month_plus
from core.tenancy.context import Context
from core.tenancy.transactions import command
from messaging.models import Message, MessageRevision, MessagingSettings, Thread

KEPT_MONTHS_MAX = 120
#: Messages of one transaction, and transactions of one company in one run.
BATCH, BATCHES_MAX = 1_000, 50


@command
def settings_update(
    ctx: Context, *, values: dict[str, Any], expected_version: int | None = None
) -> MessagingSettings:
    """Change `kept_months`; None keeps everything. The first change makes the row."""
    # Two who change it first at the same moment: the constraint lets one make it.
    MessagingSettings.objects.bulk_create([MessagingSettings()], ignore_conflicts=True)
    settings: MessagingSettings = MessagingSettings.objects.select_for_update().get()
    if expected_version not in (None, settings.version):
        raise StaleVersion("Somebody changed this record since you read it.")
    months = values.get("kept_months", settings.kept_months)
    allowed = months is None or 1 <= months <= KEPT_MONTHS_MAX
    require(allowed, Invalid.field("kept_months", f"1 to {KEPT_MONTHS_MAX}, or empty for ever."))
    if months == settings.kept_months:
        return settings
    settings.kept_months, settings.version = months, F("version") + 1
    settings.save(update_fields=["kept_months", "version"])
    settings.refresh_from_db(fields=["version"])
    return settings


@command
def messages_expire(ctx: Context, *, limit: int) -> int:
    """Delete, softly, up to `limit` messages that the company no longer keeps; returns how many.

    Unlike what a person deletes, nothing of their text stays: neither what they said at last
    nor what they said before. Nobody is told; what is locked waits for the next time.
    """
    months = MessagingSettings.objects.values_list("kept_months", flat=True).first()
    if months is None:
        return 0
    oldest = uuid7_floor(months_before(ctx.now, months))
    live = Message.objects.filter(id__lt=oldest, deleted_at=None)
    locked = live.select_for_update(no_key=True, skip_locked=True)
    ids = list(locked.values_list("id", flat=True)[:limit])
    expired = Message.objects.filter(id__in=ids)
    threads = Thread.objects.filter(id__in=expired.values("thread"))
    threads.update(counted_from_id=Greatest("counted_from_id", Value(oldest)))
    expired.update(body="", attachments=[], deleted_at=ctx.now)
    said = MessageRevision.objects.filter(message_id__lt=oldest)
    revisions = list(said.values_list("id", flat=True)[:limit])
    said.filter(id__in=revisions).delete()
    return max(len(ids), len(revisions))


def month_forget(ctx: Context, month: date) -> bool:
    """The same with rows of an archive that come back (`core.partitions.registry.Forget`)."""
    months = MessagingSettings.objects.values_list("kept_months", flat=True).first()
    if months is None or months_before(ctx.now, months) <= beginning(month):
        return False
    while messages_expire(ctx, limit=BATCH) == BATCH:
        pass
    return True


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and time some months earlier, or the last day of a shorter month."""
    month = month_plus(month_of(moment), -months)
    day = min(moment.day, monthrange(month.year, month.month)[1])
    return moment.replace(year=month.year, month=month.month, day=day)


def messages_forget(ctx: Context) -> int:
    """All that is due, in transactions of their own; returns how many. Bounded: the first run
    after a company decides to forget takes as many days as it needs.
    """
    total = 0
    for _ in range(BATCHES_MAX):
        expired = messages_expire(ctx, limit=BATCH)
        total += expired
        if expired < BATCH:
            break
    return total

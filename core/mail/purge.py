"""Housekeeping: mails that are old go, company by company."""

from datetime import datetime, timedelta
from uuid import UUID

from core.files.models import StoredFile
from core.ids import uuid7_floor
from core.mail.models import Mail
from core.tenancy.batches import purge_tenants
from core.tenancy.context import Context
from core.tenancy.transactions import command

MAILS_KEPT = timedelta(days=365)
#: What a reader is told that is held of what was written to him.
MAIL_COLUMNS = ("kind", "state", "recipient", "subject", "text", "created_at", "sent_at")
BATCH_SIZE = 1_000


def mails_purge(moment: datetime) -> int:
    """Delete mails that were written long ago; how many."""
    return purge_tenants(moment, _batch, size=BATCH_SIZE)


@command
def mail_files_end(ctx: Context, *, person_id: UUID) -> int:
    """The files that this person's mails carried are fetched and sent no more; how many."""
    carried = Mail.objects.filter(person_id=person_id, attachment_id__isnull=False)
    files = StoredFile.objects.filter(pk__in=carried.values("attachment_id"))
    return files.filter(expires_at__gt=ctx.now).update(expires_at=ctx.now)


@command
def _batch(ctx: Context) -> int:
    old = Mail.objects.filter(pk__lt=uuid7_floor(ctx.now - MAILS_KEPT))
    keys = list(old.order_by("id").values_list("pk", flat=True)[:BATCH_SIZE])
    return int(Mail.objects.filter(pk__in=keys).delete()[0]) if keys else 0

"""Writes of exports: begun, a part kept, ended. Each asks whether the job is still its worker's."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from core.audit.looks import audit_look
from core.errors import NotFound, require
from core.exports.formats import FORMATS
from core.exports.lists import Wanted
from core.exports.models import Export
from core.files.services import FileInput, file_keep, files_expire
from core.files.storage import Content
from core.ids import uuid7
from core.jobs.claims import Claim, job_held
from core.jobs.services import job_cancel, job_enqueue
from core.tenancy.context import Context
from core.tenancy.transactions import command

EXPORT = "core.export"
#: The file, and what is known of the export, can be had for so long.
EXPORTS_KEPT = timedelta(days=7)
#: Of one that was called off or forgotten; a whole one's go at once.
PARTS_KEPT = timedelta(days=2)
ERROR_LENGTH_MAX = 300


@command
def export_start(ctx: Context, *, wanted: Wanted, format: str) -> UUID:
    """Enqueue it, and write down that the list leaves the house. Raises QueueFull.

    Whether the actor may see the list has been asked; it is asked again while it is made.
    """
    export_id = uuid7()
    # First, although it holds the line for the rest: a refusal should cost little.
    job_id = job_enqueue(ctx, task=EXPORT, arguments={"export_id": str(export_id)})
    looked_at: dict[str, Any] = {"export": format, "list": wanted.address}
    audit_look(ctx, looked_at=looked_at | wanted.filters)
    Export.objects.create(
        id=export_id,
        address=wanted.address,
        format=format,
        filters=wanted.filters,
        fields=list(wanted.fields),
        job_id=job_id,
        created_by_id=ctx.acting_user,
        created_at=ctx.now,
    )
    return export_id


@command
def export_count(ctx: Context, *, export: Export, total: int | None) -> None:
    Export.objects.filter(pk=export.pk).update(total=total)


@command
def export_keep_part(
    ctx: Context, claim: Claim, *, export: Export, content: Content, rows: int, cursor: str
) -> None:
    """Rows that need not be read again. Raises LeaseLost."""
    job_held(ctx, claim)
    name = f"{export.pk}.{len(export.parts) + 1}"
    about = FileInput(name, "application/octet-stream", "export part", PARTS_KEPT)
    # Nobody's: it cannot be fetched.
    part = file_keep(replace(ctx, actor_id=None), file=about, content=content)
    parts = [*export.parts, str(part.pk)]
    Export.objects.filter(pk=export.pk).update(parts=parts, rows=rows, cursor=cursor)


@command
def export_finish(
    ctx: Context, claim: Claim, *, export: Export, content: Content, rows: int, permission: str
) -> UUID:
    """The file is whole; its maker may fetch it while he may see the list. Raises LeaseLost."""
    job_held(ctx, claim)
    name = f"{export.address.replace('/', '-')}-{export.created_at:%Y-%m-%d}"
    media_type = FORMATS[export.format].media_type
    about = FileInput(
        f"{name}.{export.format}", media_type, "export", EXPORTS_KEPT, permission=permission
    )
    file = file_keep(ctx, file=about, content=content)
    files_expire(ctx, file_ids=export.parts)
    Export.objects.filter(pk=export.pk).update(
        rows=rows, cursor="", parts=[], file_id=file.pk, file_expires_at=file.expires_at
    )
    return file.pk


@command
def export_refuse(ctx: Context, claim: Claim, *, export: Export, error: str) -> None:
    """It cannot be made, however often it is tried. Raises LeaseLost."""
    job_held(ctx, claim)
    files_expire(ctx, file_ids=export.parts)
    Export.objects.filter(pk=export.pk).update(error=error[:ERROR_LENGTH_MAX], cursor="", parts=[])


@command
def export_cancel(ctx: Context, *, export_id: UUID) -> None:
    """One of one's own. Raises NotFound, or JobEnded."""
    export = Export.objects.filter(pk=export_id, created_by_id=ctx.acting_user).first()
    require(export is not None, NotFound())
    assert export is not None
    job_cancel(ctx, job_id=export.job_id)
    files_expire(ctx, file_ids=export.parts)
    Export.objects.filter(pk=export_id).update(cursor="", parts=[])

"""Reads of exports, with what their jobs say."""

from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery

from core.errors import NotFound
from core.exports.models import Export
from core.files.links import file_link
from core.files.models import StoredFile
from core.jobs.models import Job, JobState
from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query

Row = dict[str, Any]

EXPORT = (
    "id", "format", "filters", "fields", "job_id", "created_by_id", "created_at", "rows",
    "total", "error", "file_id", "file_expires_at",
)  # fmt: skip
EXPORTS = Order("exports", ("id",))
STATES = {JobState.DEAD: "failed", JobState.EXPIRED: "failed"}


@query
def export_list(ctx: Context, *, page: PageRequest, only_own: bool) -> Page:
    """The newest first."""
    found = page_of(ctx, page.narrow(_exports(ctx, only_own)), EXPORTS, page)
    return found.shaped(lambda row: _shape(ctx, row))


@query
def export_get(ctx: Context, *, export_id: UUID, only_own: bool) -> Row:
    """Raises NotFound."""
    row = _exports(ctx, only_own).filter(pk=export_id).first()
    if row is None:
        raise NotFound
    return _shape(ctx, row)


@query
def export_read(ctx: Context, *, export_id: UUID) -> Export:
    """For its job. Raises NotFound."""
    export: Export | None = Export.objects.filter(pk=export_id).first()
    if export is None:
        raise NotFound
    return export


@query
def part_keys(ctx: Context, *, export: Export) -> list[str]:
    """Where the bytes of its parts are, in their order."""
    found = dict(StoredFile.objects.filter(pk__in=export.parts).values_list("pk", "key"))
    return [found[UUID(part)] for part in export.parts]


def _exports(ctx: Context, only_own: bool) -> "QuerySet[Export, Row]":
    exports = Export.objects.filter(created_by_id=ctx.acting_user) if only_own else Export.objects
    job = Job.objects.filter(pk=OuterRef("job_id"))
    rows: QuerySet[Export, Row] = exports.values(
        *EXPORT,
        list=F("address"),
        job_state=Subquery(job.values("state")),
        job_error=Subquery(job.values("error")),
        progress=Subquery(job.values("progress")),
    )
    return rows


def _shape(ctx: Context, row: Row) -> Row:
    """With a link for who made it, as long as there is a file."""
    state = row.pop("job_state") or JobState.EXPIRED
    job_error = row.pop("job_error")
    failed = job_error if state == JobState.DEAD else ""
    row["state"] = "failed" if row["error"] else STATES.get(state, state)
    row["error"] = row["error"] or failed
    has_file = row["state"] == JobState.DONE and row["file_expires_at"] > ctx.now
    is_own = row["created_by_id"] == ctx.acting_user
    link = file_link(ctx, file_id=row["file_id"]) if has_file and is_own else None
    row["link"] = link.address if link else None
    row["link_expires_at"] = min(link.expires_at, row["file_expires_at"]) if link else None
    return row

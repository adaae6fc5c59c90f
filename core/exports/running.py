"""The work of an export's job: a slice of rows at a time, and the file at the end."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from uuid import UUID

from django.conf import settings

from core.api.callers import caller_of
from core.errors import DomainError, Invalid, NotFound
from core.exports.formats import FORMATS, Format
from core.exports.lists import OpenList, Wanted
from core.exports.models import Export
from core.exports.selectors import export_read, part_keys
from core.exports.services import export_count, export_finish, export_keep_part, export_refuse
from core.files.storage import content_open, content_write
from core.jobs.keeper import RunningJob
from core.jobs.registry import MORE
from core.tenancy.context import Context

#: Then others have their turn: a worker is not taken for longer.
SLICE_SECONDS = 20.0
#: Shown when all rows are read, and the file is still to be made of them.
READ_PERCENT = 90
LEFT = "Who asked for it may not enter this company any more."


class ExportTooLarge(Invalid):
    def __init__(self, rows_max: int) -> None:
        super().__init__(f"More than {rows_max} rows: narrow it with filters.")


def export_run(ctx: Context, job: RunningJob, *, export_id: UUID) -> Any:
    """MORE, or what became of it. A refusal is its end; what may pass is tried again."""
    export = export_read(ctx, export_id=export_id)
    try:
        return _Slice(ctx, job, export).run()
    except DomainError as refusal:
        if refusal.status >= 500:
            raise
        export_refuse(ctx, job.claim, export=export, error=refusal.message)
        return {"refused": refusal.code}


@dataclass
class _Slice:
    ctx: Context
    job: RunningJob
    export: Export
    rows: int = field(init=False)
    cursor: str = field(init=False)

    def run(self) -> Any:
        self.rows, self.cursor = self.export.rows, self.export.cursor
        opened = self._open()
        with TemporaryDirectory(prefix="export-") as folder:
            part = Path(folder) / "part"
            self._read(opened, part)
            if self.cursor:
                self._keep(part)
                return MORE
            return self._finish(opened, part, Path(folder) / "whole")

    @property
    def _format(self) -> Format:
        return FORMATS[self.export.format]

    def _open(self) -> OpenList:
        """As who asked for it, with what he may at this moment."""
        export = self.export
        try:
            caller = caller_of(self.ctx.tenant_id, export.created_by_id)
        except NotFound as error:
            raise NotFound(LEFT) from error
        wanted = Wanted(export.address, export.filters, tuple(export.fields))
        opened = OpenList(self.ctx, caller, wanted)
        if not export.parts and export.total is None:
            export.total = opened.total()
            export_count(self.ctx, export=export, total=export.total)
        self._require_room(export.total or 0)
        return opened

    def _read(self, opened: OpenList, part: Path) -> None:
        """Rows into `part`, until there are none or it is somebody else's turn."""
        until = time.monotonic() + SLICE_SECONDS
        with part.open("wb") as file:
            for rows, cursor in opened.pages(self.cursor):
                self.cursor = cursor
                file.writelines(self._format.line(row, opened.columns) for row in rows)
                self.rows += len(rows)
                self._require_room(self.rows)
                self.job.progress(self._percent())
                if time.monotonic() > until:
                    return

    def _keep(self, part: Path) -> None:
        content = content_write(part, tenant_id=self.ctx.tenant_id, day=self.ctx.today)
        export_keep_part(
            self.ctx, self.job.claim, export=self.export, content=content, rows=self.rows,
            cursor=self.cursor,
        )  # fmt: skip

    def _finish(self, opened: OpenList, part: Path, whole: Path) -> dict[str, Any]:
        self._format.assemble(whole, opened.columns, self._parts(part))
        content = content_write(whole, tenant_id=self.ctx.tenant_id, day=self.ctx.today)
        self.job.progress(READ_PERCENT)
        file_id = export_finish(
            self.ctx, self.job.claim, export=self.export, content=content, rows=self.rows,
            permission=opened.permission,
        )  # fmt: skip
        return {"rows": self.rows, "file_id": str(file_id)}

    def _parts(self, last: Path) -> Iterator[IO[bytes]]:
        for key in part_keys(self.ctx, export=self.export):
            self.job.progress(READ_PERCENT)
            with content_open(key) as kept:
                yield kept
        with last.open("rb") as file:
            yield file

    def _require_room(self, rows: int) -> None:
        most = min(settings.EXPORT_ROWS_MAX, self._format.rows_max or settings.EXPORT_ROWS_MAX)
        if rows > most:
            raise ExportTooLarge(most)

    def _percent(self) -> int:
        total = self.export.total
        return READ_PERCENT * self.rows // max(total, self.rows) if total else 0

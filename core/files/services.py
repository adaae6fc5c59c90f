"""Writes of files: kept, fetched, ended."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import IO
from uuid import UUID

import structlog

from core.audit.looks import audit_look
from core.errors import NotFound
from core.files.models import StoredFile
from core.files.selectors import fetchable
from core.files.storage import Content, Source, content_open, content_write
from core.tenancy.context import Context
from core.tenancy.transactions import command

log = structlog.get_logger(__name__)
NAME_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class FileInput:
    """What a file is, and who may fetch it for how long.

    `permission` is a code that is needed in order to fetch it, by who made it too.
    `is_shared`: whoever holds it may; else only who made it.
    """

    name: str
    media_type: str
    purpose: str
    kept: timedelta
    permission: str = ""
    is_shared: bool = False


@command
def file_keep(ctx: Context, *, file: FileInput, content: Source | Content) -> StoredFile:
    """Keep these bytes as a file of the company. Raises FileTooLarge.

    They are on the disk before the row is; where the caller's transaction is undone,
    or done again, what lies there is swept away a day later. A transaction has seconds:
    what takes longer is written before it, with `content_write`.
    """
    if isinstance(content, Content):
        written = content
    else:
        written = content_write(content, tenant_id=ctx.tenant_id, day=ctx.today)
    return StoredFile.objects.create(
        name=_name(file.name),
        media_type=file.media_type,
        size=written.size,
        sha256=written.sha256,
        key=written.key,
        purpose=file.purpose,
        permission=file.permission,
        is_shared=file.is_shared,
        created_by_id=ctx.actor_id,
        created_at=ctx.now,
        expires_at=ctx.now + file.kept,
    )


def file_fetch(
    ctx: Context, *, file_id: UUID, holds: Callable[[str], bool]
) -> tuple[StoredFile, IO[bytes]]:
    """The file, and its bytes to be read and closed by the caller; that is written down first.

    Raises NotFound.
    """
    file = _look(ctx, file_id=file_id, holds=holds)
    try:
        return file, content_open(file.key)
    except FileNotFoundError as error:
        log.error("file_missing", file_id=str(file.pk))
        raise NotFound from error


@command
def _look(ctx: Context, *, file_id: UUID, holds: Callable[[str], bool]) -> StoredFile:
    file = fetchable(ctx, file_id=file_id, holds=holds)
    audit_look(ctx, looked_at={"table": StoredFile._meta.db_table, "row_id": str(file.pk)})
    return file


@command
def file_expire(ctx: Context, *, file_id: UUID) -> None:
    """Nobody fetches it from now on, and beat deletes it. Raises NotFound."""
    ended = StoredFile.objects.filter(pk=file_id, expires_at__gt=ctx.now)
    if not ended.update(expires_at=ctx.now):
        raise NotFound


@command
def files_expire(ctx: Context, *, file_ids: Iterable[UUID | str]) -> None:
    """The same of several, of which some may be gone already."""
    StoredFile.objects.filter(pk__in=list(file_ids), expires_at__gt=ctx.now).update(
        expires_at=ctx.now
    )


def _name(name: str) -> str:
    """Its end stays, which says what it is."""
    clean = "".join(c if c.isprintable() and c not in "/\\" else "-" for c in name).strip()
    stem, dot, extension = clean.rpartition(".")
    if len(clean) <= NAME_LENGTH_MAX or not dot:
        return clean[:NAME_LENGTH_MAX]
    return f"{stem[: NAME_LENGTH_MAX - len(extension) - 1]}.{extension}"

"""Reads of files: what is known of one, for who may fetch it."""

from collections.abc import Callable
from uuid import UUID

from core.errors import NotFound
from core.files.models import StoredFile
from core.tenancy.context import Context
from core.tenancy.transactions import query


@query
def file_get(ctx: Context, *, file_id: UUID, holds: Callable[[str], bool]) -> StoredFile:
    """Raises NotFound, for one that has ended or is not the actor's to fetch as well."""
    return fetchable(ctx, file_id=file_id, holds=holds)


def fetchable(ctx: Context, *, file_id: UUID, holds: Callable[[str], bool]) -> StoredFile:
    """Part of a query or command: the one rule of who may fetch a file."""
    file: StoredFile | None = StoredFile.objects.filter(pk=file_id, expires_at__gt=ctx.now).first()
    if file is None or (file.permission and not holds(file.permission)):
        raise NotFound
    if not file.is_shared and file.created_by_id != ctx.acting_user:
        raise NotFound
    return file

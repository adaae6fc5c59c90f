"""Where the bytes are: whatever `STORAGES["files"]` names.

Knows nothing of rows. A key is `day/company/secret`, so that what was left behind is
found among the files of a few days.
"""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from core.errors import DomainError

Source = bytes | Path | IO[bytes]
PIECE_BYTES = 64 * 1024


class FileTooLarge(DomainError):
    code = "TOO_LARGE"
    status = 413

    def __init__(self) -> None:
        super().__init__(f"A file may have {settings.FILE_BYTES_MAX} bytes at most.")


@dataclass(frozen=True, slots=True)
class Content:
    """What was written."""

    key: str
    size: int
    sha256: str


class DurableFiles(FileSystemStorage):
    """A directory in which a file that was saved is still there after a loss of power.

    Readable by nobody but the system's own user.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, file_permissions_mode=0o600, directory_permissions_mode=0o700)

    def _save(self, name: str, content: Any) -> str:
        saved: str = super()._save(name, content)  # type: ignore[misc]
        path, root = Path(self.path(saved)), Path(self.location)
        for one in (path, *path.parents):
            _to_disk(one)
            if one == root:
                break
        return saved


def content_write(source: Source, *, tenant_id: UUID, day: date) -> Content:
    """Write it under a new key, whole and to the disk; raises FileTooLarge before a byte is.

    A stream is read from its beginning, twice.
    """
    if isinstance(source, Path):
        with source.open("rb") as opened:
            return content_write(opened, tenant_id=tenant_id, day=day)
    stream: IO[bytes] = BytesIO(source) if isinstance(source, bytes) else source
    size, digest = _measure(stream)
    stream.seek(0)
    key = f"{day.isoformat()}/{tenant_id}/{secrets.token_hex(20)}"
    saved = files().save(key, File(stream))
    return Content(saved, size, digest)


def content_open(key: str) -> IO[bytes]:
    """Raises FileNotFoundError."""
    opened: IO[bytes] = files().open(key, "rb")
    return opened


def content_delete(key: str) -> None:
    """No error where it is gone already."""
    files().delete(key)


def contents_of(day: date) -> Iterator[tuple[UUID, list[str]]]:
    """The keys that were written on a day, company by company."""
    for name in _listed(day.isoformat())[0]:
        folder = f"{day.isoformat()}/{name}"
        yield UUID(name), [f"{folder}/{one}" for one in _listed(folder)[1]]


def files() -> Storage:
    return storages["files"]


def _listed(path: str) -> tuple[list[str], list[str]]:
    try:
        return files().listdir(path)
    except FileNotFoundError:
        return [], []


def _measure(stream: IO[bytes]) -> tuple[int, str]:
    stream.seek(0)
    size, digest = 0, sha256()
    while piece := stream.read(PIECE_BYTES):
        size += len(piece)
        if size > settings.FILE_BYTES_MAX:
            raise FileTooLarge
        digest.update(piece)
    return size, digest.hexdigest()


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

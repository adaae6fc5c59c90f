"""The file of an archive: CSV as PostgreSQL writes it, compressed, one frame for each tenant.

Every value is quoted and NULL is not, so that what COPY wrote can be told apart, hashed
line by line, and read by anything that reads CSV (`zstd -dc FILE | psql -c '\\copy ...'`).
"""

import hashlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import zstandard

from core.errors import Conflict

LEVEL = 6
BLOCK_BYTES = 1 << 20
HASH_DIGITS = 15  # 60 bits, which the database adds up as bigint without a sign
TENANT = slice(1, 37)  # the first column of every line, within its quotes
_FIELD = re.compile(rb'(?:"((?:[^"]|"")*)")?(?:,|$)')


class ArchiveBroken(Conflict):
    """The file is not what was archived. Nothing is dropped and nothing restored on its word."""


@dataclass(slots=True)
class Digest:
    """How many rows, and the sum of their lines' hashes: the same in whatever order."""

    rows: int = 0
    total: int = 0

    def add(self, line: bytes) -> None:
        self.rows += 1
        self.total += int(hashlib.sha256(line).hexdigest()[:HASH_DIGITS], 16)

    @property
    def checksum(self) -> str:
        return str(self.total)

    def plus(self, other: "Digest") -> "Digest":
        return Digest(self.rows + other.rows, self.total + other.total)


@dataclass(slots=True)
class Contents:
    """What was found in a file."""

    columns: list[str] = field(default_factory=list)
    sha256: str = ""
    tenants: dict[str, Digest] = field(default_factory=dict)

    @property
    def whole(self) -> Digest:
        whole = Digest()
        for digest in self.tenants.values():
            whole = whole.plus(digest)
        return whole


class ArchiveWriter:
    """Writes beside the final name, and takes it when everything has reached the disk."""

    def __init__(self, path: Path, columns: list[str]) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}.draft")
        self._columns = columns
        self._hash = hashlib.sha256()

    def __enter__(self) -> "ArchiveWriter":
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        self._file = os.fdopen(handle, "wb")
        try:
            header = ",".join(f'"{name}"' for name in self._columns) + "\n"
            self._append(zstandard.compress(header.encode(), LEVEL))
        except BaseException:
            self._discard()
            raise
        return self

    def section(self, lines: Iterator[bytes]) -> None:
        """One tenant's rows, as a frame that is complete in itself; all of it or nothing."""
        start, before = self._file.tell(), self._hash.copy()
        compressor = zstandard.ZstdCompressor(level=LEVEL).compressobj()
        try:
            for block in lines:
                self._append(compressor.compress(block))
            self._append(compressor.flush())
        except BaseException:
            self._file.seek(start)
            self._file.truncate()
            self._hash = before
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._discard()
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._draft.rename(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def _append(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)

    def _discard(self) -> None:
        self._file.close()
        self._draft.unlink(missing_ok=True)


def read_contents(path: Path) -> Contents:
    """Read the whole file: its hash, and the rows of every tenant."""
    found = Contents(sha256=_sha256(path))
    for number, line in enumerate(_lines(path)):
        if number == 0:
            found.columns = [str(name) for name in values_of(line)]
            continue
        tenant = line[TENANT].decode(errors="replace")
        found.tenants.setdefault(tenant, Digest()).add(line)
    return found


def rows_by_tenant(path: Path, batch_rows: int) -> Iterator[tuple[str, list[list[str | None]]]]:
    """The rows in batches, each of one tenant."""
    tenant = ""
    batch: list[list[str | None]] = []
    for number, line in enumerate(_lines(path)):
        if number == 0:
            continue
        of = line[TENANT].decode()
        if batch and (of != tenant or len(batch) >= batch_rows):
            yield tenant, batch
            batch = []
        tenant = of
        batch.append(values_of(line))
    if batch:
        yield tenant, batch


def values_of(line: bytes) -> list[str | None]:
    """The values of a line; None where nothing stands, not even quotes."""
    values: list[str | None] = []
    position, end = 0, len(line)
    while position <= end:
        found = _FIELD.match(line, position)
        if found is None:
            raise ArchiveBroken("A line of the archive is not CSV as it was written.")
        value = found.group(1)
        values.append(None if value is None else value.replace(b'""', b'"').decode())
        if found.end() == end and not found.group().endswith(b","):
            break
        position = found.end()
    return values


def _lines(path: Path) -> Iterator[bytes]:
    """Lines of CSV without their ends: one that is inside of quotes goes on after its newline."""
    try:
        with path.open("rb") as file:
            decompressor = zstandard.ZstdDecompressor()
            reader = decompressor.stream_reader(file, BLOCK_BYTES, read_across_frames=True)
            pending = b""
            for part in io.BufferedReader(reader, BLOCK_BYTES):
                pending += part
                if pending.count(b'"') % 2 == 0:
                    yield pending.removesuffix(b"\n")
                    pending = b""
            if pending:
                raise ArchiveBroken(f"{path.name} ends in the middle of a row.")
    except zstandard.ZstdError as error:
        raise ArchiveBroken(f"{path.name} cannot be read: {error}.") from error


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise ArchiveBroken(f"{path.name} is gone.") from error

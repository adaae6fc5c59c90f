"""Ids that follow from the source: the same message has the same id at every import.

UUIDv7 of the original moment, to the microsecond; then the message's place among
those of its thread at that microsecond, then a hash of where it comes from.
"""

from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

PLACE_BITS, HASH_BITS = 20, 42
PLACES_MAX = 1 << PLACE_BITS
_PLACE_MASK = ~((PLACES_MAX - 1) << HASH_BITS)
_AFTER_MOMENT = (1 << PLACE_BITS + HASH_BITS) - 1
SEPARATOR = "\x1f"


def digest(*parts: str) -> bytes:
    return sha256(SEPARATOR.join(parts).encode()).digest()


def spool_key(found: bytes) -> int:
    """64 bits, signed, as SQLite keeps integers."""
    return int.from_bytes(found[-8:], signed=True)


def hash_of(found: bytes) -> int:
    return int.from_bytes(found[:8]) >> (64 - HASH_BITS)


def imported_id(microseconds: int, place: int, hashed: int) -> UUID:
    milliseconds, rest = divmod(microseconds, 1_000)
    fraction = (rest << 12) // 1_000
    value = milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62
    return UUID(int=value | place << HASH_BITS | hashed)


def without_place(id: UUID) -> int:
    """What stays the same when a file has more messages of the same microsecond."""
    return id.int & _PLACE_MASK


def range_of(ids: Iterable[UUID]) -> tuple[UUID, UUID]:
    """From the first to the last possible id of the moments of `ids`."""
    ordered = sorted(one.int for one in ids)
    return UUID(int=ordered[0] & ~_AFTER_MOMENT), UUID(int=ordered[-1] | _AFTER_MOMENT)


def thread_id(tenant_id: UUID, name: str, key: str) -> UUID:
    return _uuid8(digest(str(tenant_id), "thread", name, key))


def placeholder_id(tenant_id: UUID, name: str, key: str) -> UUID:
    return _uuid8(digest(str(tenant_id), "person", name, key))


def _uuid8(found: bytes) -> UUID:
    """RFC 9562 leaves version 8 to whoever makes it; `from_json.sql` makes the same."""
    value = int.from_bytes(found[:16])
    value = value & ~(0xF << 76) | 0x8 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)

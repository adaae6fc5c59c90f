"""UUIDv7 as RFC 9562 has it, in order within a process."""

import time
import uuid
from datetime import UTC, datetime

from core.ids import EPOCH, uuid7, uuid7_floor


def test_version_and_variant_are_those_of_the_standard() -> None:
    for made in (uuid7() for _ in range(1_000)):
        assert made.version == 7
        assert made.variant == uuid.RFC_4122


def test_the_first_48_bits_are_the_moment_in_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7().int >> 80
    assert before <= made <= time.time_ns() // 1_000_000
    assert datetime.fromtimestamp(made / 1000, UTC).year >= 2025


def test_ids_do_not_repeat() -> None:
    assert len({uuid7() for _ in range(20_000)}) == 20_000


def test_ids_of_different_moments_are_in_order() -> None:
    """Of the same quarter of a microsecond they may be in any order."""
    made = []
    for _ in range(200):
        made.append(uuid7())
        until = time.time_ns() + 1_000
        while time.time_ns() < until:
            pass
    assert made == sorted(made)
    assert [str(m) for m in made] == sorted(str(m) for m in made), "as text too"


def test_the_fraction_of_a_millisecond_fills_its_twelve_bits(monkeypatch: object) -> None:
    fractions = []
    for nanoseconds in (0, 1, 244, 245, 500_000, 999_999):
        monkeypatch.setattr(time, "time_ns", lambda n=nanoseconds: 10**18 + n)  # type: ignore[attr-defined]
        fractions.append(uuid7().int >> 64 & 0xFFF)
    assert fractions == [0, 0, 0, 1, 2048, 4095]


def test_nothing_is_older_than_1970() -> None:
    before = datetime(1969, 12, 31, tzinfo=UTC)
    assert uuid7_floor(before) == uuid7_floor(EPOCH) == uuid.UUID(int=0)

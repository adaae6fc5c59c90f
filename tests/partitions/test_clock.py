"""Month ends of a faked clock: PostgreSQL and everybody who asks it live in the same other time.

A server of its own under libfaketime, and a worker under the same clock: both read the time
from a file, which is moved from the last seconds of one month to the first of the next.
`FAKED_MONTHS=36` runs three years of them.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

LIBRARIES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
ROOT = Path(__file__).resolve().parents[2]
#: By default December to January, and February to March of a leap year.
MONTHS = int(os.environ.get("FAKED_MONTHS", "0"))


def library() -> str:
    for directory in LIBRARIES:
        path = Path(directory) / "faketime" / "libfaketime.so.1"
        if path.exists():
            return str(path)
    pytest.skip("needs libfaketime (apt-get install faketime)")


@pytest.fixture
def clock() -> Iterator[Path]:
    """A file that the server can read as well, which may run as somebody else."""
    with tempfile.TemporaryDirectory(prefix="erp-clock-") as directory:
        Path(directory).chmod(0o711)
        path = Path(directory) / "clock"
        start = datetime(2026, 11, 20, tzinfo=UTC)
        path.write_text(f"{int((start - datetime.now(UTC)).total_seconds()):+d}")
        path.chmod(0o644)
        yield path


def test_rows_are_written_through_month_ends(clock: Path) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE_", "DJANGO_", "PYTEST_", "DATA_DIR", "CACHE_BOARD"))
    } | {
        "LD_PRELOAD": library(),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_RESET": "1",
        "TZ": "UTC",
        "REDIS_URL": "disabled",
        "DJANGO_SETTINGS_MODULE": "erp.settings",
        "LOG_LEVEL": "WARNING",
    }
    program = (
        "import django; django.setup(); from pathlib import Path; "
        f"from tests.partitions.month_ends import run; run(Path({str(clock)!r}), {MONTHS})"
    )
    done = subprocess.run(
        [sys.executable, "-m", "deploy.shell", "--", sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60 + 30 * max(MONTHS, 2),
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "every row was written" in done.stdout

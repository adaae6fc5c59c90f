"""`DATA_DIR/env`: how to reach the running stack, as `KEY=value` lines.

Imported by manage.py before Django is, so it needs nothing but the standard library.
"""

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def data_dir(environ: Mapping[str, str]) -> Path:
    """`DATA_DIR`, by default `.data` beside manage.py, wherever the caller stands."""
    return ROOT / Path(environ.get("DATA_DIR") or ".data").expanduser()


def read(path: Path) -> dict[str, str]:
    """The values of the file; a missing file has none. `#` starts a comment line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {key.strip(): value for key, value in pairs if not key.lstrip().startswith("#")}


def write(path: Path, values: Mapping[str, str]) -> None:
    """Replaces the file in one step. It holds passwords, so it is born with mode 600."""
    for key, value in values.items():
        if "\n" in value or "=" in key:
            raise ValueError(f"{key} cannot be written as one KEY=value line")
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{key}={value}\n" for key, value in values.items())
    draft.replace(path)


def load(environ: MutableMapping[str, str]) -> None:
    """Fills in what the environment lacks, unless it names a database of its own."""
    if environ.get("DATABASE_URL"):
        return
    for key, value in read(data_dir(environ) / "env").items():
        if not environ.get(key):
            environ[key] = value

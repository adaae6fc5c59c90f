"""`python3 deploy/venv.py requirements.txt...`: makes `.venv` hold what the files name.

Run by the machine's own Python, before anything is installed. Does nothing when nothing changed.
"""

import fcntl
import hashlib
import importlib.util
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def main(names: list[str]) -> int:
    VENV.mkdir(exist_ok=True)
    with (VENV / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once would install into each other
        return _ensure([ROOT / name for name in names])


def _ensure(files: list[Path]) -> int:
    if not _works():
        print(f"Creating .venv with Python {sys.version.split()[0]}", flush=True)
        if not _create():
            print("Virtual environments cannot be made: install python3-venv.", file=sys.stderr)
            return 1
    if all(_stamp(file).exists() and _stamp(file).read_text() == _digest(file) for file in files):
        return 0
    started = time.monotonic()
    print(f"Installing {', '.join(file.name for file in files)}", flush=True)
    options = [option for file in files for option in ("-r", str(file))]
    pip = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    code = subprocess.run([*pip, *options], check=False).returncode
    if code == 0:
        for file in files:
            _stamp(file).write_text(_digest(file))
        print(f"Installed in {time.monotonic() - started:.0f} s", flush=True)
    return code


def _works() -> bool:
    try:
        done = subprocess.run([PYTHON, "-c", "import pip"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _create() -> bool:
    """Debian splits ensurepip off; where pip is there nevertheless, it can install itself."""
    if importlib.util.find_spec("ensurepip"):
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False)
        return made.returncode == 0
    if not importlib.util.find_spec("pip"):
        return False
    made = subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], check=False)
    pip = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip"]
    return made.returncode == 0 and subprocess.run(pip, check=False).returncode == 0


def _stamp(file: Path) -> Path:
    return VENV / f".installed-{file.name}"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

"""`python -m deploy.shell [--durable] -- COMMAND...`: runs a command inside a stack of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from deploy import process
from deploy.errors import StackError
from deploy.stack import throw_away

USAGE = "usage: python -m deploy.shell [--durable] -- COMMAND..."


class _Stopped(BaseException):
    """We were told to end before the command had started."""


def run_inside(command: Sequence[str], *, durable: bool = False) -> int:
    """The command's exit code. Ctrl-C and SIGTERM reach it first; the stack goes down after it."""

    def stopped(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise _Stopped(number)

    signal.signal(signal.SIGINT, stopped)
    signal.signal(signal.SIGTERM, stopped)
    try:
        path = {"PATH": process.path_of_this_python()}
        with throw_away(durable=durable) as stack:
            return _foreground(command, os.environ | stack | path)
    except _Stopped as reason:
        return 128 + int(reason.args[0])


def _foreground(command: Sequence[str], environment: dict[str, str]) -> int:
    # The terminal sends Ctrl-C to the command as well: it decides, we only wait for it.
    # (A handler, not SIG_IGN, which it would inherit.)
    signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise StackError(f"{command[0]}: {error.strerror}") from None
    signal.signal(signal.SIGTERM, lambda number, frame: child.terminate())
    code = child.wait()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return code if code >= 0 else 128 - code


def main(arguments: Sequence[str]) -> int:
    durable = arguments[:1] == ["--durable"]
    rest = list(arguments[1:] if durable else arguments)
    if rest[:1] != ["--"] or len(rest) < 2:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        return run_inside(rest[1:], durable=durable)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

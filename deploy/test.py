"""`python -m deploy.test [pytest arguments]`: the test suite in a stack of its own.

With DATABASE_URL or REDIS_URL in the environment those servers are used instead.
"""

import os
import sys
from collections.abc import Sequence

from deploy.errors import StackError
from deploy.shell import run_inside


def _workers() -> str:
    """One more than processors: many tests wait for what other processes do."""
    return str(min(4, (os.cpu_count() or 2) + 1))


def main(arguments: Sequence[str]) -> int:
    command = [sys.executable, "-m", "pytest"]
    if not any(argument.startswith(("-n", "--numprocesses")) for argument in arguments):
        command += ["-n", _workers()]
    try:
        return run_inside([*command, *arguments])
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

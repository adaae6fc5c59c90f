"""`python -m deploy.run` (`make run`): everything on this machine, until Ctrl-C."""

import os
import signal
import sys
from types import FrameType

from deploy import envfile
from deploy.errors import StackError


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. Not an Exception, so that nothing swallows it."""


def listen_for_signals() -> None:
    def stopped(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)  # once is enough: do not disturb the shutdown
        raise Stopped

    signal.signal(signal.SIGINT, stopped)
    signal.signal(signal.SIGTERM, stopped)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup asked us to ignore it
        signal.signal(signal.SIGHUP, stopped)


def main() -> int:
    listen_for_signals()
    os.chdir(envfile.ROOT)
    try:
        from deploy.system import System, wanted_port  # slow, and Ctrl-C may come meanwhile

        port = wanted_port(os.environ.get("PORT") or "8000")
        System(envfile.data_dir(os.environ), port).everything()
    except Stopped:
        return 0
    except (StackError, OSError) as error:
        print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""`make bench`: everything, or the parts named on the command line."""

import argparse
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
os.environ.setdefault("HTTPS", "false")
os.environ.setdefault("LOG_LEVEL", "INFO")


def main() -> int:
    import django

    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        help="posting pages balances imports overhead cache messaging live usage audit jobs stream "
        "paper",
    )
    parser.add_argument("--peers", action="store_true", help="also django-ledger and hordak")
    parser.add_argument("--publish", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    django.setup()
    from bench.database import BenchError
    from bench.run import Run

    try:
        Run().everything(arguments.parts, with_peers=arguments.peers, publish=arguments.publish)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

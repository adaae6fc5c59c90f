#!/usr/bin/env python
"""Django's command line. Beside a running `make run` it finds that stack by itself."""

import os
import sys

from deploy import envfile


def main() -> None:
    envfile.load(os.environ)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")
    # After the environment is complete: settings read it once.
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

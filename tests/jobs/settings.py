"""What the processes that tests of jobs start use: the system, and kinds of jobs for tests."""

from tests.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.jobs.apps.KindsConfig"]  # noqa: F405

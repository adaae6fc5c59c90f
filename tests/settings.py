"""The system's settings, with what only tests may have: fast hashing, plain HTTP, no throttle."""

import os
from pathlib import Path

os.environ["PASSWORD_HASHER"] = "permissions.hashers.CheapArgon2PasswordHasher"
os.environ["THROTTLE_ANONYMOUS_PER_MINUTE"] = "1000000"
os.environ["THROTTLE_USAGE_PER_MINUTE"] = "1000000"
os.environ["MAILS_PER_ADDRESS_AND_HOUR"] = "1000000"
os.environ["LOG_LEVEL"] = "CRITICAL"
os.environ["HTTPS"] = "false"
# Each test worker has a database of its own, so files that belong to none of its rows are others'.
_data = Path(os.environ.get("DATA_DIR", "/tmp/erp-tests"))  # noqa: S108
os.environ["FILES_DIR"] = str(_data / f"files-{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}")

from erp.settings import *  # noqa: E402, F403

Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # noqa: F405  else every client warns

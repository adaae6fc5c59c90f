"""The system's settings, with what only tests may have: fast hashing, plain HTTP, no throttle."""

import os
from pathlib import Path

os.environ["PASSWORD_HASHER"] = "permissions.hashers.CheapArgon2PasswordHasher"
os.environ["THROTTLE_ANONYMOUS_PER_MINUTE"] = "1000000"
os.environ["THROTTLE_USAGE_PER_MINUTE"] = "1000000"
os.environ["MAILS_PER_ADDRESS_AND_HOUR"] = "1000000"
os.environ["LOG_LEVEL"] = "CRITICAL"
os.environ["HTTPS"] = "false"

from erp.settings import *  # noqa: F403

Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # noqa: F405  else every client warns

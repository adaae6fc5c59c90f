"""The product's settings; only what would end or colour a long measurement differs."""

from erp.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "bench.kinds.KindsConfig"]  # noqa: F405
ROOT_URLCONF = "bench.urls"
WSGI_APPLICATION = "bench.wsgi.application"
# Tokens outlive the longest run; nobody is throttled, though everybody is counted.
ACCESS_TOKEN_SECONDS = 24 * 60 * 60
THROTTLE_USER_PER_MINUTE = THROTTLE_USAGE_PER_MINUTE = 10**9

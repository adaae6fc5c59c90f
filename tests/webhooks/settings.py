"""What a deliverer that a test starts uses: waits of milliseconds, and a lease of two seconds."""

from tests.settings import *  # noqa: F403

WEBHOOK_RETRY_SECONDS = [0.1]
WEBHOOK_PAUSE_SECONDS = 0.1
WEBHOOK_LEASE_SECONDS = 2

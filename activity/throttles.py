"""How often one user may tell what he did."""

from cachetools import TTLCache
from django.conf import settings

from core.api.throttles import CALLERS_MAX, WINDOW_SECONDS, CallerThrottle


class UsageThrottle(CallerThrottle):
    """Batches of usage events, counted apart from what the user does himself."""

    _counts: TTLCache[str, int] = TTLCache(maxsize=CALLERS_MAX, ttl=WINDOW_SECONDS)

    def limit(self) -> int:
        limit: int = settings.THROTTLE_USAGE_PER_MINUTE
        return limit

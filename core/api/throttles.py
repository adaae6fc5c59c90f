"""How often one caller may call: counted in the process, so it holds without Redis too."""

import math
import threading
import time

from cachetools import TTLCache
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

WINDOW_SECONDS = 60
CALLERS_MAX = 100_000


class CallerThrottle(BaseThrottle):
    """A fixed window of a minute per user, or per address when nobody is logged in.

    Each web process counts for itself; a limit is therefore reached at
    processes x limit at most. Wrong passwords are counted in the database.
    """

    _counts: TTLCache[str, int] = TTLCache(maxsize=CALLERS_MAX, ttl=WINDOW_SECONDS)
    _lock = threading.Lock()

    def allow_request(self, request: Request, view: APIView) -> bool:
        user = request.user
        if user.is_authenticated:
            key, limit = f"u{user.pk}", self.limit()
        else:
            key, limit = f"a{self.get_ident(request)}", settings.THROTTLE_ANONYMOUS_PER_MINUTE
        window = int(time.monotonic() // WINDOW_SECONDS)
        with self._lock:
            count = self._counts.get(f"{window}{key}", 0) + 1
            self._counts[f"{window}{key}"] = count
        return count <= limit

    def wait(self) -> float:
        return math.ceil(WINDOW_SECONDS - time.monotonic() % WINDOW_SECONDS)

    def limit(self) -> int:
        """Of one user."""
        limit: int = settings.THROTTLE_USER_PER_MINUTE
        return limit

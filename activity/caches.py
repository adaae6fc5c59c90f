"""What is remembered of usage. Both expire; a changed plan also voids the second."""

from typing import Any

from core.cache.answers import answers
from core.cache.namespaces import Namespace

USAGE_SUMMARY = answers("usage_summary")
#: Month to [plan, events in it]. Old by seconds, so a limit may be overshot by their arrivals.
USAGE_QUOTA: Namespace[list[Any]] = Namespace("usage_quota")

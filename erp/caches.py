"""Every cache namespace: how long it remembers, and how many entries a process keeps.

A namespace is used by the app that it is about; whoever changes what it holds
bumps it. Single documents, payments and journals are never cached.
"""

from core.cache.policy import Policy

MINUTE, HOUR, DAY = 60, 3600, 86_400
#: Who may enter and what he may do: revocation holds even with Redis cut.
RECHECKED_SECONDS = 5.0

NAMESPACES = {
    "accounts": Policy(5 * MINUTE, 1_000),
    "taxes": Policy(30 * MINUTE, 1_000),
    "company_settings": Policy(30 * MINUTE, 1_000),
    "booking_facts": Policy(5 * MINUTE, 20_000),
    "dashboard": Policy(5 * MINUTE, 500),
    "items": Policy(2 * MINUTE, 1_000),
    "forecast": Policy(15 * MINUTE, 500),
    "usage_summary": Policy(MINUTE, 500),
    # So long a hard limit may be overshot.
    "usage_quota": Policy(10, 5_000),
    "session": Policy(HOUR, 10_000, scope="token", rechecked_seconds=RECHECKED_SECONDS),
    "user_permissions": Policy(5 * MINUTE, 10_000, rechecked_seconds=RECHECKED_SECONDS),
    "role_permissions": Policy(10 * MINUTE, 10_000, rechecked_seconds=RECHECKED_SECONDS),
    "module_permissions": Policy(15 * MINUTE, 10_000, rechecked_seconds=RECHECKED_SECONDS),
    "users": Policy(HOUR, 1_000),
    "categories": Policy(30 * MINUTE, 5_000),
    "user_categories": Policy(15 * MINUTE, 1_000),
    "keywords": Policy(HOUR, 10_000),
    "daily_metrics": Policy(DAY, 365),
}

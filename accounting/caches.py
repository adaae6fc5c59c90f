"""What is remembered of a company's reference data, and when it is not true any more.

Answers are kept as they are sent. What bookings need (`selectors/facts.py`) is
kept apart, in a namespace of its own that every change of reference data voids.
"""

from typing import Any

from accounting.models import Account, CompanySettings, Contact, Letterhead, Series, Tax
from accounting.selectors.facts import BOOKING_FACTS
from core.cache.answers import answers
from core.cache.namespaces import Namespace, bump
from core.tenancy.context import Context
from core.tenancy.models import TenantModel

ACCOUNTS, TAXES, SETTINGS = answers("accounts"), answers("taxes"), answers("company_settings")

#: What a change of each kind of record makes untrue.
VOIDS: dict[type[TenantModel], list[Namespace[Any]]] = {
    Account: [ACCOUNTS, BOOKING_FACTS],
    Tax: [TAXES, BOOKING_FACTS],
    CompanySettings: [SETTINGS, BOOKING_FACTS],
    Contact: [BOOKING_FACTS],
    Letterhead: [],
    Series: [BOOKING_FACTS],
}


def void(ctx: Context, kind: type[TenantModel]) -> None:
    """Records of `kind` were written. Part of a command."""
    bump(ctx.tenant_id, *VOIDS[kind])

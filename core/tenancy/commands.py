"""What management commands share: the company that they are told, the context, a progress bar."""

import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError
from tqdm import tqdm

from core.tenancy.context import Context
from core.tenancy.models import Tenant
from core.tenancy.selectors import tenant_by_slug

#: Without a terminal a bar is a line in a log, so it comes less often.
TERMINAL_SECONDS, LOG_SECONDS = 0.1, 5.0


def company_named(slug: str | None) -> Tenant:
    """The active company with this short name; CommandError where there is none."""
    tenant = tenant_by_slug(slug=slug or "")
    if tenant is None:
        raise CommandError(f"There is no company with the short name {slug}.")
    return tenant


def command_context(tenant_id: UUID, command: str) -> Context:
    """Of the system itself, at the moment; `command` is what the log and the audit call it."""
    return Context(tenant_id, actor_id=None, now=datetime.now(UTC), request_id=command)


def progress_bar(**options: Any) -> Any:
    """A bar of tqdm, as often as whoever reads it wants to see it."""
    seconds = TERMINAL_SECONDS if sys.stderr.isatty() else LOG_SECONDS
    return tqdm(mininterval=seconds, **options)

"""What a request is inside of our views."""

from typing import Any, Protocol
from uuid import UUID

from rest_framework.request import Request

from core.tenancy.context import Context


class Caller(Protocol):
    """What authentication puts in `request.user`: one user in one tenant."""

    pk: UUID
    tenant_id: UUID
    session_id: UUID
    is_authenticated: bool

    def has_perm(self, code: str) -> bool: ...


class TenantRequest(Request):
    """A DRF request whose caller is known: `ctx` is there once authentication has passed."""

    ctx: Context
    request_id: str
    user: Any

"""What a request is inside of our views."""

from ipaddress import ip_address
from typing import Any, Protocol
from uuid import UUID

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core.tenancy.context import Context


class Caller(Protocol):
    """What authentication puts in `request.user`: one user in one tenant."""

    @property
    def pk(self) -> UUID: ...
    @property
    def tenant_id(self) -> UUID: ...
    @property
    def session_id(self) -> UUID | None: ...
    @property
    def is_authenticated(self) -> bool: ...

    def has_perm(self, code: str) -> bool: ...


class TenantRequest(Request):
    """A DRF request whose caller is known: `ctx` is there once authentication has passed."""

    ctx: Context
    request_id: str
    user: Any


def address_of(request: HttpRequest) -> str | None:
    """The connection's address, or what our own proxies say it is; None where it is none."""
    found = BaseThrottle().get_ident(request) or ""  # type: ignore[arg-type]
    try:
        return str(ip_address(found.partition("%")[0]))  # without the zone of a link
    except ValueError:
        return None


def reason_of(request: HttpRequest) -> str:
    """Why the caller does it, for the audit log."""
    return str(request.META.get("HTTP_X_AUDIT_REASON", ""))

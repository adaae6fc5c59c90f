"""`Authorization: Bearer <token>` to the actor it stands for."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from permissions import last_seen
from permissions.policy import caller_codes, codes_now
from permissions.selectors.actors import session_find
from permissions.tokens import token_hash

SCHEME = "Bearer "


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller of an API request: one user in one tenant, with what he may do there."""

    pk: UUID
    tenant_id: UUID
    session_id: UUID
    codes: frozenset[str]
    is_authenticated: bool = True
    is_active: bool = True

    def has_perm(self, code: str) -> bool:
        return code in self.codes


@dataclass(frozen=True, slots=True)
class Absent:
    """Somebody who left a link or a job: no login is behind it."""

    pk: UUID
    tenant_id: UUID
    codes: frozenset[str]
    session_id: None = None
    is_authenticated: bool = True
    is_active: bool = True

    def has_perm(self, code: str) -> bool:
        return code in self.codes


def caller_of(tenant_id: UUID, user_id: UUID) -> Absent | None:
    """What he may at this moment; None where he may not enter (settings.CALLER_OF)."""
    codes = codes_now(tenant_id, user_id)
    return None if codes is None else Absent(user_id, tenant_id, codes)


def bearer_hash(request: Request) -> bytes:
    """The hash of the caller's access token, by which his login is found."""
    return token_hash(request.META["HTTP_AUTHORIZATION"].removeprefix(SCHEME))


class BearerAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Actor, None] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header.startswith(SCHEME):
            return None
        now = datetime.now(UTC)
        session = session_find(header.removeprefix(SCHEME), now)
        if session is None:
            raise AuthenticationFailed("This token is not valid, or no longer.")
        _, tenant_id, user_id, *_ = session
        structlog.contextvars.bind_contextvars(tenant_id=str(tenant_id), actor_id=str(user_id))
        last_seen.note(session, now)
        return Actor(user_id, tenant_id, session.id, caller_codes(tenant_id, user_id)), None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

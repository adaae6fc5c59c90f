"""Who sends events, where no header can say it: the token in the body."""

from datetime import UTC, datetime

import structlog
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from activity.tokens import token_read
from permissions.authentication import Actor
from permissions.selectors.actors import session_of


class BodyTokenAuthentication(BaseAuthentication):
    """Asked after the bearer's. Whoever comes by it holds no code: he tells of himself, or nothing.

    In the body, because addresses are written into logs and bodies are not.
    """

    def authenticate(self, request: Request) -> tuple[Actor, None] | None:
        token = request.data.get("token") if isinstance(request.data, dict) else None
        if not isinstance(token, str):
            return None
        now = datetime.now(UTC)
        hashed = token_read(token, now)
        session = session_of(hashed, now) if hashed else None
        if session is None:
            raise AuthenticationFailed("This token is not valid, or no longer.")
        structlog.contextvars.bind_contextvars(
            tenant_id=str(session.tenant_id), actor_id=str(session.user_id)
        )
        return Actor(session.user_id, session.tenant_id, session.id, frozenset()), None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

"""Who may call an endpoint: what the view declared, asked of the one policy."""

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView

#: Declared by the few endpoints that anybody may call (login) ...
PUBLIC = "public"
#: ... and by those that any logged-in user may call for himself (me, logout).
AUTHENTICATED = "authenticated"


class Anonymous:
    """Nobody: holds no permission."""

    is_authenticated = False
    is_active = False
    pk = None

    def has_perm(self, code: str) -> bool:
        return False


class DeclaredPermission(BasePermission):
    """Deny unless the handler of this method declared a permission that the caller holds."""

    message = "Your roles do not allow this."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        handler = getattr(view, (request.method or "").lower(), None)
        if handler is None or request.method == "OPTIONS":
            return True  # 405 follows, which does nothing
        endpoint = getattr(handler, "endpoint", None)
        if endpoint is None:
            return False
        code = endpoint.permission_of(view)
        if code == PUBLIC:
            return True
        if not request.user.is_authenticated:
            return False
        return code == AUTHENTICATED or bool(request.user.has_perm(code))


def declared(view: type) -> dict[str, Any]:
    """Method to declared endpoint of a view class; for tests and the schema."""
    methods = ("get", "post", "put", "patch", "delete")
    found = {method: getattr(getattr(view, method, None), "endpoint", None) for method in methods}
    return {method.upper(): endpoint for method, endpoint in found.items() if endpoint}

"""Django's authentication backends: passwords, for both logins alike, and the one policy."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from permissions.models import User


class PasswordBackend(BaseBackend):
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> User | None:
        try:
            user = User.objects.get_by_natural_key(username)
        except User.DoesNotExist:
            make_password(password)  # as slow as a wrong password, so that nobody can list users
            return None
        if user.check_password(password or "") and user.is_active:
            return user
        return None

    def get_user(self, user_id: Any) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()


class PolicyBackend(BaseBackend):
    """`user.has_perm("module.page.action")`: what the policy says of the tenant he is bound to.

    Authenticates nobody, and knows nothing of Django's own permissions and groups.
    """

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set(user_obj.codes) if user_obj.is_active else set()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return bool(user_obj.is_active and perm in user_obj.codes)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        codes = user_obj.codes if user_obj.is_active else ()
        return any(code.partition(".")[0] == app_label for code in codes)


def login_name(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The name under which failed logins are counted: one per user, however it is typed."""
    name = (credentials or {}).get("username")
    if name is None and request is not None:
        name = request.POST.get("username")
    return (name or "").strip().lower()[:254]

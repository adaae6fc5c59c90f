"""The password backend, used by the API's login and the staff console's alike."""

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


def login_name(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The name under which failed logins are counted: one per user, however it is typed."""
    name = (credentials or {}).get("username")
    if name is None and request is not None:
        name = request.POST.get("username")
    return (name or "").strip().lower()[:254]

"""Shapes of the auth endpoints."""

from typing import Any

from rest_framework import serializers

from permissions.services.sessions import Tokens

#: Longer than any token of ours; a longer text is not looked up.
TOKEN_LENGTH_MAX = 100


class TextOnly:
    """DRF takes a number for a text; a secret or a name of somebody is not guessed at."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")  # type: ignore[attr-defined]
        return super().to_internal_value(data)  # type: ignore[misc]


class EmailField(TextOnly, serializers.EmailField):
    def __init__(self) -> None:
        super().__init__(max_length=254)


class TokenField(TextOnly, serializers.CharField):
    def __init__(self) -> None:
        super().__init__(max_length=TOKEN_LENGTH_MAX)


class PasswordField(TextOnly, serializers.CharField):
    """Taken as it is typed; long enough for any passphrase, short enough to be hashed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=1000, trim_whitespace=False, **kwargs)


class TenantField(TextOnly, serializers.SlugField):
    """The short name of a company, where a body may name one."""

    def __init__(self, help_text: str) -> None:
        super().__init__(max_length=40, required=False, help_text=help_text)


class LoginInput(serializers.Serializer):
    email = EmailField()
    password = PasswordField()
    tenant = TenantField("Short name; needed by members of several.")


class RefreshInput(serializers.Serializer):
    refresh_token = TokenField()


class PasswordChangeInput(serializers.Serializer):
    old_password = PasswordField()
    new_password = PasswordField()


class ForgotPasswordInput(serializers.Serializer):
    email = EmailField()
    tenant = TenantField("Short name; whose link is wanted by members of several.")


class AcceptedOutput(serializers.Serializer):
    message = serializers.CharField()


class ResetPasswordInput(serializers.Serializer):
    token = TokenField()
    password = PasswordField()
    tenant = TenantField("Short name; a link of another company is refused.")


class TokensOutput(serializers.Serializer):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_at = serializers.DateTimeField()
    refresh_expires_at = serializers.DateTimeField()


class UserOutput(serializers.Serializer):
    id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField()


class TenantOutput(serializers.Serializer):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class ProfileOutput(serializers.Serializer):
    user = UserOutput()
    tenant = TenantOutput()
    roles = serializers.ListField(child=serializers.CharField())
    permissions = serializers.ListField(child=serializers.CharField())


def tokens_shape(tokens: Tokens) -> dict[str, Any]:
    return {
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "token_type": "Bearer",
        "expires_at": tokens.session.access_expires_at,
        "refresh_expires_at": tokens.session.refresh_expires_at,
    }

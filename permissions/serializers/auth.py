"""Shapes of the auth endpoints."""

from typing import Any

from rest_framework import serializers

from permissions.services.sessions import Tokens


class LoginInput(serializers.Serializer):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    tenant = serializers.SlugField(
        max_length=40, required=False, help_text="Short name; needed by members of several."
    )


class RefreshInput(serializers.Serializer):
    refresh_token = serializers.CharField(max_length=100)


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

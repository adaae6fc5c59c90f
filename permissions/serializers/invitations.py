"""Shapes of invitations. None says whether an e-mail address has an account already."""

from typing import Any

from rest_framework import serializers

from core.tenancy.models import Tenant
from permissions.models import Membership
from permissions.serializers.auth import EmailField, PasswordField, TenantField, TokenField


class InvitationBody(serializers.Serializer):
    email = EmailField()
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    roles = serializers.ListField(
        child=serializers.SlugField(max_length=40),
        min_length=1,
        max_length=50,
        help_text="Codes of roles; none that grants more than you hold.",
    )


class InvitationOutput(serializers.Serializer):
    id = serializers.UUIDField(help_text="Of the membership.")
    email = serializers.CharField()
    is_active = serializers.BooleanField()
    joined_at = serializers.DateTimeField(allow_null=True)


class AcceptInvitationInput(serializers.Serializer):
    token = TokenField()
    password = PasswordField(required=False, help_text="Chosen by who has no account yet.")
    name = serializers.CharField(max_length=200, required=False)
    tenant = TenantField("Short name; an invitation of another company is refused.")


class JoinedOutput(serializers.Serializer):
    slug = serializers.CharField(help_text="For the login.")
    name = serializers.CharField()


def invitation_shape(membership: Membership) -> dict[str, Any]:
    return {
        "id": membership.pk,
        "email": membership.user.email,
        "is_active": membership.is_active,
        "joined_at": membership.joined_at,
    }


def joined_shape(tenant: Tenant) -> dict[str, Any]:
    return {"slug": tenant.slug, "name": tenant.name}

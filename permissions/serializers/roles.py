"""Roles and grants."""

from rest_framework import serializers

from core.api.fields import text

GRANTS_MAX = 2_000
CODE = r"^[a-z][a-z0-9-]{0,39}$"


class RolePatch(serializers.Serializer):
    name = serializers.CharField(max_length=100)
    description = text(500)
    is_active = serializers.BooleanField(default=True)
    grants = serializers.ListField(
        child=serializers.CharField(max_length=100),
        max_length=GRANTS_MAX,
        default=list,
        help_text="The whole list: what is left out is taken.",
    )


class RoleBody(RolePatch):
    code = serializers.RegexField(CODE, help_text="Stays as it is.")


class RoleOutput(serializers.Serializer):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    is_active = serializers.BooleanField()
    is_template = serializers.BooleanField(help_text="Every company has it; new pages reach it.")
    version = serializers.IntegerField()


class RoleDetail(RoleOutput):
    grants = serializers.ListField(child=serializers.CharField())


class GrantBody(serializers.Serializer):
    role_id = serializers.UUIDField()
    code = serializers.CharField(max_length=100)


class GrantOutput(serializers.Serializer):
    id = serializers.UUIDField()
    role_id = serializers.UUIDField()
    role_code = serializers.CharField()
    code = serializers.CharField()

"""Members: as people, and as memberships with their rights."""

from rest_framework import serializers

ROLES_MAX = 100


class PersonOutput(serializers.Serializer):
    id = serializers.UUIDField(help_text="Of the user.")
    email = serializers.CharField()
    name = serializers.CharField()
    is_active = serializers.BooleanField(help_text="May enter this company.")
    is_staff = serializers.BooleanField(help_text="May open the staff console.")
    membership_id = serializers.UUIDField()


class MembershipPatch(serializers.Serializer):
    is_active = serializers.BooleanField(default=True)
    is_super_admin = serializers.BooleanField(default=False)
    role_ids = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=ROLES_MAX,
        default=list,
        help_text="The whole list: what is left out is taken.",
    )


class MembershipOutput(serializers.Serializer):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField(
        allow_null=True, help_text="Null, and no name either, before an invitation is accepted."
    )
    email = serializers.CharField()
    name = serializers.CharField()
    is_active = serializers.BooleanField()
    is_super_admin = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    joined_at = serializers.DateTimeField(
        allow_null=True, help_text="Null: invited, and not accepted yet."
    )
    version = serializers.IntegerField()
    role_ids = serializers.ListField(child=serializers.UUIDField())
    roles = serializers.ListField(child=serializers.CharField(), help_text="Their codes.")
    modules = serializers.ListField(
        child=serializers.CharField(), help_text="What he has as super admin."
    )

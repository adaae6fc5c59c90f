"""Modules, explanations, duties."""

from rest_framework import serializers

from permissions.selectors.permissions import Explanation, Reason

MODULES_MAX = 100


class PageOutput(serializers.Serializer):
    page = serializers.CharField()
    actions = serializers.ListField(child=serializers.CharField())
    platform_actions = serializers.ListField(
        child=serializers.CharField(), help_text="Of the platform's admins only."
    )


class ModuleOutput(serializers.Serializer):
    module = serializers.CharField()
    pages = PageOutput(many=True)
    assigned_to = serializers.ListField(
        child=serializers.UUIDField(), help_text="Users who have all of it as super admins."
    )


class ModulesBody(serializers.Serializer):
    user_id = serializers.UUIDField()
    modules = serializers.ListField(
        child=serializers.CharField(max_length=40),
        max_length=MODULES_MAX,
        help_text="The whole list: what is left out is taken.",
    )


class ModulesOutput(serializers.Serializer):
    user_id = serializers.UUIDField()
    modules = serializers.ListField(child=serializers.CharField())


class StepOutput(serializers.Serializer):
    via = serializers.ChoiceField([Reason.ROLE, Reason.SUPER_ADMIN, Reason.PLATFORM_ADMIN])
    role_id = serializers.UUIDField(allow_null=True)
    role = serializers.CharField()
    grant_id = serializers.UUIDField(allow_null=True)
    module = serializers.CharField()


class ExplanationOutput(serializers.Serializer):
    code = serializers.CharField()
    user_id = serializers.UUIDField()
    allowed = serializers.BooleanField()
    reason = serializers.ChoiceField([reason.value for reason in Reason])
    message = serializers.CharField()
    steps = StepOutput(many=True)
    would_grant = serializers.ListField(
        child=serializers.CharField(), help_text="Roles of the company that grant it."
    )


class DutyRule(serializers.Serializer):
    duty = serializers.CharField()
    first = serializers.CharField()
    second = serializers.CharField()
    why = serializers.CharField()


class DutyRow(serializers.Serializer):
    user_id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField()
    duty = serializers.CharField()
    first = serializers.CharField()
    first_by = serializers.CharField(help_text="The roles that give it, or `super admin`.")
    second = serializers.CharField()
    second_by = serializers.CharField()
    why = serializers.CharField()


class DutiesOutput(serializers.Serializer):
    rules = DutyRule(many=True)
    rows = DutyRow(many=True)


def explanation_shape(found: Explanation) -> dict[str, object]:
    return {
        "code": found.code,
        "user_id": found.user_id,
        "allowed": found.is_allowed,
        "reason": found.reason.value,
        "message": found.sentence,
        "steps": [
            {
                "via": step.via.value,
                "role_id": step.role_id,
                "role": step.role,
                "grant_id": step.grant_id,
                "module": step.module,
            }
            for step in found.steps
        ],
        "would_grant": list(found.would_grant),
    }

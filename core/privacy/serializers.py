"""Shapes of the two doors that every kind of person has: the report, and the erasing."""

from rest_framework import serializers

from core.privacy.erasure import Ground
from core.privacy.register import Fate


class EraseBody(serializers.Serializer):
    ground = serializers.ChoiceField(
        [str(one) for one in Ground],
        default=str(Ground.REQUESTED),
        help_text="Why; recorded in the audit log. No free text, which would stay there.",
    )


class PersonalTable(serializers.Serializer):
    """What one table holds of the person."""

    table = serializers.CharField()
    on_erasure = serializers.ChoiceField([str(one) for one in Fate])
    why = serializers.CharField()
    rows = serializers.ListField(child=serializers.DictField())
    is_whole = serializers.BooleanField(help_text="False: there are more rows than are shown.")


class PersonalArchive(serializers.Serializer):
    """A month that was archived. It holds what its table held then, until the file is deleted."""

    partition = serializers.CharField()
    month = serializers.DateField()
    created_at = serializers.DateTimeField()
    dropped_at = serializers.DateTimeField(allow_null=True)


class PersonalDataOutput(serializers.Serializer):
    kind = serializers.CharField()
    id = serializers.UUIDField()
    tables = PersonalTable(many=True)
    archives = PersonalArchive(many=True)
    elsewhere = serializers.ListField(
        child=serializers.CharField(), help_text="What no table of this report can tell."
    )

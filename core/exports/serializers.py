"""An export as it is asked for, and as its company sees it."""

from typing import Any

from rest_framework import serializers

from core.exports.models import ExportFormat

STATES = ("queued", "running", "retrying", "done", "failed", "cancelled")
TEXT_LENGTH_MAX = 200
FIELDS_MAX = 100


#: Of a serializer whose field is called `list`.
EMPTY = list


class ParameterField(serializers.CharField):
    """What stands behind `=` in an address; JSON's own truths are taken, too."""

    def to_internal_value(self, data: Any) -> str:
        said = {True: "true", False: "false"}.get(data, data) if isinstance(data, bool) else data
        return str(super().to_internal_value(said))


class ExportBody(serializers.Serializer):
    list = serializers.CharField(
        max_length=TEXT_LENGTH_MAX, help_text="Its address below `/api/v1/`, such as `invoices`."
    )
    format = serializers.ChoiceField(ExportFormat.values)
    filters = serializers.DictField(
        child=ParameterField(max_length=TEXT_LENGTH_MAX),
        default=dict,
        help_text="The list's own parameters.",
    )
    fields = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(max_length=TEXT_LENGTH_MAX),
        default=EMPTY,
        max_length=FIELDS_MAX,
        help_text="Only these columns.",
    )


class ExportOutput(serializers.Serializer):
    id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    list = serializers.CharField()
    format = serializers.ChoiceField(ExportFormat.values)
    filters = serializers.DictField(child=serializers.CharField())
    fields = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    state = serializers.ChoiceField(STATES)
    progress = serializers.IntegerField(allow_null=True, help_text="In percent.")
    rows = serializers.IntegerField(help_text="In the parts that are finished.")
    total = serializers.IntegerField(allow_null=True, help_text="Rows there were at its beginning.")
    error = serializers.CharField(help_text="Why there is no file; empty while that is open.")
    created_by_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    file_id = serializers.UUIDField(allow_null=True)
    file_expires_at = serializers.DateTimeField(allow_null=True)
    link = serializers.URLField(allow_null=True, help_text="Yours alone; needs no token.")
    link_expires_at = serializers.DateTimeField(allow_null=True)

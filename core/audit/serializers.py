"""Shapes of entries of the log."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.audit.models import AuditLog

VALUES: dict[str, Any] = {
    "type": ["object", "null"],
    "additionalProperties": True,
    "description": "Columns that changed and their values; of a created or deleted row all. "
    "Of lines that came or went together `rows` holds one such object each. "
    "`***` where only that it changed is recorded.",
}


@extend_schema_field(VALUES)
class ValuesField(serializers.ReadOnlyField):
    """Columns by name; which ones, the table says."""


class HistoryEntry(serializers.Serializer):
    id = serializers.UUIDField()
    occurred_at = serializers.DateTimeField()
    table = serializers.CharField(help_text="The record's, or that of its lines.")
    action = serializers.ChoiceField(choices=AuditLog.Action.choices)
    actor_id = serializers.UUIDField(allow_null=True, help_text="Null: the system itself.")
    actor_name = serializers.CharField(allow_null=True)
    operation = serializers.CharField(help_text="The service; empty where SQL was typed.")
    request_id = serializers.CharField()
    reason = serializers.CharField(help_text="What the caller sent as `X-Audit-Reason`.")
    old = ValuesField()
    new = ValuesField()
    is_erased = serializers.BooleanField(help_text="It held data of a person, which are erased.")


class AuditEntry(HistoryEntry):
    row_id = serializers.UUIDField(allow_null=True)
    session_id = serializers.UUIDField(allow_null=True)
    address = serializers.CharField(allow_null=True)
    database_user = serializers.CharField()


HISTORY_FIELDS = tuple(HistoryEntry._declared_fields)


def history_shape(row: dict[str, Any]) -> dict[str, Any]:
    """Of one record those who may see it see what was done, not from which address."""
    return {name: row[name] for name in HISTORY_FIELDS}

"""Shapes of sessions."""

from rest_framework import serializers


class SessionOutput(serializers.Serializer):
    id = serializers.UUIDField()
    device = serializers.CharField(help_text="What the client called itself at login.")
    address = serializers.CharField(allow_null=True, help_text="Where it logged in from.")
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField(help_text="To the minute.")
    expires_at = serializers.DateTimeField(help_text="Unless it is refreshed before.")
    is_current = serializers.BooleanField(help_text="The session that asks.")

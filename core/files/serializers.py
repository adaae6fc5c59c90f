"""A file as its company sees it."""

from rest_framework import serializers


class FileOutput(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    media_type = serializers.CharField()
    size = serializers.IntegerField(help_text="In bytes.")
    sha256 = serializers.CharField()
    purpose = serializers.CharField()
    created_by_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="Deleted after.")
    link = serializers.URLField(help_text="Yours alone; a GET of it needs no token.")
    link_expires_at = serializers.DateTimeField()

"""A job as its company sees it."""

from rest_framework import serializers

from core.jobs.models import JobState, Queue


class JobOutput(serializers.Serializer):
    id = serializers.UUIDField()
    task = serializers.CharField()
    queue = serializers.ChoiceField(Queue.labels)
    state = serializers.ChoiceField(JobState.values)
    attempts = serializers.IntegerField()
    progress = serializers.IntegerField(help_text="In percent.")
    result = serializers.JSONField(allow_null=True, help_text="Of a job that is done.")
    error = serializers.CharField(help_text="Why the last attempt failed; empty if none did.")
    actor_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    run_at = serializers.DateTimeField(help_text="Not begun before.")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Not begun after.")
    started_at = serializers.DateTimeField(allow_null=True, help_text="Of the last attempt.")
    ended_at = serializers.DateTimeField(allow_null=True)


class JobStarted(serializers.Serializer):
    job_id = serializers.UUIDField(help_text="`GET jobs/{id}/` says what becomes of it.")

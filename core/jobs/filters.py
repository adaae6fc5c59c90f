"""Filters of jobs."""

from typing import Any

from django.db.models import QuerySet
from django_filters import CharFilter, ChoiceFilter, FilterSet

from core.jobs.models import JobState, Queue


class JobFilter(FilterSet):
    state = ChoiceFilter(choices=JobState.choices)
    task = CharFilter(field_name="task", max_length=100)
    queue = ChoiceFilter(choices=[(name, name) for name in Queue.labels], method="in_queue")

    def in_queue(self, queryset: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        return queryset.filter(queue=Queue[value.upper()])

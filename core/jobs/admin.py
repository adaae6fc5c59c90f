"""Jobs in the staff console: what became of them, and two buttons."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter

from core.errors import DomainError
from core.jobs.models import Job
from core.jobs.models.jobs import OPEN, REPLAYABLE
from core.jobs.services import job_cancel, job_replay
from core.tenancy.admin import Button, Fact, Record, RecordAdmin, StaffRequest, readable_refusals

TURNS: dict[str, tuple[Callable[..., None], str]] = {
    "cancel": (job_cancel, "The job is called off."),
    "replay": (job_replay, "The job runs again."),
}


@admin.register(Job)
class JobAdmin(RecordAdmin):
    page = "jobs.jobs"
    list_display = ("task", "queue", "state", "attempts", "error", "created_at", "ended_at")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("queue", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )
    search_fields = ("task__startswith", "effect_key__startswith")
    search_help_text = "Task or effect key"
    ordering = ("-id",)
    actions = ("replay_selected",)

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        return Job.objects.order_by(*self.ordering)

    def has_replay_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "replay")

    @admin.action(description="Run again", permissions=["replay"])
    def replay_selected(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        for job_id in queryset.values_list("pk", flat=True):
            self._turn(request, "replay", job_id)

    def get_urls(self) -> list[URLPattern]:
        turn = self.admin_site.admin_view(require_POST(self.turn_view))
        return [
            path(f"<uuid:job_id>/{verb}/", turn, {"verb": verb}, name=f"jobs_job_{verb}")
            for verb in TURNS
        ] + super().get_urls()

    def record(self, request: StaffRequest, obj: Any) -> Record:
        facts = [
            Fact("Task", obj.task),
            Fact("Queue", obj.get_queue_display()),
            Fact("State", obj.get_state_display()),
            Fact("Progress", f"{obj.progress} %"),
            Fact("Attempts", obj.attempts),
            Fact("Last failure", obj.error or "-"),
            Fact("Effect key", obj.effect_key),
            Fact("Enqueued", obj.created_at),
            Fact("Not before", obj.run_at),
            Fact("Not after", obj.expires_at or "-"),
            Fact("Begun", obj.started_at or "-"),
            Fact("Ended", obj.ended_at or "-"),
            Fact("Result", "-" if obj.result is None else obj.result),
        ]
        return Record(facts, buttons=self._buttons(request, obj))

    def turn_view(self, request: StaffRequest, job_id: UUID, verb: str) -> HttpResponse:
        if not self.may(request, verb):
            raise PermissionDenied
        self._turn(request, verb, job_id)
        return HttpResponseRedirect(reverse("admin:jobs_job_change", args=[job_id]))

    def _turn(self, request: StaffRequest, verb: str, job_id: UUID) -> None:
        service, done = TURNS[verb]
        try:
            with readable_refusals():
                service(request.ctx, job_id=job_id)
            messages.success(request, done)
        except DomainError as refusal:
            messages.error(request, refusal.message)

    def _buttons(self, request: StaffRequest, job: Any) -> list[Button]:
        offered = {"cancel": ("Call off", OPEN), "replay": ("Run again", REPLAYABLE)}
        return [
            Button(label, reverse(f"admin:jobs_job_{verb}", args=[job.pk]))
            for verb, (label, states) in offered.items()
            if job.state in states and self.may(request, verb)
        ]

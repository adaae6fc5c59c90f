"""Jobs in the staff console: what became of them, and two buttons."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter

from core.jobs.models import Job
from core.jobs.models.jobs import OPEN, REPLAYABLE
from core.jobs.services import job_cancel, job_replay
from core.tenancy.acts import Act, ActsAdmin
from core.tenancy.admin import Fact, Record, StaffRequest

CANCEL = Act(
    "Call off",
    "jobs.jobs.cancel",
    lambda ctx, job_id: job_cancel(ctx, job_id=job_id),
    "The job is called off.",
    lambda job: job.state in OPEN,
)
REPLAY = Act(
    "Run again",
    "jobs.jobs.replay",
    lambda ctx, job_id: job_replay(ctx, job_id=job_id),
    "The job runs again.",
    lambda job: job.state in REPLAYABLE,
)


@admin.register(Job)
class JobAdmin(ActsAdmin):
    page = "jobs.jobs"
    acts = {"cancel": CANCEL, "replay": REPLAY}
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
        self.act(request, "replay", queryset.values_list("pk", flat=True))

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
        return Record(facts, buttons=self.buttons(request, obj))

"""Doors of jobs: look at them, call one off, let one run again."""

from typing import Any
from uuid import UUID

from core.api.endpoints import reads, writes
from core.api.guards import AUTHENTICATED
from core.api.requests import TenantRequest
from core.api.views import TenantView
from core.jobs import selectors, services
from core.jobs.filters import JobFilter
from core.jobs.serializers import JobOutput
from core.listing import Page, PageRequest

Row = dict[str, Any]
VIEW = "jobs.jobs.view"


class JobsView(TenantView):
    resource = "jobs"

    @reads(
        VIEW,
        JobOutput,
        many=True,
        filters=JobFilter,
        csv=True,
        summary="The company's, newest first",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return selectors.job_list(request.ctx, page=page)


class JobView(TenantView):
    resource = "jobs"

    @reads(AUTHENTICATED, JobOutput, summary="One's own; anybody's with jobs.jobs.view")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        """A caller who was answered 202 follows his job here."""
        only_own = not request.user.has_perm(VIEW)
        return selectors.job_get(request.ctx, job_id=id, only_own=only_own)


class CancelView(TenantView):
    resource = "jobs"

    @writes("jobs.jobs.cancel", JobOutput, transition=True, summary="Call it off")
    def post(self, request: TenantRequest, id: UUID) -> Row:
        """One that runs can no longer have an effect in the database."""
        services.job_cancel(request.ctx, job_id=id)
        return selectors.job_get(request.ctx, job_id=id)


class ReplayView(TenantView):
    resource = "jobs"

    @writes("jobs.jobs.replay", JobOutput, transition=True, summary="Let it run again")
    def post(self, request: TenantRequest, id: UUID) -> Row:
        """A dead, cancelled or expired one, under its effect key."""
        services.job_replay(request.ctx, job_id=id)
        return selectors.job_get(request.ctx, job_id=id)

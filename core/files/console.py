"""Where one's own job in the staff console leaves its file: the page waits for it."""

from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.errors import NotFound
from core.files.links import file_link
from core.files.selectors import file_get
from core.jobs.models.jobs import OPEN, JobState
from core.jobs.selectors import job_get
from core.tenancy.admin import StaffRequest, Values


@require_GET
def made_page(request: StaffRequest, job_id: UUID) -> HttpResponse:
    """Asks again every second until the job has ended; then has the link."""
    try:
        job = job_get(request.ctx, job_id=job_id, only_own=True)
    except NotFound as error:
        raise Http404 from error
    is_open = job["state"] in OPEN
    shown = {
        "title": "A file is being made" if is_open else "A file was not made",
        "job": job,
        "is_open": is_open,
        "state": JobState(job["state"]).label,
    }
    if job["state"] == JobState.DONE:
        file_id = (job["result"] or {}).get("file_id")
        if file_id is None:
            raise Http404("This job makes no file.")
        shown |= _file(request, UUID(file_id))
    return render(request, "admin/made.html", admin.site.each_context(request) | shown)


def _file(request: StaffRequest, file_id: UUID) -> Values:
    try:
        file = file_get(request.ctx, file_id=file_id, holds=request.user.has_perm)
    except NotFound:
        return {"title": "A file that is no longer kept"}
    return {
        "title": file.name,
        "file": file,
        "link": file_link(request.ctx, file_id=file_id).address,
    }

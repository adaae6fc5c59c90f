"""Jobs and the schedule in the staff console."""

from core.ids import uuid7
from core.jobs.services import job_cancel
from permissions.models import User
from tests.cast import Company
from tests.console.desk import Desk, staff
from tests.jobs.desk import enqueue, hurry, job_of, run_all, states


def dead_job(company: Company) -> str:
    job_id = enqueue(company, "test.fail", times=9)
    for _ in range(3):
        run_all(company)
        hurry(company)
    return str(job_id)


def platform_admin(company: Company) -> Desk:
    desk = staff(company)
    User.objects.filter(pk=desk.user.pk).update(is_platform_admin=True)
    return desk


def test_staff_see_why_a_job_is_dead_and_run_it_again(acme: Company) -> None:
    desk, job_id = staff(acme), dead_job(acme)
    assert "test.fail" in desk.get("jobs_job_changelist")
    page = desk.get("jobs_job_change", job_id)
    assert "ValueError at tests/jobs/kinds.py" in page
    assert f"{job_id}/replay/" in page
    assert f"{job_id}/cancel/" not in page
    desk.post("jobs_job_replay", job_id)
    assert "runs again" in desk.said()
    assert job_of(acme, job_id).state == "queued"
    desk.post("jobs_job_cancel", job_id)
    assert job_of(acme, job_id).state == "cancelled"
    desk.post("jobs_job_cancel", job_id)
    assert "has ended" in desk.said()


def test_many_run_again_at_once(acme: Company) -> None:
    desk, ids = staff(acme), [enqueue(acme) for _ in range(3)]
    for job_id in ids:
        job_cancel(acme.ctx(), job_id=job_id)
    desk.act("jobs_job_changelist", "replay_selected", ids)
    assert states(acme) == ["queued"] * 3
    run_all(acme)


def test_who_may_not_sees_no_jobs_and_turns_none(acme: Company, globex: Company) -> None:
    job_id = enqueue(acme)
    viewer = staff(acme, role="viewer")
    viewer.get("jobs_job_changelist", status=403)
    viewer.post("jobs_job_cancel", job_id, status=403)
    stranger = staff(globex)
    assert str(job_id) not in stranger.get("jobs_job_changelist")
    stranger.post("jobs_job_cancel", job_id)
    assert "no such" in stranger.said()
    assert job_of(acme, job_id).state == "queued"
    staff(acme).post("jobs_job_cancel", uuid7())
    run_all(acme)


def test_the_platforms_admins_see_the_schedule(acme: Company) -> None:
    staff(acme).get("schedule", status=403)
    assert "/admin/schedule/" not in staff(acme).get("index")
    page = platform_admin(acme).get("schedule")
    assert "purge jobs that ended long ago" in page
    assert "Oldest ready" in page

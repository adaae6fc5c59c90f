"""Jobs over HTTP: followed by who asked, governed by who may, refused when there are too many."""

from typing import Any

from django.conf import settings

from core.jobs import pressure
from tests.cast import Api, Company, api_of, join, new_user
from tests.jobs.desk import enqueue, flood, hurry, job_of, run_all, tickets, until

FIELDS = {
    "id", "task", "queue", "state", "attempts", "progress", "result", "error", "actor_id",
    "created_at", "run_at", "expires_at", "started_at", "ended_at",
}  # fmt: skip


def test_a_job_is_followed_by_its_id(acme: Company, alice: Api) -> None:
    job_id = enqueue(acme)
    seen = alice.ok("GET", f"jobs/{job_id}/")
    assert seen.keys() == FIELDS
    assert (seen["state"], seen["queue"], seen["attempts"]) == ("queued", "normal", 0)
    run_all(acme)
    seen = alice.ok("GET", f"jobs/{job_id}/")
    assert (seen["state"], seen["progress"], seen["result"]) == ("done", 100, {"attempt": 1})


def test_who_asked_follows_his_own_without_any_right(acme: Company, bob: Api) -> None:
    carol = join(acme, new_user("carol"), "viewer")
    his = enqueue(Company(acme.tenant_id, acme.slug, carol))
    hers = enqueue(acme)
    api = api_of(acme, carol)
    assert api.get(f"jobs/{his}/").status_code == 200
    assert api.get(f"jobs/{hers}/").status_code == 404
    assert bob.get(f"jobs/{his}/").status_code == 404


def test_jobs_are_listed_newest_first_and_filtered(acme: Company, alice: Api) -> None:
    first, second = enqueue(acme), enqueue(acme, "test.tell", event_id="x", payload={"key": 1})
    ids = [row["id"] for row in alice.ok("GET", "jobs/")["data"]]
    assert ids == [str(second), str(first)]
    for query, wanted in (
        ("queue=low", [second]), ("task=test.note", [first]), ("state=queued", [second, first]),
        ("state=dead", []),
    ):  # fmt: skip
        found = [row["id"] for row in alice.ok("GET", f"jobs/?{query}")["data"]]
        assert found == [str(one) for one in wanted], query
    assert alice.get("jobs/?state=sleeping").status_code == 422


def test_a_job_is_called_off_and_run_again(acme: Company, alice: Api) -> None:
    job_id = enqueue(acme)
    rehearsed = alice.post(f"jobs/{job_id}/cancel/?dry_run=true")
    assert (rehearsed.data["state"], job_of(acme, job_id).state) == ("cancelled", "queued")
    assert alice.ok("POST", f"jobs/{job_id}/cancel/")["state"] == "cancelled"
    again = alice.post(f"jobs/{job_id}/cancel/")
    assert (again.status_code, again.data["error"]["code"]) == (409, "CONFLICT")
    assert alice.ok("POST", f"jobs/{job_id}/replay/")["state"] == "queued"
    run_all(acme)
    assert alice.post(f"jobs/{job_id}/replay/").status_code == 409


def test_a_dead_job_says_why_and_is_replayed(acme: Company, alice: Api) -> None:
    job_id = enqueue(acme, "test.fail", times=9, name="Mrs Smith")
    for _ in range(3):
        run_all(acme)
        hurry(acme)
    [seen] = alice.ok("GET", "jobs/?state=dead")["data"]
    assert (seen["id"], seen["attempts"]) == (str(job_id), 3)
    assert seen["error"].startswith("ValueError at ")
    assert alice.ok("POST", f"jobs/{job_id}/replay/")["attempts"] == 0
    tickets(acme).delete()


def test_a_full_queue_refuses_before_anything_changes_and_says_when_to_come_back(
    acme: Company, alice: Api, monkeypatch: Any
) -> None:
    job_id = enqueue(acme)
    alice.ok("POST", f"jobs/{job_id}/cancel/")
    flood(acme, settings.QUEUE_LIMIT)
    refused = alice.post(f"jobs/{job_id}/replay/")
    assert (refused.status_code, refused.data["error"]["code"]) == (503, "QUEUE_FULL")
    assert int(refused["Retry-After"]) > 0
    assert refused.data["error"]["operation"] == "job.replay"
    assert job_of(acme, job_id).state == "cancelled"
    assert refused["X-Service-Status"] == "degraded", "and it is said with every answer"
    ready = alice.get("/readyz")
    assert ready.status_code == 200
    assert (
        ready.data["checks"]["queues"] == f"{settings.QUEUE_LIMIT} of {settings.QUEUE_LIMIT} wait"
    )
    tickets(acme).delete()
    monkeypatch.setattr(pressure, "_high_until", 0.0)
    # A machine that is busy may think for a moment that its broker is away, too.
    until(lambda: "X-Service-Status" not in alice.get("jobs/"))

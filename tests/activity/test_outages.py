"""Redis is dead and no worker runs: events are taken, each once, and counted later."""

from pathlib import Path

from activity.services.rollups import usage_days_roll_up, usage_hours_roll_up
from tests.activity.events import DAYS, HOURS, counts, ids_of, plain_days, plain_hours, viewed
from tests.cast import Api, Company
from tests.core.cache.processes import web_server

#: Nobody listens there.
NO_REDIS = "redis://127.0.0.1:1/0"


def test_events_are_taken_without_redis_and_workers(
    acme: Company, alice: Api, tmp_path: Path
) -> None:
    batches = [[viewed() for _ in range(50)] for _ in range(4)]
    with web_server(NO_REDIS, tmp_path / "board") as web:
        for turn in range(3):
            for batch in batches:
                answer = web.call("POST", "usage-events/", alice.token, {"events": batch})
                assert answer.status == 202, answer.body
                assert answer.data["duplicates" if turn else "accepted"] == 50
        token = web.call("POST", "usage-events/tokens/", alice.token, {}).data["token"]
        by_token = {"token": token, "events": [viewed()]}
        assert web.call("POST", "usage-events/", None, by_token).status == 202
        assert web.get("usage-events/", alice.token).headers["x-service-status"] == "degraded"
        assert web.get("usage-events/summary/", alice.token).data["events"] == 0
        assert web.get("usage-events/quota/", alice.token).data["used"] == 201
    assert len(ids_of(acme)) == 201
    usage_hours_roll_up(acme.ctx())
    usage_days_roll_up(acme.ctx())
    assert counts(acme, HOURS) == plain_hours(acme)
    assert counts(acme, DAYS) == plain_days(acme)

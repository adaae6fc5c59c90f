"""Webhooks over the API and in the console: what is shown, and what is not."""

from typing import Any

import pytest

from core.jobs.positions import tenant_tail
from core.jobs.purge import outbox_purge
from core.tenancy.scope import OutsideTransaction
from core.webhooks.models import WebhookEndpoint
from core.webhooks.sealing import Unsealable, seal, unseal
from core.webhooks.services.endpoints import ENDPOINTS_MAX
from tests.cast import Api, Company
from tests.console.desk import staff
from tests.core.raw import one, raw, refused, rows
from tests.database import connect
from tests.events.happening import happen, old_id, write
from tests.webhooks.desk import dead_delivery, deliver, deliveries, endpoint, hook, line, subscribe
from tests.webhooks.receiver import Receiver

URL = "https://hooks.example.com/erp"


def create(api: Api, **values: Any) -> Any:
    return api.ok("POST", "webhooks/", {"url": URL} | values)


def test_a_secret_is_shown_once_and_kept_sealed(acme: Company, alice: Api) -> None:
    made = create(alice, event_types=["payment.posted"])
    assert made["secret"].startswith("whsec_")
    shown = alice.ok("GET", f"webhooks/{made['id']}/")
    assert "secret" not in shown
    assert made["secret"] not in alice.get("webhooks/").content.decode()
    with raw(acme.tenant_id) as connection:
        kept = one(connection, "SELECT secret FROM webhooks_webhookendpoint")
        logged = rows(
            connection, "SELECT new::text FROM audit_auditlog WHERE row_id = %s", made["id"]
        )
    assert unseal(kept) == made["secret"]
    assert made["secret"] not in kept
    assert logged
    assert not any(kept in text or made["secret"] in text for (text,) in logged)
    rotated = alice.ok("POST", f"webhooks/{made['id']}/rotate/", {})
    assert rotated["secret"] not in (None, made["secret"])
    assert rotated["rotated_at"]


def test_a_secret_opens_with_former_keys_and_with_no_other(settings: Any) -> None:
    sealed = seal("whsec_x")
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another " * 8
    with pytest.raises(Unsealable):
        unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = [former]
    assert unseal(sealed) == "whsec_x"


def test_it_is_changed_by_whoever_has_read_it(alice: Api) -> None:
    made = create(alice)
    path = f"webhooks/{made['id']}/"
    etag = alice.get(path)["ETag"]
    changed = alice.ok(
        "PATCH", path, {"event_types": ["document.posted"], "is_enabled": False}, if_match=etag
    )
    assert changed["event_types"] == ["document.posted"]
    assert (changed["is_enabled"], changed["disabled_reason"]) == (False, "by_hand")
    assert alice.patch(path, {"description": "x"}, if_match=etag).status_code == 412
    assert alice.post(f"{path}test/").status_code == 409
    assert alice.ok("POST", f"{path}enable/")["is_enabled"] is True
    for body in ({"url": "http://example.com/"}, {"event_types": ["message.sent"]}):
        assert alice.patch(path, body).status_code == 422
    assert alice.delete(path, if_match=etag).status_code == 412
    assert alice.delete(path).status_code == 204
    assert alice.get(path).status_code == 404
    assert alice.get(f"{path}deliveries/").status_code == 404


def test_a_company_has_so_many_and_no_more(alice: Api) -> None:
    ids = [create(alice)["id"] for _ in range(ENDPOINTS_MAX)]
    assert alice.post("webhooks/", {"url": URL}).status_code == 409
    alice.delete(f"webhooks/{ids[0]}/")
    create(alice)


def test_the_log_shows_what_became_of_each(
    acme: Company, alice: Api, receiver: Receiver, settings: Any
) -> None:
    receiver.answer = lambda: 500
    endpoint_id, _ = subscribe(acme, receiver, settings)
    happen(acme.ctx())
    deliver()
    path = f"webhooks/{endpoint_id}/deliveries/"
    [shown] = alice.ok("GET", f"{path}?state=retrying")["data"]
    assert (shown["number"], shown["status"], shown["error"]) == (1, 500, "status")
    assert alice.ok("GET", f"{path}?state=dead")["data"] == []
    detail = alice.ok("GET", f"{path}{shown['id']}/")
    assert detail["data"].keys() == {"payment_id"}
    assert alice.post(f"{path}{shown['id']}/replay/").status_code == 409
    assert alice.ok("GET", f"webhooks/{endpoint_id}/")["failures"] == shown["attempts"]


def test_dead_ones_are_sent_again_one_by_one_or_all(acme: Company, alice: Api) -> None:
    endpoint_id, delivery_id = dead_delivery(acme)
    path = f"webhooks/{endpoint_id}/"
    dry = alice.ok("POST", f"{path}replay/?dry_run=true", {})
    assert dry == alice.ok("POST", f"{path}replay/", {}) == {"queued": 1}
    [delivery] = deliveries(acme, endpoint_id)
    assert (delivery.pk, delivery.state) == (delivery_id, "queued")
    assert line(endpoint_id).next_at is not None
    assert alice.ok("POST", f"{path}replay/", {"first_sequence": 10**9}) == {"queued": 0}


def test_others_neither_see_nor_touch_it(acme: Company, alice: Api, bob: Api, charlie: Api) -> None:
    endpoint_id, delivery_id = dead_delivery(acme)
    assert bob.get("webhooks/").status_code == 403
    assert charlie.ok("GET", "webhooks/")["data"] == []
    path = f"webhooks/{endpoint_id}/"
    for more in ("", "deliveries/", f"deliveries/{delivery_id}/", "history/"):
        assert charlie.get(path + more).status_code == 404
    for more in ("rotate/", "test/", "replay/", f"deliveries/{delivery_id}/replay/"):
        assert charlie.post(path + more, {}).status_code == 404


def test_row_level_security_stands_behind_it(acme: Company, globex: Company) -> None:
    endpoint_id, _ = dead_delivery(acme)
    with raw(globex.tenant_id) as connection:
        for table in ("webhooks_webhookendpoint", "webhooks_webhookdelivery"):
            assert one(connection, f"SELECT count(*) FROM {table}") == 0
    again = "INSERT INTO webhooks_webhookdelivery SELECT * FROM webhooks_webhookdelivery"
    with refused("23505"), raw(acme.tenant_id) as connection:
        connection.execute(again)
    with pytest.raises(OutsideTransaction):
        WebhookEndpoint.objects.get(pk=endpoint_id)


def test_events_wait_for_endpoints_that_have_not_been_walked_past_them(acme: Company) -> None:
    """However old they are: a deliverer that was away for a week misses nothing."""
    endpoint_id = hook(acme)
    now = acme.ctx().now
    with connect("default") as connection:
        write(connection, acme.tenant_id, old_id(now, days=9))
    outbox_purge(now, awaited=())
    assert tenant_tail(acme.tenant_id).purged == 0
    deliver_none(acme)
    assert len(deliveries(acme, endpoint_id)) >= 1
    outbox_purge(now, awaited=())
    assert tenant_tail(acme.tenant_id).purged > 0


def test_the_console_shows_it_and_has_the_buttons(acme: Company) -> None:
    endpoint_id, delivery_id = dead_delivery(acme)
    sam = staff(acme)
    page = sam.get("webhooks_webhookendpoint_change", endpoint_id)
    assert "hooks.example.com" in page
    assert "Send the dead again" in page
    assert endpoint(acme, endpoint_id).secret not in page
    sam.post("webhooks_webhookendpoint_replay", endpoint_id)
    assert deliveries(acme, endpoint_id)[0].state == "queued"
    sam.post("webhooks_webhookendpoint_disable", endpoint_id)
    assert endpoint(acme, endpoint_id).is_enabled is False
    assert "webhook.tested" in sam.get("webhooks_webhookdelivery_change", delivery_id)
    looks = staff(acme, role="viewer")
    looks.get("webhooks_webhookendpoint_change", endpoint_id, status=403)
    looks.post("webhooks_webhookendpoint_enable", endpoint_id, status=403)


def deliver_none(company: Company) -> None:
    from core.webhooks.services.fanout import fan_out

    while fan_out().is_more:
        pass

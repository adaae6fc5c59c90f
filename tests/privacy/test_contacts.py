"""A contact is erased: nothing says who it was, and the books say all that they said before."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from core.privacy.erasure import Ground
from tests.audit.log import entries, faults, seal
from tests.cast import Api, Company, api_of, join, new_user
from tests.privacy.markers import places_of

TABLE = "accounting_contact"
LONG_AGO = "2014-03-02"


@dataclass
class Ann:
    """A customer whose every personal column holds a word that nothing else holds."""

    id: str
    words: tuple[str, ...]


@pytest.fixture
def ann(alice: Api) -> Ann:
    word = secrets.token_hex(6)
    names = (f"Ann {word}a", f"no-{word}b", f"{word}c@example.test", f"Lane {word}d", f"T{word}e")
    body = dict(zip(("name", "reference", "email", "address", "tax_number"), names, strict=True))
    made = alice.ok("POST", "contacts/", body | {"country": "GB"}, idempotency_key=word)
    renamed = f"Anne {word}f"
    alice.ok("PATCH", f"contacts/{made['id']}/", {"name": renamed})
    return Ann(made["id"], (*names, renamed))


def invoice(alice: Api, contact: str, day: str = LONG_AGO, **more: Any) -> str:
    line = {"description": "Desk", "unit_price": "10.00"}
    body = {"contact_id": contact, "issued_on": day, "lines": [line], "post": True, **more}
    return str(alice.ok("POST", "invoices/", body)["id"])


def pay(alice: Api, contact: str, document: str) -> None:
    body = {"kind": "receipt", "contact_id": contact, "paid_on": LONG_AGO, "amount": "10.00"}
    settled = [{"document_id": document, "amount": "10.00"}]
    alice.ok("POST", "payments/", body | {"post": True, "allocations": settled})


def test_her_name_is_nowhere_and_the_books_are_as_they_were(
    acme: Company, alice: Api, ann: Ann
) -> None:
    document = invoice(alice, ann.id)
    pay(alice, ann.id, document)
    held = places_of(*ann.words)
    assert {f"{TABLE}.email", "audit_auditlog.personal", "api_idempotencykey.body"} <= held
    before = alice.ok("GET", "reports/trial-balance/")
    erased = alice.ok("POST", f"contacts/{ann.id}/erase/")
    assert places_of(*ann.words) == set()
    assert erased["name"].startswith("Erased contact ")
    assert not erased["is_active"]
    assert erased["country"] == "GB"
    assert alice.ok("GET", "reports/trial-balance/") == before
    kept = alice.ok("GET", f"invoices/{document}/")
    assert (kept["status"], kept["contact_id"]) == ("paid", ann.id)
    assert kept["contact_name"] == erased["name"]


def test_the_log_still_proves_itself_and_says_why(acme: Company, alice: Api, ann: Ann) -> None:
    seal(acme.tenant_id)
    alice.ok("POST", f"contacts/{ann.id}/erase/", {"ground": "consent_withdrawn"})
    seal(acme.tenant_id)
    assert faults(acme.tenant_id) == []
    found = entries(acme.tenant_id, TABLE, ann.id)
    assert [entry.action for entry in found] == ["insert", "update", "update", "erase"]
    assert {entry.personal is None for entry in found} == {True}
    said = {(entry.operation, entry.reason) for entry in found[2:]}
    assert said == {("contact.erase", "erased: consent_withdrawn")}
    assert found[-1].actor_id == acme.owner.pk


def test_what_the_caller_writes_as_a_reason_does_not_stay(
    acme: Company, alice: Api, ann: Ann
) -> None:
    alice.ok("POST", f"contacts/{ann.id}/erase/", x_audit_reason=f"letter of {ann.words[0]}")
    assert places_of(*ann.words) == set()


def test_a_rehearsal_erases_nothing(alice: Api, ann: Ann) -> None:
    shown = alice.ok("POST", f"contacts/{ann.id}/erase/?dry_run=true")
    assert shown["name"].startswith("Erased contact ")
    assert alice.ok("GET", f"contacts/{ann.id}/")["name"] == ann.words[-1]


def test_a_request_that_made_her_does_not_make_her_again(alice: Api, ann: Ann) -> None:
    key = ann.words[0].removeprefix("Ann ").removesuffix("a")
    names = ("name", "reference", "email", "address", "tax_number")
    body = dict(zip(names, ann.words, strict=False)) | {"country": "GB"}
    assert alice.post("contacts/", body, idempotency_key=key).status_code == 201
    alice.ok("POST", f"contacts/{ann.id}/erase/")
    again = alice.post("contacts/", body, idempotency_key=key)
    assert (again.status_code, again["Idempotency-Replayed"]) == (409, "true")
    assert len(alice.ok("GET", "contacts/")["data"]) == 1


def test_not_while_something_is_open_or_a_draft(alice: Api, ann: Ann) -> None:
    document = invoice(alice, ann.id)
    draft = invoice(alice, ann.id, post=False)
    refused = alice.post(f"contacts/{ann.id}/erase/")
    assert refused.status_code == 409
    assert "2 documents and 0 payments" in refused.data["error"]["message"]
    alice.ok("DELETE", f"invoices/{draft}/")
    assert alice.post(f"contacts/{ann.id}/erase/").status_code == 409
    pay(alice, ann.id, document)
    assert alice.post(f"contacts/{ann.id}/erase/").status_code == 200


def test_not_before_the_law_lets_books_go(alice: Api, ann: Ann) -> None:
    year = datetime.now(UTC).year - 3
    document = invoice(alice, ann.id, day=f"{year}-03-02")
    pay(alice, ann.id, document)
    alice.ok("PATCH", "settings/", {"books_kept_years": 3})
    refused = alice.post(f"contacts/{ann.id}/erase/")
    assert refused.status_code == 409
    assert f"until {year + 3}-12-31" in refused.data["error"]["message"]
    alice.ok("PATCH", "settings/", {"books_kept_years": 2})
    assert alice.post(f"contacts/{ann.id}/erase/").status_code == 200


def test_erased_is_for_good(alice: Api, ann: Ann) -> None:
    alice.ok("POST", f"contacts/{ann.id}/erase/")
    assert alice.patch(f"contacts/{ann.id}/", {"name": "Ann"}).status_code == 409
    assert alice.post(f"contacts/{ann.id}/erase/").status_code == 409


def test_an_accountant_neither_erases_nor_reads_it_all(acme: Company, ann: Ann) -> None:
    accountant = api_of(acme, join(acme, new_user("ann"), "accountant"))
    assert accountant.post(f"contacts/{ann.id}/erase/").status_code == 403
    assert accountant.get(f"contacts/{ann.id}/personal-data/").status_code == 403


def test_a_ground_is_one_of_the_law_s(alice: Api, ann: Ann) -> None:
    assert alice.post(f"contacts/{ann.id}/erase/", {"ground": "whim"}).status_code == 422
    assert {str(one) for one in Ground} >= {"requested", "unlawful"}


def test_the_report_holds_all_of_it_and_is_recorded(
    acme: Company, alice: Api, bob: Api, ann: Ann
) -> None:
    document = invoice(alice, ann.id)
    pay(alice, ann.id, document)
    report = alice.ok("GET", f"contacts/{ann.id}/personal-data/")
    tables = {one["table"]: one for one in report["tables"]}
    [row] = tables[TABLE]["rows"]
    assert (row["name"], row["tax_number"]) == (ann.words[-1], ann.words[4])
    for table in ("document", "documentline", "payment", "allocation"):
        assert len(tables[f"accounting_{table}"]["rows"]) == 1, table
    assert ann.words[0] in str(tables["audit_auditlog"]["rows"])
    assert all(one["is_whole"] for one in report["tables"])
    [read] = [entry for entry in entries(acme.tenant_id) if entry.action == "read"]
    assert read.new == {"person_report": {"kind": "contact", "id": ann.id}}
    assert read.actor_id == acme.owner.pk

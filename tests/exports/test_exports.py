"""Lists as files: what their maker may see, made by a job, in slices, and fetched by him alone."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest

from accounting.services.reference import contact_create
from core.api.guards import declared
from core.exports import formats, running
from core.exports.models import Export
from core.exports.purge import exports_purge
from core.exports.serializers import ExportOutput
from core.exports.services import EXPORTS_KEPT
from core.files.models import StoredFile
from core.jobs.runner import queues_served, run_next
from core.tenancy.context import Context
from core.tenancy.transactions import command, query
from permissions.models import Membership
from permissions.services.roles import role_update
from tests.accounting.books import open_books
from tests.api.wire import refusal
from tests.architecture.endpoint_table import addresses
from tests.cast import Api, Company, api_of, join, new_user
from tests.files.desk import body_of, follow, link_of
from tests.jobs.desk import die, flood, hurry, job_of, run_all, states, tickets
from tests.permissions import rights

pytestmark = pytest.mark.usefixtures("own_database")

VIEW = "accounting.contacts.view"


def ask(api: Api, **body: Any) -> Any:
    response = api.post("exports/", {"list": "contacts", "format": "csv"} | body)
    assert response.status_code == 202, response.content
    return response.data


def made(company: Company, api: Api, **body: Any) -> Any:
    """The export as its maker sees it when its job has ended."""
    export = ask(api, **body)
    run_all(company)
    return api.ok("GET", f"exports/{export['id']}/")


def csv_of(export: Any) -> list[dict[str, str]]:
    text = body_of(follow(export["link"])).decode()
    return list(csv.DictReader(io.StringIO(text)))


def sheet_of(export: Any) -> list[tuple[Any, ...]]:
    return read_sheet(io.BytesIO(body_of(follow(export["link"]))))


def read_sheet(file: Any) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(file).active.iter_rows(values_only=True))


def streamed(api: Api, path: str) -> bytes:
    """What the list itself gives as CSV."""
    response = api.get(path, accept="text/csv")
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


@command
def gather(ctx: Context, *, count: int) -> None:
    for number in range(count):
        contact_create(ctx, values={"name": f"C{number % 7}", "reference": f"{number}"})


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page of rows is a slice of its own, and a page is short."""
    monkeypatch.setattr(running, "SLICE_SECONDS", -1.0)
    monkeypatch.setattr("core.exports.lists.PAGE_ROWS", 10)


# --- what is in it ------------------------------------------------------------------------


def test_an_export_is_what_the_list_itself_gives_as_csv(
    acme: Company, alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.exports.lists.PAGE_ROWS", 20)
    gather(acme.ctx(), count=43)
    export = made(acme, alice)
    assert (export["state"], export["progress"], export["error"]) == ("done", 100, "")
    assert set(export) == set(ExportOutput().fields), "what is documented, and no more"
    assert export["rows"] == export["total"] == 43
    assert body_of(follow(export["link"])) == streamed(alice, "contacts/")
    response = follow(export["link"])
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        f'filename="contacts-{datetime.now(UTC):%Y-%m-%d}.csv"' in response["Content-Disposition"]
    )


def test_filters_orderings_and_fields_are_the_lists_own(acme: Company, alice: Api) -> None:
    books = open_books()
    owner, company = api_of(books.company, books.company.owner), books.company
    for amount in ("10.00", "20.00"):
        books.document(amount)
    books.document("5.00", post=False)
    asked = {
        "filters": {"status": "posted", "ordering": "issued_on"},
        "fields": ["number", "total"],
    }
    export = made(company, owner, list="invoices", **asked)
    wanted = streamed(owner, "invoices/?status=posted&ordering=issued_on&fields=number,total")
    assert body_of(follow(export["link"])) == wanted
    assert len(csv_of(export)) == 2
    refused = owner.post(
        "exports/", {"list": "invoices", "format": "csv", "filters": {"nope": "1"}}
    )
    assert refusal(refused, 422)["fields"][0]["name"] == "filters.nope"
    for body in (
        {"list": "invoices", "fields": ["secret"]},
        {"list": "invoices", "filters": {"status": "sleeping"}},
        {"list": "invoices", "filters": {"limit": "1"}},
        {"list": "invoices", "filters": {"ordering": "total"}},
        {"list": "threads"}, {"list": "no-such"}, {"list": "../admin"}, {"list": "invoices/?a=b"},
        {"list": "contacts", "format": "pdf"},
    ):  # fmt: skip
        refusal(owner.post("exports/", {"format": "csv"} | body), 422)


def test_a_report_is_exported_as_a_list_is(acme: Company, alice: Api) -> None:
    books = open_books()
    owner = api_of(books.company, books.company.owner)
    books.document("10.00")
    export = made(books.company, owner, list="reports/trial-balance")
    assert body_of(follow(export["link"])) == streamed(owner, "reports/trial-balance/")
    ledger = {
        "list": "reports/general-ledger",
        "filters": {"account_id": str(books.accounts["bank"])},
    }
    assert made(books.company, owner, **ledger)["state"] == "done"


def test_whatever_gives_csv_can_be_exported(acme: Company, alice: Api) -> None:
    """Each address of the URLconf, with the id of some record where it asks for one."""
    books = open_books()
    owner = api_of(books.company, books.company.owner)
    bank = str(books.accounts["bank"])
    tried = 0
    for path, view_class, _ in addresses():
        endpoint = declared(view_class).get("GET")
        if endpoint is None or not endpoint.csv:
            continue
        address = path.removeprefix("/api/v1/").replace("{id}", bank).strip("/")
        filters = {"account_id": bank} if address == "reports/general-ledger" else {}
        ask(owner, list=address, filters=filters)
        tried += 1
        run_all(books.company)
    assert tried > 25
    listed = owner.ok("GET", "exports/?limit=200")["data"]
    assert len(listed) == tried
    wrong = [
        e
        for e in listed
        if e["state"] != "done" and "{id}" not in e["list"] and bank not in e["list"]
    ]
    assert wrong == []


def test_a_cell_is_never_a_formula(acme: Company, alice: Api) -> None:
    for name in ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx"):
        contact_create(acme.ctx(), values={"name": name})
    names = {row["name"] for row in csv_of(made(acme, alice))}
    rows = sheet_of(made(acme, alice, format="xlsx", fields=["name"]))
    assert {row[0] for row in rows[1:]} == names
    assert all(name.startswith("'") for name in names)


def test_a_workbook_has_numbers_days_and_times(tmp_path: Path) -> None:
    xlsx = formats.FORMATS["xlsx"]
    moment = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
    values = {
        "amount": (Decimal("1234567890123.45"), 1234567890123.45),
        "too_long": (Decimal("12345678901234567.89"), "12345678901234567.89"),
        "whole": (7, 7),
        "negative": (Decimal("-0.10"), -0.1),
        "day": (date(2026, 3, 1), datetime(2026, 3, 1)),  # noqa: DTZ001  as a sheet has it
        "before": (date(1899, 1, 1), "1899-01-01"),
        "moment": (moment, moment.replace(tzinfo=None)),
        "truth": (True, True),
        "nothing": (None, None),
        "id": (UUID(int=1), str(UUID(int=1))),
        "digits": ("007", "007"),
        "link": ("https://example.test", "https://example.test"),
        "long": ("x" * 40_000, "x" * 32_766 + "…"),
        "embedded": ({"a": 1}, '{"a":1}'),
    }
    line = xlsx.line({name: given for name, (given, _) in values.items()}, list(values))
    xlsx.assemble(tmp_path / "book.xlsx", list(values), [io.BytesIO(line)])
    head, row = read_sheet(tmp_path / "book.xlsx")
    assert head == tuple(values)
    assert dict(zip(head, row, strict=True)) == {name: shown for name, (_, shown) in values.items()}
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx").active
    assert [sheet.cell(2, n).number_format for n in (1, 3, 5)] == ["0.00", "0", "yyyy-mm-dd"]


# --- who may ------------------------------------------------------------------------------


def test_who_may_not_see_the_list_may_not_export_it(acme: Company, bob: Api, charlie: Api) -> None:
    refusal(bob.post("exports/", {"list": "audit", "format": "csv"}), 403)
    refusal(Api(None).post("exports/", {"list": "contacts", "format": "csv"}), 401)
    assert states(acme) == []


def test_what_was_taken_away_meanwhile_is_not_exported(acme: Company, alice: Api) -> None:
    """Asked again by the job, and again when it is fetched."""
    ann, role = new_user("ann"), rights.role_of(acme, VIEW)
    join(acme, ann, role["code"])
    api = api_of(acme, ann)
    whole, waiting = made(acme, api), ask(api)
    role_update(acme.ctx(), role_id=role["id"], values={"grants": []})
    assert follow(whole["link"]).status_code == 404
    run_all(acme)
    found = api.ok("GET", f"exports/{waiting['id']}/")
    assert (found["state"], found["link"], found["file_id"]) == ("failed", None, None)
    assert found["error"] == f"Your roles do not hold {VIEW}."
    assert job_of(acme, UUID(found["job_id"])).attempts == 1, "it is not tried again"


def test_who_has_left_exports_nothing(acme: Company, alice: Api) -> None:
    ann = join(acme, new_user("ann"), "viewer")
    export = ask(api_of(acme, ann))
    Membership.objects.filter(user=ann, tenant=acme.tenant_id).update(is_active=False)
    run_all(acme)
    [found] = alice.ok("GET", "exports/")["data"]
    assert (found["id"], found["state"], found["link"]) == (export["id"], "failed", None)
    assert found["error"] == running.LEFT


def test_an_export_is_its_makers(acme: Company, alice: Api, bob: Api, charlie: Api) -> None:
    export = made(acme, bob)
    assert csv_of(export) == []
    seen = alice.ok("GET", f"exports/{export['id']}/")
    assert (seen["state"], seen["link"]) == ("done", None), "she may see all, and fetch her own"
    assert alice.get(f"files/{export['file_id']}/").status_code == 404
    his = made(acme, alice)
    for api in (bob, charlie):
        for method, path in (
            ("GET", f"exports/{his['id']}/"),
            ("POST", f"exports/{his['id']}/cancel/"),
        ):
            assert api.call(method, path).status_code == 404
    assert [e["id"] for e in bob.ok("GET", "exports/")["data"]] == [export["id"]]
    assert charlie.ok("GET", "exports/")["data"] == []


def test_that_a_list_leaves_the_house_is_in_the_log(acme: Company, alice: Api) -> None:
    ask(alice, list="invoices", format="xlsx", filters={"status": "posted"})
    entries = alice.ok("GET", f"audit/?actor_id={acme.owner.pk}")["data"]
    [look] = [e for e in entries if e["action"] == "read" and "export" in e["new"]]
    assert look["new"] == {"export": "xlsx", "list": "invoices", "status": "posted"}
    assert look["actor_id"] == str(acme.owner.pk)
    tickets(acme).delete()


# --- in slices ------------------------------------------------------------------------------


@pytest.mark.usefixtures("slices")
@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_long_one_goes_on_in_its_turn_and_begins_nothing_anew(
    acme: Company, alice: Api, format: str
) -> None:
    gather(acme.ctx(), count=35)
    export = ask(alice, format=format)
    assert run_all(acme) >= 4
    found = alice.ok("GET", f"exports/{export['id']}/")
    assert (found["state"], found["rows"], found["progress"]) == ("done", 35, 100)
    if format == "csv":
        assert body_of(follow(found["link"])) == streamed(alice, "contacts/")
    else:
        assert len({row[0] for row in sheet_of(found)[1:]}) == 35
    assert job_of(acme, UUID(export["job_id"])).attempts == 1
    assert kept_files(acme) == ["export"], "parts are not kept"


@pytest.mark.usefixtures("slices")
def test_a_worker_that_dies_between_slices_loses_a_slice(acme: Company, alice: Api) -> None:
    gather(acme.ctx(), count=35)
    export = ask(alice)
    job_id = UUID(export["job_id"])
    while not alice.ok("GET", f"exports/{export['id']}/")["rows"]:
        run_next(queues_served())
    assert alice.ok("GET", f"exports/{export['id']}/")["rows"] == 10
    die(acme, job_id)
    hurry(acme)
    run_all(acme)
    found = alice.ok("GET", f"exports/{export['id']}/")
    assert body_of(follow(found["link"])) == streamed(alice, "contacts/")


@pytest.mark.usefixtures("slices")
def test_one_that_is_called_off_leaves_nothing(acme: Company, alice: Api) -> None:
    gather(acme.ctx(), count=35)
    export = ask(alice)
    while not kept_files(acme):
        run_next(queues_served())
    assert kept_files(acme) == ["export part"]
    assert alice.ok("POST", f"exports/{export['id']}/cancel/")["state"] == "cancelled"
    assert alice.post(f"exports/{export['id']}/cancel/").status_code == 409
    run_all(acme)
    assert kept_files(acme) == []
    assert alice.ok("GET", f"exports/{export['id']}/")["link"] is None


@pytest.mark.usefixtures("slices")
def test_a_part_is_nobodys(acme: Company, alice: Api) -> None:
    gather(acme.ctx(), count=25)
    ask(alice)
    while not kept_files(acme):
        run_next(queues_served())

    @query
    def part(ctx: Context) -> StoredFile:
        return StoredFile.objects.get()

    assert alice.get(f"files/{part(acme.ctx()).pk}/").status_code == 404
    assert follow(link_of(acme, part(acme.ctx()))).status_code == 404
    run_all(acme)


def test_more_rows_than_may_be_are_refused_and_it_is_said_why(
    acme: Company, alice: Api, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EXPORT_ROWS_MAX = 20
    gather(acme.ctx(), count=21)
    found = made(acme, alice)
    assert (found["state"], found["error"]) == (
        "failed",
        "More than 20 rows: narrow it with filters.",
    )
    assert made(acme, alice, filters={"name": "C1"})["state"] == "done"
    settings.EXPORT_ROWS_MAX = 1000
    monkeypatch.setattr(formats.XlsxFormat, "rows_max", 20)
    assert made(acme, alice, format="xlsx")["error"].startswith("More than 20 rows")
    assert made(acme, alice)["state"] == "done"


def kept_files(company: Company) -> list[str]:
    """Of what nobody has ended."""

    @query
    def look(ctx: Context) -> list[str]:
        found = StoredFile.objects.filter(expires_at__gt=ctx.now)
        return list(found.values_list("purpose", flat=True))

    return look(company.ctx())


# --- and then ---------------------------------------------------------------------------


def test_a_full_queue_takes_no_export(acme: Company, alice: Api, settings: Any) -> None:
    flood(acme, settings.QUEUE_LIMIT)
    refused = alice.post("exports/", {"list": "contacts", "format": "csv"})
    assert (refused.status_code, refused.data["error"]["code"]) == (503, "QUEUE_FULL")
    assert alice.ok("GET", "exports/")["data"] == []
    tickets(acme).delete()


def test_what_is_known_of_it_goes_with_its_file(acme: Company, alice: Api) -> None:
    export = made(acme, alice)
    exports_purge(acme.ctx().now + EXPORTS_KEPT / 2)
    assert alice.get(f"exports/{export['id']}/").status_code == 200
    exports_purge(acme.ctx().now + EXPORTS_KEPT)
    assert alice.get(f"exports/{export['id']}/").status_code == 404

    @query
    def left(ctx: Context) -> int:
        return Export.objects.count()

    assert left(acme.ctx()) == 0

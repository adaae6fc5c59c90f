"""The lines of docs/first-invoice.md, run by a shell against a server, do what they say."""

import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.api.books import document, fill, open_books, payment
from tests.cast import PASSWORD, Api, Company

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "first-invoice.md"
DEMO = {
    "URL": "http://127.0.0.1:8000/api/v1",
    "EMAIL": "alice@example.com",
    "PASSWORD": "alder-finch-demo-1",
}


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("in_use", [False, True], ids=["new books", "books in use"])
def test_the_calls_do_what_they_say(
    acme: Company, alice: Api, port: int, tmp_path: Path, in_use: bool
) -> None:
    if in_use:
        make_use_of(alice)
    address = f"http://127.0.0.1:{port}/api/v1"
    script = as_said_to(blocks("sh"), URL=address, EMAIL=acme.owner.email, PASSWORD=PASSWORD)
    done = run(script, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == blocks("text")
    assert_the_books_balance(alice)
    assert (tmp_path / "trial-balance.csv").read_text().startswith("account_id,code,name")
    [made] = alice.ok("GET", "invoices/?status=paid")["data"]
    assert (made["total"], made["outstanding"]) == ("193.08", "0.00")
    assert len({line["tax_id"] for line in lines_of(alice, made)}) == 2
    assert len(lines_of(alice, made)) == 5


def test_the_document_speaks_of_the_demo_that_there_is() -> None:
    from accounting.services.imports.demo import USERS

    known = {user.email: user.password for user in USERS}
    assert known[DEMO["EMAIL"]] == DEMO["PASSWORD"]


def assert_the_books_balance(api: Api) -> None:
    """Debits equal credits; receivables equal the open documents, counted one by one."""
    balance = api.ok("GET", "reports/trial-balance/")
    assert balance["totals"]["debit"] == balance["totals"]["credit"] != "0.00"
    [account] = api.ok("GET", "accounts/?role=receivable")["data"]
    rows = {row["account_id"]: row["balance"] for row in balance["rows"]}
    owed = total(api, "invoices/?status=open", "outstanding")
    credited = total(api, "credit-notes/?status=open", "outstanding")
    received = total(api, "payments/?kind=receipt&state=posted", "amount")
    received -= total(api, "payments/?kind=receipt&state=posted", "allocated")
    assert Decimal(rows[account["id"]]) == owed - credited - received


def total(api: Api, path: str, name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in api.ok("GET", path)["data"]), Decimal(0))


def lines_of(api: Api, row: dict[str, Any]) -> list[Any]:
    lines: list[Any] = api.ok("GET", f"invoices/{row['id']}/")["lines"]
    return lines


def make_use_of(api: Api) -> None:
    """Open invoices, credits and money on account of other customers."""
    books = fill(open_books(api))
    api.ok("POST", "invoices/", document(books.customer, post=True))
    api.ok("POST", "payments/", payment(books.customer, "3.00", post=True))


def blocks(language: str) -> str:
    """The document's code blocks of one language, one after the other."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return "".join(re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def as_said_to(script: str, **values: str) -> str:
    """The script for another server and another login than the demo's."""
    for name, value in values.items():
        line = f"{name}={DEMO[name]}\n"
        assert script.count(line) == 1
        script = script.replace(line, f"{name}='{value}'\n")
    return script


def run(script: str, directory: Path) -> "subprocess.CompletedProcess[str]":
    command = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120)

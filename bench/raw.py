"""pgbench scripts of a posting: bare tables, the product's statements, a request's statements.

One script per tenant, with its ids as literals, because pgbench has no UUIDs.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from unittest import mock

import psycopg

from accounting.selectors import facts
from accounting.services import booking
from accounting.services.documents import document_create
from bench.database import SQL, application_dsn
from bench.world import Company, invoice_input
from permissions.tokens import token_hash

MARK = "@"


def raw_scripts(companies: Iterable[Company], day: date) -> list[str]:
    """RAW: the rows alone, on tables that nothing guards."""
    template = (SQL / "raw_posting.sql").read_text()
    return [
        template.format(
            tenant=one.tenant_id, user=one.user_id, contact=one.contacts[0], sales=one.sales,
            receivable=one.receivable, tax_account=one.tax_account, series=one.series,
            tax_0=one.taxes[0], tax_1=one.taxes[1], day=day, due=day + timedelta(days=30),
        )
        for one in companies
    ]  # fmt: skip


def guarded_scripts(
    companies: Sequence[Company], day: date, *, whole_request: bool = False
) -> list[str]:
    """The product's booking statements as it sends them; with `whole_request` all its statements.

    The parameters are recorded from a real call. Its ids are new in every
    transaction: PostgreSQL makes them while it sets the tenant.
    """
    return [_guarded(company, day, whole_request) for company in companies]


def _guarded(company: Company, day: date, whole_request: bool) -> str:
    recorded = dict(_recorded(company, day))
    rows = recorded[booking.INSERT_SQL]["rows"]
    post = recorded[booking.POST_SQL]
    ids = sorted(set(re.findall(r'"id":"([0-9a-f-]{36})"', rows + post["events"])))
    made = ", ".join(f"{_fresh(text, ids)} AS {name}" for name, text in _texts(rows, post).items())
    begin = (
        f"SELECT set_config('app.tenant_id', '{company.tenant_id}', true), {made}\n"
        f"FROM (SELECT {', '.join(f'uuidv7() AS i{n}' for n in range(len(ids)))} OFFSET 0) made\n"
        "\\gset\n"
    )
    booked = [
        _statement(booking.INSERT_SQL, recorded[booking.INSERT_SQL], {"rows"}),
        _statement(booking.POST_SQL, post, {"postings", "events"}),
    ]
    before, asked = [], []
    if whole_request:
        hashed = token_hash(company.token).hex()
        before = [f"SELECT * FROM permissions_authenticate('\\x{hashed}'::bytea, now());\n"]
        asked = [_statement(facts.FACTS_SQL, recorded[facts.FACTS_SQL], set())]
    return "".join([*before, "BEGIN;\n", begin, *asked, *booked, "COMMIT;\n"])


def _texts(rows: str, post: dict[str, Any]) -> dict[str, str]:
    return {"rows": rows, "postings": post["postings"], "events": post["events"]}


def _recorded(company: Company, day: date) -> list[tuple[str, dict[str, Any]]]:
    """(statement, parameters) of one posted invoice, as the service executes them."""
    seen: list[tuple[str, dict[str, Any]]] = []
    original = booking.tenant_cursor

    @contextmanager
    def recording() -> Any:
        with original() as cursor:
            plain = cursor.execute

            def execute(sql: str, parameters: Any = None) -> Any:
                seen.append((sql, parameters))
                return plain(sql, parameters)

            cursor.execute = execute
            yield cursor

    asked = replace(invoice_input(company, day, 1), narration="")
    with (
        mock.patch.object(booking, "tenant_cursor", recording),
        mock.patch.object(facts, "tenant_cursor", recording),
    ):
        document_create(company.ctx(), document=asked, post=True)
    return seen


def _fresh(text: str, ids: Sequence[str]) -> str:
    """A SQL expression for `text` with each of `ids` replaced by a new one."""
    for number, known in enumerate(ids):
        text = text.replace(known, f"{MARK}{number}{MARK}")
    parts = re.split(f"{MARK}(\\d+){MARK}", text)
    pieces = [f"i{part}::text" if i % 2 else _literal(part) for i, part in enumerate(parts)]
    return f"concat({', '.join(pieces)})"


def _statement(sql: str, parameters: dict[str, Any], variable: set[str]) -> str:
    """`sql` as a line of pgbench: `variable` parameters are its variables, the others literals."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        return f":{name}" if name in variable else _literal(parameters[name])

    body = re.sub(r"--[^\n]*\n", "\n", sql)
    return re.sub(r"%\((\w+)\)s", value, body).strip() + ";\n"


def _literal(value: Any) -> str:
    """As psycopg would write it; a colon is kept apart from what follows, or pgbench reads a name."""
    with psycopg.connect(application_dsn()) as connection:
        text = psycopg.sql.Literal(value).as_string(connection)
    return re.sub(r"(?<!:):(?=[A-Za-z0-9_])", ": ", text)

"""The product's own statements as pgbench scripts: recorded from a real call, ids made anew.

What is left of the time when Python is taken away, with isolation and invariants on.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from accounting.services.documents import document_create
from bench.database import BenchError, application_dsn
from bench.world import Company, invoice_input
from core.ids import uuid7

Statement = tuple[str, Any]
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
QUOTED = re.compile(r"\s*(E?)'(.*)'(::[\w \[\]]+)?", re.DOTALL)
#: pgbench takes a colon and a letter for a variable, even between quotes.
COLON = re.compile(r"(?<!:):(?=[A-Za-z0-9_])")
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%s|%%")


def guarded_scripts(companies: Iterable[Company], day: date) -> list[str]:
    """The statements that write a posted invoice, as erp_app, in one transaction."""
    return [_script(one, day, whole_request=False) for one in companies]


def request_scripts(companies: Iterable[Company], day: date) -> list[str]:
    """All statements of the request that do not come from memory."""
    return [_script(one, day, whole_request=True) for one in companies]


def _script(company: Company, day: date, *, whole_request: bool) -> str:
    newest = str(uuid7())
    asked = invoice_input(company, day, 1)
    statements = recorded(lambda: document_create(company.ctx(), document=asked, post=True))
    if not whole_request:
        statements = [(sql, p) for sql, p in statements if re.search(r"\b(INSERT|UPDATE)\b", sql)]
    writer = _Writer(newest)
    work = [writer.line(*statement) for statement in statements]
    made = "".join(f", uuidv7() AS {name}" for name in writer.names.values())
    said = company.ctx().said("document_create").replace(":", " ")
    tenant = (
        f"SELECT set_config('app.tenant_id', '{company.tenant_id}', true), "
        f"set_config('app.audit', '{said}', true){made}\n\\gset\n"
    )
    return "".join(["BEGIN;\n", tenant, *work, "COMMIT;\n"])


def recorded(work: Callable[[], object]) -> list[Statement]:
    """(SQL, parameters) of what `work` sends through Django's connection, in order."""
    seen: list[Statement] = []

    def record(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        seen.append((sql, parameters))
        return execute(sql, parameters, many, context)

    connection.ensure_connection()  # which asks for types of its own, once
    with connection.execute_wrapper(record):
        work()
    return seen


class _Writer:
    """Statements as lines of pgbench; ids newer than `newest` become its variables."""

    def __init__(self, newest: str) -> None:
        self.names: dict[str, str] = {}
        self._newest = newest
        self._connection = psycopg.connect(application_dsn())

    def line(self, sql: str, parameters: Any) -> str:
        values: Iterator[Any] = iter(parameters if isinstance(parameters, Sequence) else ())

        def value(found: re.Match[str]) -> str:
            if found[0] == "%%":
                return "%"
            return self._literal(parameters[found[1]] if found[1] else next(values))

        without_comments = re.sub(r"--[^\n]*", "", sql)
        # A format such as 'HH24:MI'; outside of quotes no single colon is SQL of ours.
        without_names = COLON.sub("' || chr(58) || '", without_comments)
        return PLACEHOLDER.sub(value, without_names).strip() + ";\n"

    def _literal(self, value: Any) -> str:
        if isinstance(value, datetime):
            return "now()"
        if isinstance(value, UUID):  # psycopg writes it without hyphens
            return self._text(f"'{value}'::uuid")
        if isinstance(value, list) and value and isinstance(value[0], UUID):
            return self._text(f"'{{{','.join(map(str, value))}}}'::uuid[]")
        return self._text(psycopg.sql.Literal(value).as_string(self._connection))

    def _text(self, text: str) -> str:
        text = COLON.sub(": ", text)
        if not any(found > self._newest for found in UUID_TEXT.findall(text)):
            return text
        quoted = QUOTED.fullmatch(text)
        if quoted is None:
            raise BenchError(f"Cannot replay this parameter: {text[:200]}")
        return self._with_new_ids(*quoted.groups(default=""))

    def _with_new_ids(self, escape: str, content: str, cast: str) -> str:
        def variable(found: re.Match[str]) -> str:
            if found[0] <= self._newest:
                return found[0]
            name = self.names.setdefault(found[0], f"i{len(self.names)}")
            return f"', :{name}::text, {escape}'"

        return f"concat({escape}'{UUID_TEXT.sub(variable, content)}'){cast}"


def page_scripts(company: Company, read: Callable[[], object]) -> list[str]:
    """The statements of a read, with the transaction that the selector opens around them."""
    body = "".join(read_lines(read))
    return [f"BEGIN;\nSET LOCAL app.tenant_id = '{company.tenant_id}';\n{body}COMMIT;\n"]


def read_lines(read: Callable[[], object]) -> list[str]:
    """The statements of a read, one by one."""
    writer = _Writer(newest="g")  # nothing is new in a read
    return [writer.line(*statement) for statement in recorded(read)]


def write_script(company: Company, command: Callable[[], object]) -> str:
    """The statements of a command. Its new ids are made after its first statement, which locks:
    who waited for the lock has later ones than who held it. A single one has nothing to wait for.
    """
    writer = _Writer(str(uuid7()))
    [lock, *rest] = [writer.line(*statement) for statement in recorded(command)]
    made = ", ".join(f"uuidv7() AS {name}" for name in writer.names.values())
    ids = f"SELECT {made}\n\\gset\n" if made else ""
    tenant = f"SET LOCAL app.tenant_id = '{company.tenant_id}';\n"
    work = [lock, ids, *rest] if rest else [ids, lock]
    return "".join(["BEGIN;\n", tenant, *work, "COMMIT;\n"])

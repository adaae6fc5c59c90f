"""Changes as the staff console shows them: side by side, and the history of one record."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html

from core.audit.declared import Unaudited
from core.audit.models import AuditLog
from core.audit.selectors import record_history
from core.audit.triggers import declaration_of
from core.errors import Invalid
from core.json import dumps
from core.listing import PageRequest
from core.tenancy.admin import Column, StaffRequest, Table

VIEW = "audit.log.view"
SIDES = (Column("Field"), Column("Before"), Column("After"))
NOTHING = "-"
ERASED = "data of a person, erased"


def history_page(request: StaffRequest, record: Model) -> HttpResponse:
    """What happened to `record`, newest first; that it was looked at is an entry as well."""
    table, row_id = record._meta.db_table, record.pk
    declared = declaration_of(type(record))
    asked = PageRequest(cursor=request.GET.get("cursor") or None)
    try:
        found = record_history(request.ctx, table=table, row_id=row_id, page=asked)
    except Invalid as error:  # a cursor that is not of this list
        raise Http404 from error
    request.looked_at = {"table": table, "row_id": str(row_id)}
    is_auditor = request.user.has_perm(VIEW)
    context = admin.site.each_context(request) | {
        "title": f"History: {record}",
        "tables": [entry_table(entry, is_auditor) for entry in found.rows],
        "pagination": found.pagination,
        "unaudited": declared.reason if isinstance(declared, Unaudited) else "",
        "record_path": reverse(f"admin:{_name(record)}_change", args=[row_id]),
    }
    return render(request, "admin/history.html", context)


def entry_table(entry: dict[str, Any], is_auditor: bool) -> Table:
    """One entry: who did what and when above, old and new side by side."""
    action = AuditLog.Action(entry["action"]).label
    who = entry["actor_name"] or ("the system" if entry["operation"] else entry["database_user"])
    said = [f"{entry['occurred_at']:%Y-%m-%d %H:%M:%S} UTC", entry["operation"], entry["reason"]]
    title = f"{action} by {who} · {' · '.join(filter(None, said))}"
    link = ""
    if is_auditor and entry["request_id"]:
        address = log_path(request_id=entry["request_id"])
        link = format_html('<a class="erp-link" href="{}">All of this request</a>', address)
    return Table(title, SIDES, rows_of(entry), link=link)


def rows_of(entry: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(field, before, after), without what a created or deleted row left empty."""
    old, new = _by_name(entry["old"]), _by_name(entry["new"])
    rows = [(name, text_of(old, name), text_of(new, name)) for name in new | old]
    rows = [row for row in rows if row[1:] != (NOTHING, NOTHING)]
    return [*rows, (ERASED, NOTHING, NOTHING)] if entry["is_erased"] else rows


def _by_name(side: dict[str, Any] | None) -> dict[str, Any]:
    """Values by column; of lines that came or went together, each line's under its number."""
    lines = (side or {}).get("rows")
    if not isinstance(lines, list):
        return side or {}
    return {f"line {number}": _line_text(line) for number, line in enumerate(lines, start=1)}


def _line_text(line: dict[str, Any]) -> str:
    said = [(name, text_of(line, name)) for name in line if name != "id"]
    return ", ".join(f"{name} {text}" for name, text in said if text != NOTHING)


def text_of(side: dict[str, Any], name: str) -> str:
    value = side.get(name)
    if value is None or value == "":
        return NOTHING
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    return value if isinstance(value, str) else dumps(value).decode()


def log_path(**narrow: Any) -> str:
    """The address of the log, of one user, one request or one record."""
    return f"{reverse('admin:audit_auditlog_changelist')}?{urlencode(narrow)}"


def _name(record: Model) -> str:
    return f"{record._meta.app_label}_{record._meta.model_name}"

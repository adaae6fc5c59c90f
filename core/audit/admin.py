"""The audit log in the staff console: looked at, narrowed, exported; never changed."""

from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from core.api.csv_stream import csv_lines
from core.audit.console import NOTHING, entry_table, log_path
from core.audit.declared import Unaudited
from core.audit.models import AuditLog
from core.audit.selectors import entries_of, until_now
from core.audit.serializers import AuditEntry
from core.audit.triggers import declaration_of
from core.ids import uuid7_floor
from core.tenancy.admin import COUNTED_MAX, Fact, Record, RecordAdmin, StaffRequest, Values

SPAN_DEFAULT = "7"
SPANS = {"1": "Last 24 hours", "30": "Last 30 days", "90": "Last 90 days"}
#: With one of these an index finds the rows, however old they are.
NARROW = frozenset({"row_id", "actor_id", "request_id", "q"})
COLUMNS = list(AuditEntry().fields)


class SpanFilter(admin.SimpleListFilter):
    title, parameter_name = "time", "days"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return list(SPANS.items())

    def choices(self, changelist: Any) -> Any:
        first, *rest = super().choices(changelist)
        yield first | {"display": f"Last {SPAN_DEFAULT} days; of one record or request all"}
        yield from rest

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        days = self.value()
        if days not in SPANS and not NARROW.isdisjoint(name for name in request.GET):
            return queryset
        span = timedelta(days=int(days if days in SPANS else SPAN_DEFAULT))
        return queryset.filter(id__gte=uuid7_floor(request.ctx.now - span))


class TableFilter(admin.SimpleListFilter):
    title, parameter_name = "table", "table"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """Those of companies: changes of the others are the platform's."""
        audited = {
            model._meta.db_table: f"{model._meta.verbose_name} ({model._meta.db_table})"
            for model in apps.get_models()
            if not isinstance(declaration_of(model), Unaudited)
            and not model._meta.proxy
            and any(field.column == "tenant_id" for field in model._meta.concrete_fields)
        }
        return sorted(audited.items())

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(table=self.value()) if self.value() else queryset


@admin.register(AuditLog)
class AuditLogAdmin(RecordAdmin):
    page = "audit.log"
    change_list_template = "admin/audit_log.html"
    list_display = ("happened", "who", "action", "table", "row_id", "operation", "reason")
    list_filter = (SpanFilter, ("action", ChoicesDropdownFilter), TableFilter)
    search_fields = ("request_id",)
    search_help_text = "The id of a record, a user or a request"
    sortable_by = ()
    ordering = ("-id",)

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        users: Any = get_user_model()
        actor = users._default_manager.filter(pk=OuterRef("actor_id"))
        name = Subquery(actor.values(users.USERNAME_FIELD)[:1])
        return until_now(request.ctx.now).annotate(login_name=name).order_by(*self.ordering)

    def get_search_results(
        self, request: StaffRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        wanted = Q(request_id=words)
        with suppress(ValueError):
            key = UUID(words)
            wanted |= Q(row_id=key) | Q(actor_id=key)
        return queryset.filter(wanted), False

    @admin.display(description="happened")
    def happened(self, entry: AuditLog) -> str:
        return f"{entry.at:%Y-%m-%d %H:%M:%S} UTC"

    @admin.display(description="who")
    def who(self, entry: Any) -> str:
        return entry.login_name or ("the system" if entry.operation else entry.database_user)

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export_view)
        return [path("export/", export, name="audit_auditlog_export"), *super().get_urls()]

    def changelist_view(
        self, request: StaffRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        request.looked_at = request.GET.dict()
        return super().changelist_view(request, extra_context)

    def export_view(self, request: StaffRequest) -> HttpResponse:
        """The list as it is narrowed, as far as it is counted."""
        if not self.may(request, "view"):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters as error:
            raise Http404 from error
        request.looked_at = request.GET.dict() | {"export": "csv"}
        lines = csv_lines(entries_of(rows[:COUNTED_MAX]), COLUMNS, frozenset())
        response = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="audit.csv"'
        return response

    def record(self, request: StaffRequest, obj: Any) -> Record:
        request.looked_at = {"id": str(obj.pk)}
        [entry] = entries_of(AuditLog.objects.filter(pk=obj.pk))
        facts = [
            Fact("Happened", f"{entry['occurred_at']:%Y-%m-%d %H:%M:%S.%f} UTC"),
            Fact("Who", _log(self.who(obj), actor_id=obj.actor_id)),
            Fact("Record", _log(f"{obj.table} {obj.row_id}", row_id=obj.row_id)),
            Fact("Request", _log(obj.request_id, request_id=obj.request_id)),
            Fact("Operation", obj.operation or NOTHING),
            Fact("Reason", obj.reason or NOTHING),
            Fact("Login", obj.session_id or NOTHING),
            Fact("Address", obj.address or NOTHING),
            Fact("Database user", obj.database_user),
        ]
        return Record(facts, [entry_table(entry, is_auditor=False)])


def _log(text: str, **narrow: Any) -> Any:
    """`text` as a link to all of the same, where it is of anything."""
    if None in narrow.values() or "" in narrow.values():
        return text or NOTHING
    return format_html('<a class="erp-link" href="{}">{}</a>', log_path(**narrow), text)

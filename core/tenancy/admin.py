"""What every page of the staff console has in common, whatever it is about.

Kinds of pages: lists and forms (`TenantModelAdmin`), records that are only looked at
(`RecordAdmin`), and forms whose saving is a service (`ServiceModelAdmin`), of one record
(`SingleRecordAdmin`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.paginator import Paginator
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from core.errors import DomainError, OperationTimeout
from core.tenancy.context import Context
from core.tenancy.transactions import ATTEMPTS_MAX, TIMED_OUT, sqlstate

Values = dict[str, Any]
#: Rows of a list that are counted, and can be paged to. Beyond, a filter is needed.
COUNTED_MAX = 10_000


class StaffRequest(HttpRequest):
    """A request inside the console, as the staff middleware leaves it."""

    ctx: Context
    user: Any
    #: What the page shows of the audit log; the staff middleware writes it down.
    looked_at: Values


class BoundedPaginator(Paginator):
    """Counts no further than COUNTED_MAX, so a list of millions opens as fast as a short one."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:COUNTED_MAX].count())


class BoundedList(ChangeList):
    """A list that says how many rows it has, or that there are more than it counted."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        narrowed = self.query or self.has_active_filters
        self.full_result_count = None if narrowed else self.result_count
        self.has_more = self.result_count >= COUNTED_MAX


class TenantModelAdmin(ModelAdmin):
    """Asks for our permission codes: `page` is their `module.page`, the rest is the action.

    Django's own permissions and its log of changes are not used: that log is one
    table for all companies, and knows only of what is done here.
    """

    page: str
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # each is a count over everything
    list_per_page = 50
    list_max_show_all = 0
    list_filter_submit = True
    compressed_fields = True

    def may(self, request: StaffRequest, action: str) -> bool:
        allowed: bool = request.user.has_perm(f"{self.page}.{action}")
        return allowed

    def get_changelist(self, request: StaffRequest, **kwargs: Any) -> type[ChangeList]:
        return BoundedList

    def has_module_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "view")

    def has_view_permission(self, request: StaffRequest, obj: Any = None) -> bool:
        return self.may(request, "view")

    def has_add_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "create")

    def has_change_permission(self, request: StaffRequest, obj: Any = None) -> bool:
        return self.may(request, "update")

    def has_delete_permission(self, request: StaffRequest, obj: Any = None) -> bool:
        """Nothing is deleted here: what was posted stays, what is unused is made inactive."""
        return False

    def changelist_view(
        self, request: StaffRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        """Django quietly ignores an action that one may not take; we say so."""
        asked = {name for name in request.POST.getlist("action") if name}
        if asked - set(self.get_actions(request)):
            raise PermissionDenied
        _require_ids(request.POST.getlist("_selected_action"))
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def history_view(
        self, request: StaffRequest, object_id: str, extra_context: Values | None = None
    ) -> HttpResponse:
        """What the audit log holds of the record; for whoever may see the record."""
        from core.audit.console import history_page  # which is made of the tables below

        record = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, record):
            raise PermissionDenied
        if record is None:
            raise Http404
        return history_page(request, record)

    def log_addition(self, *args: Any) -> None:
        pass

    def log_change(self, *args: Any) -> None:
        pass


class Fact(NamedTuple):
    """A labelled value of a record's page."""

    label: str
    value: Any


class Column(NamedTuple):
    title: str
    is_amount: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a record's page; `foot` holds the rows of its totals."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    foot: Sequence[Sequence[Any]] = ()
    link: Any = ""

    def body_cells(self) -> list[list[tuple[Any, bool]]]:
        return [self._cells(row) for row in self.rows]

    def foot_cells(self) -> list[list[tuple[Any, bool]]]:
        return [self._cells(row) for row in self.foot]

    def _cells(self, row: Sequence[Any]) -> list[tuple[Any, bool]]:
        pairs = zip(row, self.columns, strict=True)
        return [(value, column.is_amount) for value, column in pairs]


class Ask(NamedTuple):
    """What a button asks for before it posts; `type` is that of an input, or `textarea`."""

    name: str
    label: str
    type: str = "text"


@dataclass(frozen=True, slots=True)
class Button:
    """A transition that the page offers, as a form that posts to `path`."""

    label: str
    path: str
    asks: Sequence[Ask] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What a record's page shows."""

    facts: Sequence[Fact]
    tables: Sequence[Table] = ()
    buttons: Sequence[Button] = field(default=())


class RecordAdmin(TenantModelAdmin):
    """A model that is looked at, never typed into: services alone write it."""

    change_form_template = "admin/record.html"
    fields = ()

    def record(self, request: StaffRequest, obj: Any) -> Record:
        raise NotImplementedError

    def has_add_permission(self, request: StaffRequest) -> bool:
        return False

    def has_change_permission(self, request: StaffRequest, obj: Any = None) -> bool:
        return False

    def render_change_form(
        self, request: StaffRequest, context: Values, *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        context["record"] = self.record(request, obj)
        response: HttpResponse = super().render_change_form(
            request, context, *args, obj=obj, **kwargs
        )
        return response


class ServiceForm(forms.ModelForm):
    """Shows what a service refused beside the field it is about."""

    #: Set on the class that the admin makes for one request.
    refusal: DomainError | None = None

    def clean(self) -> Values:
        cleaned: Values = super().clean() or self.cleaned_data
        if self.refusal is not None:
            self.show(self.refusal)
        return cleaned

    def show(self, refusal: DomainError) -> None:
        named = [(self._field_of(error.name), error.message) for error in refusal.fields]
        for name, message in named or [(None, refusal.message)]:
            self.add_error(name, message)

    def _field_of(self, name: str) -> str | None:
        """A service says `parent_id`, `number_formats.bill.digits`; the form has `parent`."""
        root = name.partition(".")[0]
        return next((n for n in (root, root.removesuffix("_id")) if n in self.fields), None)


class ServiceModelAdmin(TenantModelAdmin):
    """A form whose saving is one call of a service, as the API's is.

    `version` travels with the form, so that nobody overwrites what a colleague
    changed in the meantime.
    """

    form = ServiceForm

    def save_record(
        self, ctx: Context, record_id: UUID | None, values: Values, version: int | None
    ) -> Any:
        """Create (no id) or update by the service; returns the record."""
        raise NotImplementedError

    def save_model(self, request: StaffRequest, obj: Any, form: Any, change: bool) -> None:
        names = form.changed_data if change else form.cleaned_data
        values = {name: form.cleaned_data[name] for name in names if name != "version"}
        version = form.cleaned_data.get("version") if change else None
        with readable_refusals():
            obj.pk = self.save_record(request.ctx, obj.pk if change else None, values, version).pk

    def changeform_view(
        self, request: StaffRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """A refusal of the service shows the form again; its savepoint is undone by then."""
        self._require_same_tenant(request)
        try:
            response: HttpResponse = super().changeform_view(request, object_id, *args, **kwargs)
        except DomainError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            response = super().changeform_view(request, object_id, *args, **kwargs)
        return response

    def get_form(self, request: StaffRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        if "version" in form.base_fields:
            form.base_fields["version"].widget = forms.HiddenInput()
            form.base_fields["version"].required = False
        return form

    def formfield_for_dbfield(self, db_field: Any, request: StaffRequest, **kwargs: Any) -> Any:
        """Related records are chosen here and edited on their own pages, not in pop-ups."""
        found = super().formfield_for_dbfield(db_field, request, **kwargs)
        if found and isinstance(found.widget, RelatedFieldWidgetWrapper):
            found.widget = found.widget.widget
        return found

    def _require_same_tenant(self, request: StaffRequest) -> None:
        """A form opened for one company is not saved into another chosen since, in another tab."""
        opened_for = request.POST.get("_tenant")
        if opened_for not in (None, str(request.ctx.tenant_id)):
            raise PermissionDenied("Nothing was saved: this form was opened for another company.")


class SingleRecordAdmin(ServiceModelAdmin):
    """One record of the company at most, so its list leads straight to it."""

    def the_record(self, ctx: Context) -> Any:
        """The record, of version 0 where nobody has written it yet."""
        raise NotImplementedError

    def update_record(self, ctx: Context, values: Values, version: int | None) -> Any:
        raise NotImplementedError

    def has_add_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "update")

    def changelist_view(
        self, request: StaffRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        place = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        found = self.the_record(request.ctx)
        if found.version:
            return HttpResponseRedirect(reverse(f"{place}_change", args=[found.pk]))
        if self.has_add_permission(request):
            return HttpResponseRedirect(reverse(f"{place}_add"))
        return super().changelist_view(request, extra_context)

    def save_record(
        self, ctx: Context, record_id: UUID | None, values: Values, version: int | None
    ) -> Any:
        """A new one is version 0, which somebody else may have written by now."""
        return self.update_record(ctx, values, 0 if record_id is None else version)


@contextmanager
def readable_refusals() -> Iterator[None]:
    """Turn a lock or statement that timed out inside a page's transaction into a DomainError."""
    try:
        yield
    except OperationalError as error:
        if sqlstate(error) not in TIMED_OUT | set(ATTEMPTS_MAX):
            raise
        message = "Somebody else is working on the same records; nothing was changed. Try again."
        raise OperationTimeout(message) from error


def _require_ids(texts: Sequence[str]) -> None:
    for text in texts:
        try:
            UUID(text)
        except ValueError as error:
            raise BadRequest("Not the id of a record.") from error

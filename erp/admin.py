"""The staff console: one site for all apps, on django-unfold."""

from decimal import Decimal
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.apps import AdminConfig
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from unfold.sites import UnfoldAdminSite

from core.api import errors
from core.ops.staff_middleware import STAFF_PREFIX
from permissions.staff import membership_of, memberships_of, switch_tenant

#: Group, and in it: title, icon, name of the address, permission.
NAVIGATION = {
    "Sales": [
        ("Invoices", "receipt_long", "accounting_invoice", "accounting.invoices"),
        ("Credit notes", "undo", "accounting_creditnote", "accounting.credit-notes"),
    ],
    "Purchases": [
        ("Bills", "request_quote", "accounting_bill", "accounting.bills"),
        ("Debit notes", "redo", "accounting_debitnote", "accounting.debit-notes"),
    ],
    "Money": [
        ("Payments", "payments", "accounting_payment", "accounting.payments"),
        ("Allocations", "join", "accounting_allocation", "accounting.allocations"),
    ],
    "Ledger": [
        ("Journals", "menu_book", "accounting_journal", "accounting.journals"),
        ("Accounts", "account_tree", "accounting_account", "accounting.accounts"),
        ("Taxes", "percent", "accounting_tax", "accounting.taxes"),
        ("Series", "tag", "accounting_series", "accounting.series"),
    ],
    "Company": [
        ("Contacts", "contacts", "accounting_contact", "accounting.contacts"),
        ("Settings", "tune", "accounting_companysettings", "accounting.settings"),
        ("Members", "group", "permissions_membership", "permissions.users"),
        ("Roles", "key", "permissions_role", "permissions.roles"),
    ],
}
#: The plot's bars are this high at most, in the units of its view box.
PLOT_HEIGHT = 100


class StaffConsoleConfig(AdminConfig):
    default_site = "erp.admin.StaffConsole"


class StaffConsole(UnfoldAdminSite):
    """Shows one company at a time, to staff who are members of it."""

    site_header = site_title = "ERP"
    index_title = "Overview"

    def register(
        self, model_or_iterable: Any, admin_class: Any = None, **options: Any
    ) -> None:
        """Only pages that know about tenants; what a package registers by itself stays out."""
        from core.tenancy.admin import TenantModelAdmin

        if admin_class is not None and issubclass(admin_class, TenantModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Being staff is not enough: one has to be a member of the chosen company."""
        return super().has_permission(request) and membership_of(request) is not None

    def extra_urls(self) -> list[URLPattern]:
        return [path("tenant/", self.admin_view(switch_tenant), name="switch_tenant")]

    def extra_context(self, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        return {
            **context,
            "membership": membership_of(request),
            "memberships": memberships_of(request),
        }

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().index(request, {**(extra_context or {}), **overview(request)})

    def search(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """unfold's search keeps its answers per user, not per company."""
        raise Http404

    def password_change(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Changing a password ends every session, which is the business of a service."""
        raise Http404


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: what this person may see in this company."""
    groups = [
        {"title": title, "separator": True, "items": [_item(request, *page) for page in pages]}
        for title, pages in NAVIGATION.items()
    ]
    home = {"title": "Overview", "icon": "home", "link": reverse("admin:index")}
    return [{"items": [home]}, *groups]


def _item(
    request: HttpRequest, title: str, icon: str, name: str, permission: str
) -> dict[str, Any]:
    allowed = request.user.has_perm(f"{permission}.view")
    link = reverse(f"admin:{name}_changelist")
    return {"title": title, "icon": icon, "link": link, "permission": lambda _: allowed}


def company_name(request: HttpRequest) -> str:
    """What the title of every page ends with."""
    membership = membership_of(request)
    return f"{membership.tenant.name} · ERP" if membership else "ERP"


def overview(request: HttpRequest) -> dict[str, Any]:
    """The figures of the first page, as far as this person may see them."""
    from accounting.admin.display import PLACES, amount, link, pill
    from accounting.selectors import dashboard

    ctx = request.ctx  # type: ignore[attr-defined]
    user = request.user
    kinds = [kind for kind in dashboard.KINDS if user.has_perm(f"{PLACES[kind][1]}.view")]
    found: dict[str, Any] = {"currency": dashboard.currency_get(ctx)}
    if user.has_perm("accounting.reports.view"):
        for side in ("receivables", "payables"):
            balance = dashboard.balance_get(ctx, side=side)
            found[side] = {"total": amount(balance.total), "overdue": amount(balance.overdue)}
        found["sales"] = plot(dashboard.sales_by_month(ctx))
    if kinds:
        drafts = dashboard.drafts_by_kind(ctx)
        found["drafts"] = [
            (kind.label, drafts[kind], reverse(f"admin:accounting_{PLACES[kind][0]}_changelist"))
            for kind in kinds
            if kind in drafts
        ]
        found["latest"] = [
            (link(user, x), x.get_kind_display(), x.contact, x.issued_on, pill(x.status),
             amount(x.total))
            for x in dashboard.documents_latest(ctx, kinds=kinds)
        ]  # fmt: skip
    return found

"""The staff console: one site for all apps, on django-unfold."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from unfold.sites import UnfoldAdminSite

from core.api import errors
from core.cache.console import cache_page
from core.files.console import made_page
from core.jobs.console import schedule_page
from core.ops.monitoring.console import database_page, locks_page
from core.ops.staff_middleware import STAFF_PREFIX
from core.partitions.console import partitions_page
from core.privacy.console import retention_page
from core.tenancy.admin import TenantModelAdmin, Values
from permissions.console import erasure, invitations, passwords, second_factor
from permissions.staff import membership_of, memberships_of, switch_tenant

#: Group of the sidebar to its pages: title, icon, name of the address, permission.
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
        ("Letterhead", "draft", "accounting_letterhead", "accounting.letterhead"),
        ("Sender of mails", "alternate_email", "mail_mailsettings", "mail.settings"),
        ("Words of mails", "edit_note", "mail_mailtemplate", "mail.templates"),
        ("Members", "group", "permissions_membership", "permissions.memberships"),
        ("Roles", "key", "permissions_role", "permissions.roles"),
        ("Modules", "apps", "permissions_moduleassignment", "permissions.modules"),
        ("Why may he?", "help", "permissions_permission", "permissions.explain"),
        ("Duties", "balance", "permissions_duties", "permissions.duties"),
        ("Logins", "devices", "permissions_usersession", "permissions.sessions"),
        ("Exports", "download", "exports_export", "exports.exports"),
        ("Audit log", "history", "audit_auditlog", "audit.log"),
    ],
    "Conversations": [
        ("Threads", "forum", "messaging_thread", "messaging.conversations"),
        ("Search", "manage_search", "messaging_search", "messaging.conversations"),
        ("Retention", "auto_delete", "messaging_messagingsettings", "messaging.settings"),
    ],
    "Usage": [
        ("Summary", "monitoring", "activity_usageday", "activity.summary"),
        ("Events", "bolt", "activity_usageevent", "activity.events"),
        ("Quota", "speed", "activity_usagequota", "activity.quotas"),
    ],
    "System": [
        ("Webhooks", "webhook", "webhooks_webhookendpoint", "webhooks.endpoints"),
        ("Deliveries", "send", "webhooks_webhookdelivery", "webhooks.deliveries"),
        ("Mails", "mail", "mail_mail", "mail.mails"),
        ("Jobs", "pending_actions", "jobs_job", "jobs.jobs"),
        ("Schedule", "schedule", "schedule", "system.schedule"),
        ("Cache", "memory", "cache", "system.cache"),
        ("Partitions", "calendar_month", "partitions", "system.partitions"),
        ("Retention of tables", "auto_delete", "retention", "system.retention"),
        ("Database", "database", "database", "system.database"),
    ],
}
#: Of these, the pages that are no list of a model.
PAGES = {"cache", "database", "partitions", "retention", "schedule"}
REFUSALS = {
    400: "This page was asked for in a way that it does not understand.",
    403: "This is not allowed.",
    404: "There is no such page, or no longer.",
    500: "Something went wrong. Nothing was changed, and it has been logged.",
}


class StaffConsole(UnfoldAdminSite):
    """Shows one company at a time, to staff who are members of it."""

    index_title = "Overview"
    empty_value_display = "-"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only pages that know about tenants; what a package registers by itself stays out."""
        if admin_class is not None and issubclass(admin_class, TenantModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Being staff is not enough: one has to be a member of the chosen company."""
        return bool(super().has_permission(request)) and membership_of(request) is not None

    def extra_urls(self) -> list[URLPattern]:
        return [
            path("tenant/", self.admin_view(switch_tenant), name="switch_tenant"),
            path("made/<uuid:job_id>/", self.admin_view(made_page), name="made"),
            path("cache/", self.admin_view(cache_page), name="cache"),
            path("schedule/", self.admin_view(schedule_page), name="schedule"),
            path("partitions/", self.admin_view(partitions_page), name="partitions"),
            path("retention/", self.admin_view(retention_page), name="retention"),
            path("database/", self.admin_view(database_page), name="database"),
            path("database/locks/", self.admin_view(locks_page), name="database_locks"),
            path("erase-user/", self.admin_view(erasure.erase_user), name="erase_user"),
            path("invite/", self.admin_view(invitations.invite), name="invite"),
            # At the door, so without `admin_view`; each asks for itself who is there.
            path("second-factor/", second_factor.enter, name="second_factor"),
            path("second-factor/enrol/", second_factor.enrol, name="second_factor_enrol"),
            path("forgot-password/", passwords.forgot_password, name="admin_password_reset"),
            path("reset-password/", passwords.reset_password, name="reset_password"),
            path("accept-invitation/", passwords.accept_invitation, name="accept_invitation"),
        ]

    def extra_context(self, context: Values, request: HttpRequest) -> Values:
        mine = {"membership": membership_of(request), "memberships": memberships_of(request)}
        return context | mine

    def search(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """unfold's search keeps its answers per user, not per company."""
        raise Http404

    def password_change(
        self, request: HttpRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        """A changed password ends every session, which is the business of a service."""
        return passwords.password_change(request)


def navigation(request: HttpRequest) -> list[Values]:
    """The sidebar: what this person may see in this company."""
    home = {"title": "Overview", "icon": "home", "link": reverse("admin:index")}
    groups = [
        {"title": title, "separator": True, "items": [_item(*page) for page in seen]}
        for title, pages in NAVIGATION.items()
        if (seen := [page for page in pages if request.user.has_perm(f"{page[-1]}.view")])
    ]
    return [{"items": [home]}, *groups]


def company_name(request: HttpRequest) -> str:
    """What the title of every page ends with."""
    membership = membership_of(request)
    return f"{membership.tenant.name} · ERP" if membership else "ERP"


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _refusal(request, 400) or errors.handler400(request, exception)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _refusal(request, 403, str(exception)) or errors.handler403(request, exception)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _refusal(request, 404) or errors.handler404(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    return _refusal(request, 500) or errors.handler500(request)


def _refusal(request: HttpRequest, status: int, reason: str = "") -> HttpResponse | None:
    """A page to read, for people in the console; programs are answered in JSON."""
    if not request.path_info.startswith(STAFF_PREFIX):
        return None
    request_id = getattr(request, "request_id", "")
    context = {"status": status, "message": reason or REFUSALS[status], "request_id": request_id}
    return render(request, "admin/refusal.html", context, status=status)


def _item(title: str, icon: str, name: str, page: str) -> Values:
    address = name if name in PAGES else f"{name}_changelist"
    return {"title": title, "icon": icon, "link": reverse(f"admin:{address}")}

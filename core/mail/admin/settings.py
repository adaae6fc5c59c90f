"""Who a company's mails come from, and its own words for them."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget

from core.api.forms import ShapedForm
from core.mail import kinds
from core.mail.models import MailSettings, MailTemplate
from core.mail.selectors import mail_settings_get
from core.mail.serializers import MailSettingsBody, TemplateBody
from core.mail.settings import (
    mail_settings_update,
    template_create,
    template_delete,
    template_update,
)
from core.tenancy.acts import perform
from core.tenancy.admin import (
    ServiceModelAdmin,
    SingleRecordAdmin,
    StaffRequest,
    Values,
)
from core.tenancy.context import Context


class MailSettingsForm(ShapedForm):
    shape = MailSettingsBody

    class Meta:
        help_texts = {
            "sender_address": "Of a domain that this system writes for. Empty: the system's own.",
            "reply_to": "Where answers go.",
        }
        labels = {"reply_to": "Answers to"}


@admin.register(MailSettings)
class MailSettingsAdmin(SingleRecordAdmin):
    page = "mail.settings"
    form = MailSettingsForm
    fields = (("sender_name", "sender_address"), "reply_to", "version")

    def the_record(self, ctx: Context) -> MailSettings:
        return mail_settings_get(ctx)

    def update_record(self, ctx: Context, values: Values, version: int | None) -> MailSettings:
        return mail_settings_update(ctx, values=values, expected_version=version)


def _kinds() -> list[tuple[str, str]]:
    return [(one.name, one.title) for one in kinds.declared() if not one.of_platform]


def _languages() -> list[tuple[str, str]]:
    found = {code for one in kinds.declared() for code in one.words}
    return [(code, code) for code in sorted(found)]


class TemplateForm(ShapedForm):
    shape = TemplateBody

    kind = forms.ChoiceField(choices=_kinds, widget=UnfoldAdminSelectWidget)
    language = forms.ChoiceField(choices=_languages, widget=UnfoldAdminSelectWidget)


@admin.register(MailTemplate)
class MailTemplateAdmin(ServiceModelAdmin):
    """`kind` and `language` stay as they are: other words are another template."""

    page = "mail.templates"
    form = TemplateForm
    list_display = ("kind_title", "language", "subject")
    list_display_links = ("kind_title", "subject")
    list_filter = ("language",)
    search_fields = ("kind__icontains", "subject__icontains")
    search_help_text = "Kind or subject"
    ordering = ("kind", "language")
    actions = ("delete_selected_words",)

    def get_fields(self, request: StaffRequest, obj: Any = None) -> Sequence[Any]:
        told = ("system_words",) if obj else ("placeholders",)
        return (("kind", "language"), "subject", "text", *told, "version")

    def get_readonly_fields(self, request: StaffRequest, obj: Any = None) -> Sequence[str]:
        return ("kind", "language", "system_words") if obj else ("placeholders",)

    @admin.display(description="kind", ordering="kind")
    def kind_title(self, template: MailTemplate) -> str:
        return dict(_kinds()).get(template.kind, template.kind)

    @admin.display(description="placeholders")
    def placeholders(self, template: MailTemplate) -> SafeString:
        """What each kind knows; in braces, in subject and text."""
        known = [
            (one.title, " ".join(f"{{{name}}}" for name in one.known))
            for one in kinds.declared()
            if not one.of_platform
        ]
        return format_html_join("", "<div>{}: {}</div>", known)

    @admin.display(description="the system's own words")
    def system_words(self, template: MailTemplate) -> SafeString | str:
        """What is written where there is no template, with its placeholders."""
        try:
            words = kinds.find(template.kind).words
        except kinds.UnknownKind:
            return "-"
        subject, text = words.get(template.language) or words[kinds.DEFAULT_LANGUAGE]
        return format_html('<b>{}</b><pre style="white-space: pre-wrap">{}</pre>', subject, text)

    def has_delete_words_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "delete")

    @admin.action(description="Back to the system's words", permissions=["delete_words"])
    def delete_selected_words(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        for template_id, name in [(one.pk, str(one)) for one in queryset]:
            work = partial(template_delete, request.ctx, template_id=template_id)
            done = f"{name}: the system's words are used again."
            perform(request, work, done, f"{name} was left as it is: ")

    def save_record(
        self, ctx: Context, record_id: UUID | None, values: Values, version: int | None
    ) -> MailTemplate:
        if record_id is None:
            return template_create(ctx, values=values)
        return template_update(ctx, template_id=record_id, values=values, expected_version=version)

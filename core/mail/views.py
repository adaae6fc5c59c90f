"""Doors of mails: look at them, send one again, and how the company writes."""

from typing import Any
from uuid import UUID

from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView, expected_version
from core.audit.views import history_view
from core.listing import Page, PageRequest
from core.mail import kinds, selectors, services, settings
from core.mail.filters import MailFilter, TemplateFilter
from core.mail.models import MailSettings, MailTemplate
from core.mail.serializers import (
    KindsOutput,
    MailOutput,
    MailRow,
    MailSettingsBody,
    MailSettingsOutput,
    TemplateBody,
    TemplateOutput,
    TemplatePatch,
    settings_shape,
    template_shape,
)

Row = dict[str, Any]


class MailsView(TenantView):
    resource = "mails"

    @reads(
        "mail.mails.view", MailRow, many=True, filters=MailFilter, csv=True, summary="Newest first"
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return selectors.mail_list(request.ctx, page=page)


class MailView(TenantView):
    resource = "mails"

    @reads("mail.mails.view", MailOutput, summary="One, with what it says")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return selectors.mail_get(request.ctx, mail_id=id)


class SendAgainView(TenantView):
    resource = "mails"

    @writes("mail.mails.send", MailOutput, transition=True, summary="Send it again")
    def post(self, request: TenantRequest, id: UUID) -> Row:
        """One that failed or bounced. It is the same mail, under its Message-ID."""
        services.mail_send_again(request.ctx, mail_id=id)
        return selectors.mail_get(request.ctx, mail_id=id)


class MailSettingsView(TenantView):
    resource = "mail-settings"

    @reads("mail.settings.view", MailSettingsOutput, etag=True, summary="Who its mails come from")
    def get(self, request: TenantRequest) -> Row:
        return settings_shape(selectors.mail_settings_get(request.ctx))

    @writes(
        "mail.settings.update",
        MailSettingsOutput,
        body=MailSettingsBody,
        partial=True,
        etag=True,
        summary="Change it",
    )
    def patch(self, request: TenantRequest, body: Row) -> Row:
        version = expected_version(request)
        changed = settings.mail_settings_update(request.ctx, values=body, expected_version=version)
        return settings_shape(changed)


class KindsView(TenantView):
    resource = "mail-kinds"

    @reads(
        "mail.templates.view", KindsOutput, summary="What can be written, and the system's words"
    )
    def get(self, request: TenantRequest) -> Row:
        return {"kinds": [_kind_shape(one) for one in kinds.declared() if not one.of_platform]}


class TemplatesView(TenantView):
    resource = "mail-templates"

    @reads(
        "mail.templates.view",
        TemplateOutput,
        many=True,
        filters=TemplateFilter,
        csv=True,
        summary="The company's own words, by kind and language",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return selectors.template_list(request.ctx, page=page)

    @writes(
        "mail.templates.create",
        TemplateOutput,
        body=TemplateBody,
        status=201,
        etag=True,
        summary="Words in place of the system's",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        return template_shape(settings.template_create(request.ctx, values=body))


class TemplateView(TenantView):
    resource = "mail-templates"

    @reads("mail.templates.view", TemplateOutput, etag=True, summary="One")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return template_shape(selectors.template_get(request.ctx, template_id=id))

    @writes(
        "mail.templates.update", TemplateOutput, body=TemplatePatch, etag=True, summary="Change it"
    )
    def patch(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        changed = settings.template_update(
            request.ctx, template_id=id, values=body, expected_version=expected_version(request)
        )
        return template_shape(changed)

    @writes("mail.templates.delete", status=204, summary="Back to the system's words")
    def delete(self, request: TenantRequest, id: UUID) -> None:
        settings.template_delete(
            request.ctx, template_id=id, expected_version=expected_version(request)
        )


MailSettingsHistoryView = history_view(
    "mail.settings.view", MailSettings, selectors.mail_settings_get
)
TemplateHistoryView = history_view(
    "mail.templates.view",
    MailTemplate,
    lambda ctx, key: selectors.template_get(ctx, template_id=key),
)


def _kind_shape(kind: kinds.MailKind) -> Row:
    words = [
        {"language": language, "subject": subject, "text": text}
        for language, (subject, text) in sorted(kind.words.items())
    ]
    return {
        "kind": kind.name,
        "title": kind.title,
        "placeholders": list(kind.known),
        "words": words,
    }

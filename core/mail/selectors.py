"""Reads of mails: the company's list, its ways of writing, and one as it is handed over."""

from typing import Any
from uuid import UUID

from core.errors import NotFound
from core.files.models import StoredFile
from core.files.storage import content_open
from core.listing import Order, Page, PageRequest, page_of
from core.mail import kinds
from core.mail.kinds import filled
from core.mail.message_ids import message_id
from core.mail.models import Mail, MailSettings, MailState, MailTemplate
from core.mail.outgoing import Attached, Outgoing
from core.tenancy.context import Context
from core.tenancy.transactions import query

Row = dict[str, Any]
MAIL = (
    "id", "kind", "state", "recipient", "person_id", "about_id", "subject", "attachment_id",
    "attempts", "error", "actor_id", "created_at", "sent_at", "failed_at",
)  # fmt: skip
TEMPLATE = ("id", "kind", "language", "subject", "text", "version")
MAILS = Order("mails", ("id",))
TEMPLATES = Order("mail-templates", ("kind", "language", "id"), descending=False)


class AttachmentGone(Exception):
    """The file that the mail carries has ended."""


@query
def mail_list(ctx: Context, *, page: PageRequest) -> Page:
    """The company's mails, the newest first."""
    return page_of(ctx, page.narrow(Mail.objects.values(*MAIL)), MAILS, page)


@query
def mail_get(ctx: Context, *, mail_id: UUID) -> Row:
    """One, with what it says; secrets are still placeholders."""
    columns = (*MAIL, "sender", "reply_to", "text")
    row = Mail.objects.filter(pk=mail_id).values(*columns).first()
    if row is None:
        raise NotFound
    return row | {"message_id": message_id(ctx.tenant_id, mail_id)}


@query
def mail_settings_get(ctx: Context) -> MailSettings:
    """The company's, or empty ones of version 0."""
    return MailSettings.objects.first() or MailSettings(version=0)


@query
def template_list(ctx: Context, *, page: PageRequest) -> Page:
    rows = MailTemplate.objects.values(*TEMPLATE)
    return page_of(ctx, page.narrow(rows), TEMPLATES, page)


@query
def template_get(ctx: Context, *, template_id: UUID) -> MailTemplate:
    template: MailTemplate | None = MailTemplate.objects.filter(pk=template_id).first()
    if template is None:
        raise NotFound
    return template


@query
def mail_ready(ctx: Context, *, mail_id: UUID) -> Outgoing | None:
    """The mail as it leaves; None where it is not to be sent (any more).

    Raises AttachmentGone.
    """
    mail = Mail.objects.filter(pk=mail_id, state=MailState.QUEUED).first()
    if mail is None:
        return None
    kind, text = kinds.find(mail.kind), mail.text
    if kind.secrets is not None:
        secrets = kind.secrets(ctx, mail.about_id)
        if secrets is None:
            return None
        text = filled(text, secrets)
    return Outgoing(
        message_id=message_id(ctx.tenant_id, mail.pk),
        written_at=mail.created_at,
        sender=mail.sender,
        reply_to=mail.reply_to,
        recipient=mail.recipient,
        subject=mail.subject,
        text=text,
        attached=_attached(ctx, mail.attachment_id) if mail.attachment_id else None,
    )


def _attached(ctx: Context, file_id: UUID) -> Attached:
    file = StoredFile.objects.filter(pk=file_id, expires_at__gt=ctx.now).first()
    if file is None:
        raise AttachmentGone
    try:
        with content_open(file.key) as content:
            return Attached(file.name, file.media_type, content.read())
    except FileNotFoundError:
        raise AttachmentGone from None

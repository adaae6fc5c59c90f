"""How a company writes: its sender, and its own words for kinds of mails."""

from email.utils import parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings

from core.errors import Conflict, Invalid, NotFound, StaleVersion, require
from core.mail import kinds
from core.mail.kinds import UnknownKind, words_require
from core.mail.models import MailSettings, MailTemplate
from core.tenancy.context import Context
from core.tenancy.transactions import command

Values = dict[str, Any]
ANY = "*"


@command
def mail_settings_update(
    ctx: Context, *, values: Values, expected_version: int | None = None
) -> MailSettings:
    """Change who the company's mails come from; made when it is first written.

    A sender's domain is one that this system's mail server may write for.
    """
    found = MailSettings.objects.select_for_update().first() or MailSettings(version=0)
    _require_version(found, expected_version)
    address = values.get("sender_address")
    if address:
        _require_our_domain(address)
    name = values.get("sender_name", "")
    require(name.isprintable(), Invalid.field("sender_name", "One line."))
    return _saved(found, values)


@command
def template_create(ctx: Context, *, values: Values) -> MailTemplate:
    """Words of the company's own for one kind and language."""
    template = MailTemplate(version=0, **values)
    _require_sound(template)
    known = MailTemplate.objects.filter(kind=template.kind, language=template.language)
    require(not known.exists(), Conflict("There is a template of this kind and language."))
    return _saved(template, {})


@command
def template_update(
    ctx: Context, *, template_id: UUID, values: Values, expected_version: int | None = None
) -> MailTemplate:
    template = _lock(template_id, expected_version)
    for name, value in values.items():
        setattr(template, name, value)
    _require_sound(template)
    return _saved(template, {})


@command
def template_delete(
    ctx: Context, *, template_id: UUID, expected_version: int | None = None
) -> None:
    """From then on the system's words are used."""
    _lock(template_id, expected_version).delete()


def _lock(template_id: UUID, expected_version: int | None) -> MailTemplate:
    found = MailTemplate.objects.select_for_update().filter(pk=template_id).first()
    if found is None:
        raise NotFound
    _require_version(found, expected_version)
    return found


def _saved(record: Any, values: Values) -> Any:
    for name, value in values.items():
        setattr(record, name, value)
    record.version += 1
    record.save()
    return record


def _require_version(record: Any, expected_version: int | None) -> None:
    if expected_version is not None and record.version != expected_version:
        raise StaleVersion("Somebody changed this record since you read it.")


def _require_sound(template: MailTemplate) -> None:
    try:
        kind = kinds.find(template.kind)
    except UnknownKind:
        raise Invalid.field("kind", "There is no such kind of mail.") from None
    require(not kind.of_platform, Invalid.field("kind", "These words are the system's own."))
    words_require(kind, subject=template.subject, text=template.text)


def _require_our_domain(address: str) -> None:
    domain = address.rpartition("@")[2].lower()
    if ANY in settings.MAIL_SENDER_DOMAINS or domain in settings.MAIL_SENDER_DOMAINS:
        return
    ours = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2].lower()
    if domain != ours:
        raise Invalid.field(
            "sender_address",
            "This system's mail server does not write for this domain. Ask who runs it, or "
            "leave it empty and give an address for answers.",
        )

"""Mails and templates in tests."""

from typing import Any
from uuid import UUID

from core.ids import uuid7
from core.mail.models import Mail, MailTemplate
from core.mail.outgoing import Refused
from core.mail.services import Letter, mail_conclude, mail_send
from core.mail.settings import template_create
from core.tenancy.context import Context
from core.tenancy.transactions import query
from tests.cast import Company

KIND = "accounting.invoice"
VALUES = {"company": "Acme", "contact": "Dawson", "number": "INV-1", "total": "1.00",
          "currency": "GBP", "day": "2 March 2026", "due_on": "1 April 2026"}  # fmt: skip


def letter(to: str = "reader@example.test", **more: Any) -> Letter:
    said = {"kind": KIND, "to": to, "effect_key": str(uuid7()), "values": VALUES}
    return Letter(**(said | more))


def mail_to(company: Company, to: str = "reader@example.test", **more: Any) -> Mail:
    return mail_send(company.ctx(), letter=letter(to, **more))


def failed_mail(company: Company) -> Mail:
    mail = mail_to(company)
    mail_conclude(company.ctx(), mail_id=mail.pk, outcome=Refused("550 5.1.1"))
    return mail


def template_of(company: Company, **more: Any) -> MailTemplate:
    values = {"kind": KIND, "language": "en", "subject": "Bill {number}", "text": "Pay {total}."}
    return template_create(company.ctx(), values=values | more)


def found(company: Company, mail_id: UUID) -> Mail:
    @query
    def look(ctx: Context) -> Mail:
        return Mail.objects.get(pk=mail_id)

    return look(company.ctx())

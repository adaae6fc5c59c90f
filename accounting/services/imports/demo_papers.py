"""What the demo companies write: letterheads, and readers in four languages."""

from pathlib import Path
from typing import Any

from accounting.models import Contact
from accounting.selectors.papers import letterhead_get
from accounting.services.reference import letterhead_update
from core.mail.selectors import mail_settings_get
from core.mail.settings import mail_settings_update
from core.tenancy.context import Context
from core.tenancy.transactions import command

LOGOS = Path(__file__).resolve().parents[3] / "demo" / "letterheads"
#: Countries whose readers have a language of their own here.
LANGUAGES = {"AT": "de", "BE": "nl", "CH": "de", "DE": "de", "FR": "fr", "NL": "nl"}
LETTERHEADS: dict[str, dict[str, Any]] = {
    "alder-finch": {
        "legal_name": "Alder & Finch Gifts Ltd",
        "address": "12 Orchard Lane\nBristol BS1 4ND",
        "country": "GB",
        "tax_number": "GB 123 4567 89",
        "registration": "Registered in England, No. 01234567",
        "email": "accounts@alder-finch.example",
        "phone": "+44 117 496 0123",
        "website": "alder-finch.example",
        "bank_name": "Orchard Bank",
        "bank_account": "GB00 DEMO 0000 0012 3456 78",
        "bank_code": "DEMOGB2L",
        "payment_note": "Goods remain ours until they are paid for in full.",
        "footer": "An invented company.\nNothing is sold, nobody has to pay.",
        "color": "#2f5d3a",
    },
    "hack-club": {
        "legal_name": "Hack Club (demo books)",
        "country": "US",
        "email": "books@hack-club.example",
        "color": "#b3203a",
    },
}


def demo_papers_ensure(ctx: Context, *, slug: str) -> None:
    """A letterhead and a sender, unless somebody has written them; readers' languages."""
    values = LETTERHEADS[slug]
    if not letterhead_get(ctx).version:
        logo = LOGOS / f"{slug}.png"
        picture = {"logo": logo.read_bytes()} if logo.exists() else {}
        letterhead_update(ctx, values=values | picture)
    if not mail_settings_get(ctx).version:
        mail_settings_update(ctx, values={"reply_to": values["email"]})
    demo_readers_ensure(ctx)


@command
def demo_readers_ensure(ctx: Context) -> None:
    """Each customer of the demo has an address for mails, and reads what its country speaks."""
    for contact in Contact.objects.filter(email="", language="", erased_at=None):
        name = (contact.reference or contact.pk.hex[-8:]).lower()
        Contact.objects.filter(pk=contact.pk).update(
            email=f"customer-{name}@example.com", language=LANGUAGES.get(contact.country, "")
        )

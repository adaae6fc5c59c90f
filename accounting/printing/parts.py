"""What all papers of a company have in common: who writes, to whom, and where to pay."""

from datetime import UTC, date, datetime, time

from accounting.models import Contact, Letterhead
from accounting.printing.wording import Wording
from accounting.selectors.papers import Parties
from core.printing.paper import Pair, Sender


def wording_of(parties: Parties, currency: str) -> Wording:
    """In the contact's language as it is written in its country, or else as the company writes."""
    reader = parties.contact if parties.contact.language else parties.letterhead
    return Wording.of(reader.language, country=reader.country, currency=currency)


def sender_of(parties: Parties, wording: Wording) -> Sender:
    letterhead = parties.letterhead
    address = letterhead.address.splitlines()
    country = wording.country(letterhead.country) if letterhead.country else ""
    lines = [*address, country, letterhead.phone, letterhead.email, letterhead.website]
    name = letterhead.legal_name or parties.company
    return Sender(name, _filled(lines), " · ".join(_filled([name, *address])))


def recipient_of(parties: Parties, wording: Wording) -> list[str]:
    contact = parties.contact
    abroad = contact.country and contact.country != parties.letterhead.country
    country = wording.country(contact.country) if abroad else ""
    return _filled([contact.name, *contact.address.splitlines(), country])


def footer_of(parties: Parties, wording: Wording) -> list[list[str]]:
    """Columns of lines: who the company is, where it banks, what else it wants to say."""
    letterhead = parties.letterhead
    tax = letterhead.tax_number and f"{wording('own_tax_number')} {letterhead.tax_number}"
    who = _filled([letterhead.legal_name or parties.company, letterhead.registration, tax])
    bank = _filled([letterhead.bank_name, letterhead.bank_account, letterhead.bank_code])
    return [column for column in (who, bank, letterhead.footer.splitlines()) if column]


def bank_of(letterhead: Letterhead, wording: Wording, reference: str) -> list[Pair]:
    """Empty where the company has not said where it banks."""
    if not letterhead.bank_account:
        return []
    pairs = [
        (wording("bank"), letterhead.bank_name),
        (wording("bank_account"), letterhead.bank_account),
        (wording("bank_code"), letterhead.bank_code),
        (wording("payment_reference"), reference),
    ]
    return filled(pairs)


def filled(pairs: list[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair[1]]


def tax_number_of(contact: Contact, wording: Wording) -> Pair:
    return (wording("tax_number"), contact.tax_number)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _filled(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()]

"""django-hordak: a journal of four legs, written as fast as its models allow (bulk_create)."""

import sys
from datetime import UTC, datetime
from decimal import Decimal

import django

from bench.client_loop import serve

django.setup()

from django.db import transaction  # noqa: E402
from hordak.models import Account, AccountType, Leg, Transaction  # noqa: E402

BOOKS = 24
SIDES = (("debit", "60.00"), ("debit", "40.00"), ("credit", "80.00"), ("credit", "20.00"))


def prepare() -> None:
    """Four accounts for each of as many books as the product has tenants."""
    for book in range(BOOKS):
        for number, kind in enumerate(
            (AccountType.expense, AccountType.expense, AccountType.income, AccountType.income)
        ):
            code = f"{book:02}{number}"
            Account.objects.create(name=code, code=code, type=kind, currencies=["GBP"])


def main() -> None:
    accounts = list(Account.objects.order_by("code"))
    books = [accounts[n : n + 4] for n in range(0, len(accounts), 4)]
    day = datetime.now(UTC).date()

    def call(index: int) -> None:
        with transaction.atomic():
            journal = Transaction.objects.create(description="Four lines", date=day)
            Leg.objects.bulk_create(
                Leg(transaction=journal, account=account, **{side: Decimal(amount)})
                for account, (side, amount) in zip(books[index % BOOKS], SIDES, strict=True)
            )

    serve(call)


if __name__ == "__main__":
    prepare() if sys.argv[1:] == ["prepare"] else main()

"""django-ledger: an invoice of five lines, approved (so it is in its books), or a journal of 4."""

import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import django

from bench.client_loop import serve

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django_ledger.io import roles  # noqa: E402
from django_ledger.models import EntityModel, ItemModel  # noqa: E402

BOOKS = 24
LINES = 5


def prepare() -> None:
    """As many entities as the product has tenants, each with a chart, a customer and items."""
    admin = get_user_model().objects.create(username="bench")
    for book in range(BOOKS):
        entity = EntityModel.create_entity(
            name=f"Book {book}", admin=admin, use_accrual_method=True, fy_start_month=1
        )
        entity.create_chart_of_accounts(assign_as_default=True, commit=True, coa_name="Chart")
        entity.populate_default_coa(activate_accounts=True)
        entity.create_customer({"customer_name": f"Customer {book}"})
        unit = entity.create_uom(name="Unit", unit_abbr="u")
        for item in range(LINES):
            _service(entity, unit, f"Item {item}")
        entity.create_ledger(name="Journals", posted=True)
    # Two clients that take the first number of a year at once would make two counters.
    books = list(EntityModel.objects.all())
    for first in (invoices(books), journals(books)):
        for index in range(BOOKS):
            first(index)


def _service(entity: Any, unit: Any, name: str) -> None:
    """As `create_item_service`, which finds several default accounts in its own default chart."""
    defaults = entity.get_coa_accounts(active=True).is_role_default()
    item = ItemModel(
        entity=entity,
        name=name,
        uom=unit,
        item_role=ItemModel.ITEM_ROLE_SERVICE,
        item_type=ItemModel.ITEM_TYPE_LABOR,
        earnings_account=defaults.get(role=roles.INCOME_OPERATIONAL),
        cogs_account=defaults.get(role=roles.COGS_REGULAR),
    )
    item.clean()
    item.save()


def invoices(books: list[Any]) -> Any:
    prepared = [
        (entity, entity.customermodel_set.first(), list(entity.get_items_services()[:LINES]))
        for entity in books
    ]

    def call(index: int) -> None:
        entity, customer, items = prepared[index % len(prepared)]
        today = datetime.now(UTC).date()
        # No transaction around it: it takes its number in a durable one of its own.
        invoice = entity.create_invoice(customer_model=customer, terms="net_30")
        lines = {
            item.item_number: {
                "unit_cost": Decimal("19.99"), "quantity": Decimal(n + 1), "total_amount": None,
            }
            for n, item in enumerate(items)
        }  # fmt: skip
        invoice.migrate_itemtxs(itemtxs=lines, commit=True, operation="replace")
        invoice.mark_as_review(commit=True, date_in_review=today)
        invoice.mark_as_approved(
            entity_slug=entity.slug, user_model=entity.admin, commit=True, date_approved=today
        )

    return call


def journals(books: list[Any]) -> Any:
    prepared = []
    for entity in books:
        accounts = entity.get_default_coa_accounts()
        chosen = [
            accounts.filter(role=role).first()
            for role in (roles.EXPENSE_OPERATIONAL, roles.COGS_REGULAR, roles.INCOME_OPERATIONAL,
                         roles.INCOME_OTHER)
        ]  # fmt: skip
        prepared.append((entity, chosen, entity.get_ledgers().get(name="Journals")))
    sides = (("debit", "60.00"), ("debit", "40.00"), ("credit", "80.00"), ("credit", "20.00"))

    def call(index: int) -> None:
        entity, chosen, ledger = prepared[index % len(prepared)]
        entries = [
            {"account": account, "amount": Decimal(amount), "tx_type": side, "description": ""}
            for account, (side, amount) in zip(chosen, sides, strict=True)
        ]
        entity.commit_txs(
            je_timestamp=datetime.now(UTC), je_txs=entries, je_posted=True, je_ledger_model=ledger
        )

    return call


def main(what: str) -> None:
    books = list(EntityModel.objects.order_by("name").select_related("default_coa", "admin"))
    serve({"invoice": invoices, "journal": journals}[what](books))


if __name__ == "__main__":
    prepare() if sys.argv[1:] == ["prepare"] else main(sys.argv[1])

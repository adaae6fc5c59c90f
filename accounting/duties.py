"""What accounting wants to be done by two people. Read by the report of duties."""

from permissions.catalog import Duty


def create_and_post(noun: str, why: str) -> Duty:
    codes = (f"accounting.{noun}.create", f"accounting.{noun}.post")
    return Duty(f"{noun}: create and post", *codes, why)


DUTIES = (
    create_and_post("bills", "A supplier's bill that nobody else has seen becomes a debt."),
    create_and_post("credit-notes", "A customer's debt can be written off alone."),
    create_and_post("debit-notes", "A claim on a supplier can be given up or made up alone."),
    create_and_post("invoices", "Sales can be made up alone."),
    create_and_post("journals", "The ledger can be changed without a second pair of eyes."),
    create_and_post("payments", "Money can be paid out without a second pair of eyes."),
    Duty(
        "bills and payments: post and pay",
        "accounting.bills.post",
        "accounting.payments.post",
        "Who books a supplier's bill can also pay it.",
    ),
    Duty(
        "contacts and payments: make up and pay",
        "accounting.contacts.create",
        "accounting.payments.post",
        "A supplier that does not exist can be paid.",
    ),
    Duty(
        "credit notes and payments: credit and refund",
        "accounting.credit-notes.post",
        "accounting.payments.post",
        "A credit that nobody asked for can be paid out.",
    ),
    Duty(
        "payments and allocations: pay and settle",
        "accounting.payments.post",
        "accounting.allocations.create",
        "A payment can be hidden behind an open item of somebody else.",
    ),
    Duty(
        "accounts and journals: open and book",
        "accounting.accounts.create",
        "accounting.journals.post",
        "An account that nobody reconciles can be opened and used.",
    ),
)

"""From the first invoice to the last penny, through the API alone."""

from decimal import Decimal

from tests.cast import PASSWORD, Api, Company


def test_invoice_paid_in_two_parts_and_one_line_credited(acme: Company, nobody: Api) -> None:
    tokens = nobody.ok("POST", "auth/login/", {"email": acme.owner.email, "password": PASSWORD})
    alice = Api(tokens["access_token"])

    accounts = {a["role"]: a["id"] for a in alice.ok("GET", "accounts/")["data"] if a["role"]}
    standard = alice.ok(
        "POST",
        "taxes/",
        {"code": "S", "name": "VAT 20 %", "rate": "20", "account_id": accounts["tax"]},
    )
    reduced = alice.ok(
        "POST",
        "taxes/",
        {"code": "R", "name": "VAT 5 %", "rate": "5", "account_id": accounts["tax"]},
    )
    customer = alice.ok("POST", "contacts/", {"name": "Dawson & Sons"})

    # 100.00 + 39.98 + 7.50 at 20 %, 12.00 + 3.33 at 5 %
    lines = [
        {"description": "Desk", "quantity": "1", "unit_price": "100", "tax_id": standard["id"]},
        {"description": "Lamp", "quantity": "2", "unit_price": "19.99", "tax_id": standard["id"]},
        {"description": "Bulb", "quantity": "3", "unit_price": "2.50", "tax_id": standard["id"]},
        {"description": "Heater fuel", "quantity": "4", "unit_price": "3", "tax_id": reduced["id"]},
        {"description": "Seeds", "quantity": "1", "unit_price": "3.33", "tax_id": reduced["id"]},
    ]
    draft = alice.ok(
        "POST",
        "invoices/",
        {"contact_id": customer["id"], "issued_on": "2026-03-02", "lines": lines},
    )
    assert draft["status"] == "draft"
    assert draft["number"] is None
    # 147.48 x 20 % = 20.00 + 8.00 + 1.50; 15.33 x 5 % = 0.60 + 0.17
    assert (draft["net"], draft["tax"], draft["total"]) == ("162.81", "30.27", "193.08")
    assert sum(Decimal(group["tax"]) for group in draft["taxes"]) == Decimal("30.27")

    invoice = alice.ok("POST", f"invoices/{draft['id']}/post/")
    assert invoice["number"] == "INV-2026-00001"
    assert invoice["status"] == "posted"
    for side in ("debit", "credit"):
        assert sum(Decimal(x[side]) for x in invoice["journal"]["lines"]) == Decimal("193.08")

    first = alice.ok(
        "POST",
        "payments/",
        {
            "kind": "receipt",
            "contact_id": customer["id"],
            "paid_on": "2026-03-10",
            "amount": "93.08",
            "allocations": [{"document_id": draft["id"], "amount": "93.08"}],
            "post": True,
        },
    )
    assert first["allocated"] == "93.08"
    assert alice.ok("GET", f"invoices/{draft['id']}/")["status"] == "part_paid"

    note = alice.ok(
        "POST",
        f"invoices/{draft['id']}/credit/",
        {"lines": [{"position": 2}], "issued_on": "2026-03-12"},
    )
    assert (note["number"], note["total"]) == ("CN-2026-00001", "47.98")

    payment = alice.ok(
        "POST",
        "payments/",
        {
            "kind": "receipt",
            "contact_id": customer["id"],
            "paid_on": "2026-03-20",
            "amount": "52.02",
            "post": True,
        },
    )
    alice.ok(
        "POST",
        "allocations/",
        {"payment_id": payment["id"], "document_id": draft["id"], "amount": "52.02"},
    )
    paid = alice.ok("GET", f"invoices/{draft['id']}/")
    assert (paid["status"], paid["outstanding"]) == ("paid", "0.00")

    balance = alice.ok("GET", "reports/trial-balance/?as_of=2026-03-31")
    assert balance["totals"]["debit"] == balance["totals"]["credit"]
    by_name = {row["name"]: row["balance"] for row in balance["rows"]}
    assert by_name["Bank"] == "145.10"
    assert by_name["Accounts receivable"] == "0.00"
    assert by_name["Sales"] == "-122.83"

    aged = alice.ok("GET", "reports/aged-receivables/?as_of=2026-03-11")
    assert aged["totals"]["total"] == "100.00"

"""The hot page of documents, written in SQL, against the slow and obvious way."""

from tests.cast import Api, Company

PLAIN = "invoices/?limit=3"
OBVIOUS = "invoices/?limit=3&ordering=-issued_on"


def with_invoices(alice: Api) -> None:
    """A draft, a posted, a part-paid, a paid, a reversed and a free one, on two days."""
    contact = alice.ok("POST", "contacts/", {"name": "Dawson"})["id"]

    def invoice(day: int, price: str, post: bool = True) -> str:
        lines = [{"unit_price": price, "description": "Desk"}]
        body = {"contact_id": contact, "issued_on": f"2026-03-{day:02}", "lines": lines}
        return alice.ok("POST", "invoices/", body | {"post": post, "reference": price})["id"]

    def pay(document: str, amount: str) -> None:
        alice.ok(
            "POST",
            "payments/",
            {
                "kind": "receipt",
                "contact_id": contact,
                "paid_on": "2026-03-20",
                "amount": amount,
                "allocations": [{"document_id": document, "amount": amount}],
                "post": True,
            },
        )

    invoice(1, "10.10", post=False)
    invoice(1, "20")
    pay(invoice(2, "30.30"), "30.30")
    pay(invoice(2, "40"), "0.01")
    alice.ok("POST", f"invoices/{invoice(2, '50.5')}/reverse/", {})
    invoice(3, "0")


def every_row(alice: Api, path: str) -> list[dict[str, object]]:
    rows, cursor = [], ""
    while True:
        page = alice.ok("GET", path + cursor)
        rows += page["data"]
        if page["pagination"]["next"] is None:
            return rows
        cursor = f"&cursor={page['pagination']['next']}"


def test_the_hot_page_shows_what_the_obvious_query_shows(acme: Company, alice: Api) -> None:
    with_invoices(alice)

    plain, obvious = every_row(alice, PLAIN), every_row(alice, OBVIOUS)

    assert len(plain) == 6
    assert plain == obvious
    assert {row["status"] for row in plain} == {"draft", "posted", "part_paid", "paid", "reversed"}


def test_one_may_turn_back_from_a_hot_page(alice: Api) -> None:
    with_invoices(alice)
    first = alice.ok("GET", PLAIN)
    second = alice.ok("GET", f"{PLAIN}&cursor={first['pagination']['next']}")

    again = alice.ok("GET", f"{PLAIN}&cursor={second['pagination']['previous']}")

    assert again["data"] == first["data"]
    assert first["pagination"]["previous"] is None


def test_what_a_write_answers_is_what_a_read_gives(alice: Api) -> None:
    """Writes build their answer from what they wrote, without reading it again."""
    contact = alice.ok("POST", "contacts/", {"name": "Dawson"})["id"]
    accounts = [row["id"] for row in alice.ok("GET", "accounts/?type=equity")["data"]]
    invoice = {"contact_id": contact, "issued_on": "2026-03-01", "lines": [{"unit_price": "9.99"}]}
    lines = [{"account_id": accounts[0], "debit": "5"}, {"account_id": accounts[1], "credit": "5"}]
    journal = {"effective_on": "2026-03-01", "narration": "Opening", "lines": lines}

    for path, body in (("invoices/", invoice), ("journals/", journal)):
        for post in (False, True):
            written = alice.ok("POST", path, body | {"post": post})
            assert written == alice.ok("GET", f"{path}{written['id']}/")

"""From a question about an invoice to its answer, with a client as guest, through the API alone."""

from urllib.parse import quote

from tests.cast import Api, Company, api_of, join, new_user


def test_a_talk_about_an_invoice_inside_and_with_the_client(acme: Company, alice: Api) -> None:
    bob_user = join(acme, new_user("bob"), "accountant")
    client_user = join(acme, new_user("cleo"), "accountant")
    bob, client = api_of(acme, bob_user), api_of(acme, client_user)
    customer = alice.ok("POST", "contacts/", {"name": "Dawson & Sons"})
    line = {"description": "Desk", "quantity": "1", "unit_price": "100"}
    asked = {"contact_id": customer["id"], "issued_on": "2026-03-02", "lines": [line]}
    invoice = alice.ok("POST", "invoices/", asked)
    about = {"kind": "record", "record_type": "accounting.invoice", "record_id": invoice["id"]}

    # Two threads about it: one for the house, one that the client is in.
    inside = alice.ok(
        "POST",
        "threads/",
        {**about, "subject": "Inside", "participants": [{"user_id": str(bob_user.pk)}]},
    )
    guest = {"user_id": str(client_user.pk), "role": "guest"}
    outside = alice.ok(
        "POST",
        "threads/",
        {**about, "subject": "Invoice", "visibility": "external", "participants": [guest]},
    )

    # The client asks; Alice finds one unread thread, and asks Bob inside.
    question = client.ok("POST", f"threads/{outside['id']}/messages/", {"body": "Is VAT in it?"})
    assert alice.ok("GET", "inbox/unread/") == {"messages": 1, "threads": 1, "is_capped": False}
    newest = alice.ok("GET", "inbox/")["data"][0]
    assert (newest["subject"], newest["unread"]) == ("Invoice", 1)
    assert newest["last_message"]["preview"] == "Is VAT in it?"
    alice.ok("POST", f"threads/{outside['id']}/read/", {})
    internal = alice.ok(
        "POST",
        f"threads/{inside['id']}/messages/",
        {"body": "Do we charge them VAT?", "mentions": [str(bob_user.pk)]},
    )
    [mentioned] = bob.ok("GET", "messages/mentions/")["data"]
    assert mentioned["id"] == internal["id"]

    # Bob answers with a file, Alice tells the client and puts a word right.
    sheet = {"name": "rates.pdf", "content_type": "application/pdf", "size": 9, "key": "k/9"}
    bob.ok(
        "POST",
        f"threads/{inside['id']}/messages/",
        {"body": "Not abroad", "reply_to_id": internal["id"], "attachments": [sheet]},
    )
    filed = alice.ok("GET", f"threads/{inside['id']}/messages/?has_attachments=true")["data"]
    assert [row["attachments"] for row in filed] == [[sheet]]
    answer = alice.ok(
        "POST",
        f"threads/{outside['id']}/messages/",
        {"body": "No VTA abroad", "reply_to_id": question["id"]},
    )
    alice.ok("PATCH", f"messages/{answer['id']}/", {"body": "No VAT abroad"})

    # The client reads it, likes it, finds it again; of what was said inside there is no trace.
    seen = client.ok("GET", f"threads/{outside['id']}/messages/")["data"]
    assert [row["body"] for row in seen] == ["No VAT abroad", "Is VAT in it?"]
    done = client.ok("POST", f"threads/{outside['id']}/read/", {})
    assert (done["last_read_id"], done["receipts"]) == (answer["id"], 1)
    assert (
        client.call("PUT", f"messages/{answer['id']}/reactions/{quote('🎉')}/").status_code == 204
    )
    assert [row["subject"] for row in client.ok("GET", "inbox/")["data"]] == ["Invoice"]
    found = client.ok("GET", "messages/search/?q=VAT")["data"]
    assert {row["id"] for row in found} == {question["id"], answer["id"]}
    for path in (f"threads/{inside['id']}/", f"messages/{internal['id']}/"):
        assert client.get(path).status_code == 404
    readers = alice.ok("GET", f"messages/{answer['id']}/reads/")["data"]
    assert [row["name"] for row in readers] == ["cleo"]
    reacted = alice.ok("GET", f"messages/{answer['id']}/reactions/?emoji={quote('🎉')}")["data"]
    assert [row["name"] for row in reacted] == ["cleo"]

    # Closed, it can be read and not answered.
    alice.ok("PATCH", f"threads/{outside['id']}/", {"is_closed": True})
    late = client.post(f"threads/{outside['id']}/messages/", {"body": "Thanks"})
    assert late.status_code == 409
    assert (
        client.ok("GET", f"threads/{outside['id']}/messages/")["data"]
        == client.ok("GET", f"threads/{outside['id']}/messages/?ordering=-id")["data"]
    )

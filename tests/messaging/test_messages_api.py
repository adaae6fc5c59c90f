"""Conversations over HTTP: shapes, pages, keys, emoji in addresses."""

from urllib.parse import quote

import pytest

from tests.api.wire import refusal
from tests.cast import Api, Company, api_of, join, new_user
from tests.messaging.talk import talk_of

FLAG = "🏳️‍🌈"


@pytest.fixture
def thread(acme: Company, alice: Api) -> str:
    """Alice's, with Bob, who may look only."""
    return talk_of(acme).thread


def test_a_message_is_sent_shown_edited_and_taken_back(alice: Api, thread: str) -> None:
    file = {"name": "a.pdf", "content_type": "application/pdf", "size": 3, "key": "k/1"}
    sent = alice.ok(
        "POST", f"threads/{thread}/messages/", {"body": "  Hi\n", "attachments": [file]}
    )
    assert (sent["body"], sent["attachments"], sent["sender_name"]) == ("  Hi\n", [file], "alice")
    assert sent["sent_at"].endswith("Z")
    path = f"messages/{sent['id']}/"
    assert alice.ok("GET", path) == sent
    edited = alice.ok("PATCH", path, {"body": "Ho"})
    assert [one["body"] for one in edited["revisions"]] == ["  Hi\n"]
    assert edited["attachments"] == [file]
    assert alice.delete(path).status_code == 204
    gone = alice.ok("GET", f"threads/{thread}/messages/")["data"][0]
    assert (gone["id"], gone["body"], gone["attachments"]) == (sent["id"], "", [])
    refusal(alice.patch(path, {"body": "x"}), 409)


def test_messages_with_files_are_found_in_a_thread(alice: Api, thread: str) -> None:
    path = f"threads/{thread}/messages/"
    file = {"name": "a.pdf", "content_type": "application/pdf", "size": 3, "key": "k/1"}
    [bare] = [row["id"] for row in alice.ok("GET", path)["data"]]
    filed = [
        alice.ok("POST", path, {"body": str(n), "attachments": [file]})["id"] for n in range(3)
    ]

    def found(query: str) -> list[str]:
        return [row["id"] for row in alice.ok("GET", f"{path}?{query}")["data"]]

    assert found("has_attachments=true") == filed[::-1]
    assert found("has_attachments=false") == [bare]
    assert found(f"has_attachments=true&before={filed[2]}&limit=1") == [filed[1]]
    assert alice.delete(f"messages/{filed[0]}/").status_code == 204
    assert found("has_attachments=true") == filed[:0:-1]


def test_who_reacted_is_listed_by_emoji(acme: Company, alice: Api, thread: str) -> None:
    message = alice.ok("GET", f"threads/{thread}/messages/")["data"][0]["id"]
    path = f"messages/{message}/reactions/"
    for emoji in ("👍", "❤", "👍"):
        assert alice.call("PUT", f"{path}{quote(emoji)}/").status_code == 204
    rows = alice.ok("GET", path)["data"]
    assert [(row["emoji"], row["name"]) for row in rows] == [("👍", "alice"), ("❤️", "alice")]
    assert [row["emoji"] for row in alice.ok("GET", f"{path}?emoji=❤")["data"]] == ["❤️"]
    page = alice.ok("GET", f"{path}?limit=1")
    assert (len(page["data"]), bool(page["pagination"]["next"])) == (1, True)
    refusal(alice.get(f"{path}?emoji=x"), 422)
    stranger = api_of(acme, join(acme, new_user("carol"), "viewer"))
    refusal(stranger.get(path), 404)


def test_a_message_with_an_idempotency_key_is_sent_once(alice: Api, thread: str) -> None:
    path, body = f"threads/{thread}/messages/", {"body": "Once"}
    first = alice.post(path, body, idempotency_key="k1")
    again = alice.post(path, body, idempotency_key="k1")
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    refusal(alice.post(path, {"body": "Other"}, idempotency_key="k1"), 422)
    assert len(alice.ok("GET", path)["data"]) == 2


def test_pages_go_both_ways_from_any_message(alice: Api, thread: str) -> None:
    path = f"threads/{thread}/messages/"
    ids = [alice.ok("POST", path, {"body": str(n)})["id"] for n in range(9)]

    def bodies(query: str) -> list[str]:
        return [row["body"] for row in alice.ok("GET", f"{path}?{query}")["data"]]

    assert bodies("limit=3") == ["8", "7", "6"]
    assert bodies(f"before={ids[6]}&limit=2") == ["5", "4"]
    assert bodies(f"after={ids[6]}") == ["8", "7"]
    assert bodies(f"after={ids[2]}&ordering=id&limit=2") == ["3", "4"]
    assert bodies(f"around={ids[4]}&limit=4") == ["6", "5", "4", "3"]
    assert bodies("page=2&limit=4") == ["4", "3", "2", "1"]
    page = alice.ok("GET", f"{path}?around={ids[4]}&limit=4")["pagination"]
    assert bodies(f"cursor={page['next']}&limit=2") == ["2", "1"]
    assert bodies(f"cursor={page['previous']}&limit=9") == ["8", "7"]
    other = talk_of_other(alice)
    refusal(alice.get(f"threads/{other}/messages/?cursor={page['next']}"), 422)
    refusal(alice.get(f"{path}?around={thread}"), 404)


def talk_of_other(api: Api) -> str:
    return str(api.ok("POST", "threads/", {"kind": "group"})["id"])


@pytest.mark.parametrize("emoji", ["👍", "👍🏽", "🇬🇧", FLAG, "#️⃣", "❤"])
def test_emoji_stand_in_addresses(alice: Api, thread: str, emoji: str) -> None:
    message = alice.ok("GET", f"threads/{thread}/messages/")["data"][0]["id"]
    for _ in range(2):
        assert alice.call("PUT", f"messages/{message}/reactions/{quote(emoji)}/").status_code == 204
    [shown] = alice.ok("GET", f"messages/{message}/")["reactions"]
    assert (shown["emoji"][0], shown["count"], shown["mine"]) == (emoji[0], 1, True)
    for _ in range(2):
        assert alice.delete(f"messages/{message}/reactions/{quote(emoji)}/").status_code == 204
    assert alice.ok("GET", f"messages/{message}/")["reactions"] == []


@pytest.mark.parametrize("text", ["ok", "1", ":+1:", "%00", "%F0%9F%91", "👍👍", "x" * 2_000])
def test_what_is_no_emoji_is_refused(alice: Api, thread: str, text: str) -> None:
    message = alice.ok("GET", f"threads/{thread}/messages/")["data"][0]["id"]
    name = text if "%" in text else quote(text)
    refusal(alice.call("PUT", f"messages/{message}/reactions/{name}/"), 422, 404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"body": ""},
        {"body": "a\x00b"},
        {"body": "x" * 20_001},
        {"body": 1, "attachments": {}},
        {"body": "x", "attachments": [{"name": "x"}]},
        {"body": "x", "attachments": [{"name": "x", "content_type": "x", "size": 1, "key": "k"}]},
        {"body": "x", "mentions": ["x"]},
        {"body": "x", "reply_to_id": "01900000-0000-7000-8000-000000000000"},
    ],
)
def test_a_wrong_message_is_refused(alice: Api, thread: str, body: dict) -> None:
    before = alice.ok("GET", f"threads/{thread}/messages/")["data"]
    refusal(alice.post(f"threads/{thread}/messages/", body), 422)
    assert alice.ok("GET", f"threads/{thread}/messages/")["data"] == before


def test_search_marks_what_it_finds_and_escapes_the_rest(alice: Api, thread: str) -> None:
    path = f"threads/{thread}/messages/"
    alice.ok("POST", path, {"body": "Budget <script>alert(1)</script> & budget of May"})
    alice.ok("POST", path, {"body": "Nothing about it"})
    [found] = alice.ok("GET", "messages/search/?q=budget -june")["data"]
    assert "<mark>Budget</mark> &lt;script&gt;" in found["snippet"]
    assert "&amp; <mark>budget</mark>" in found["snippet"]
    assert alice.ok("GET", 'messages/search/?q="may budget"')["data"] == []
    assert alice.ok("GET", "messages/search/?q=%26|!()':*")["data"] == []
    refusal(alice.get("messages/search/"), 422)
    refusal(alice.get("messages/search/?q="), 422)
    refusal(alice.get(f"messages/search/?q={'x' * 201}"), 422)


def test_search_is_turned_page_by_page(alice: Api, thread: str) -> None:
    for number in range(7):
        alice.ok("POST", f"threads/{thread}/messages/", {"body": f"budget {number}"})
    seen, cursor = [], ""
    while True:
        page = alice.ok("GET", f"messages/search/?q=budget&limit=3{cursor}")
        seen += [row["body"][-1] for row in page["data"]]
        if page["pagination"]["next"] is None:
            break
        cursor = f"&cursor={page['pagination']['next']}"
    assert "".join(seen) == "6543210"
    hidden = talk_of_other(alice)
    assert alice.ok("GET", f"messages/search/?q=budget&thread_id={hidden}")["data"] == []


def test_threads_are_found_by_a_part_of_their_subject(alice: Api) -> None:
    for subject in ("Quarterly budget", "Lunch 100%", "budgets_2027"):
        alice.ok("POST", "threads/", {"kind": "group", "subject": subject})

    def found(part: str) -> list[str]:
        return [r["subject"] for r in alice.ok("GET", f"threads/?subject={quote(part)}")["data"]]

    assert found("BUDGET") == ["budgets_2027", "Quarterly budget"]
    assert found("0%") == ["Lunch 100%"]
    assert found("%") == ["Lunch 100%"]


def test_renaming_takes_if_match(alice: Api, thread: str) -> None:
    etag = alice.get(f"threads/{thread}/")["ETag"]
    assert alice.patch(f"threads/{thread}/", {"subject": "A"}, if_match=etag).status_code == 200
    refusal(alice.patch(f"threads/{thread}/", {"subject": "B"}, if_match=etag), 412)


def test_a_viewer_reads_marks_and_leaves_but_says_nothing(acme: Company) -> None:
    bob = join(acme, new_user("bob"), "viewer")
    talk, api = talk_of(acme, bob), api_of(acme, bob)
    assert api.ok("GET", "inbox/unread/") == {"messages": 1, "threads": 1, "is_capped": False}
    done = api.ok("POST", f"threads/{talk.thread}/read/", {"message_id": talk.message})
    assert (done["last_read_id"], done["receipts"]) == (talk.message, 1)
    refusal(api.post(f"threads/{talk.thread}/messages/", {"body": "x"}), 403)
    mine = f"threads/{talk.thread}/participants/{bob.pk}/"
    assert api.patch(mine, {"is_muted": True}).data["is_muted"] is True
    refusal(api.patch(mine, {"role": "owner"}), 403)
    refusal(api.delete(f"threads/{talk.thread}/participants/{acme.owner.pk}/"), 403)
    assert api.delete(mine).status_code == 204
    refusal(api.get(f"threads/{talk.thread}/"), 404)


def test_a_stranger_sees_searches_and_is_mentioned_nowhere(
    acme: Company, globex: Company, alice: Api, charlie: Api, thread: str
) -> None:
    alice.ok("POST", f"threads/{thread}/messages/", {"body": "unmistakable"})
    for path in ("threads/", "inbox/", "messages/search/?q=unmistakable", "messages/mentions/"):
        assert charlie.ok("GET", path)["data"] == []
    wrong = {"body": "x", "mentions": [str(globex.owner.pk)]}
    refusal(alice.post(f"threads/{thread}/messages/", wrong), 422)
    people = {"participants": [{"user_id": str(globex.owner.pk)}]}
    refusal(alice.post(f"threads/{thread}/participants/", people), 422)
    refusal(alice.post("threads/", {"kind": "group"} | people), 422)

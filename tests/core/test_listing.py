"""Pages: complete, without repeats while others write, and with cursors that nobody can forge."""

import base64
from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest

from core.listing import Cursor, Order, Page, PageRequest
from tests.cast import Api, Company, api_of, join, new_user

NAMES = [f"Contact {number:02}" for number in range(10)]


@pytest.fixture
def contacts(alice: Api) -> Api:
    for name in NAMES:
        alice.ok("POST", "contacts/", {"name": name})
    return alice


def page(api: Api, path: str = "contacts/", **parameters: Any) -> dict[str, Any]:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    found: dict[str, Any] = api.ok("GET", f"{path}?{query}")
    return found


def names(found: dict[str, Any]) -> list[str]:
    return [row["name"] for row in found["data"]]


def flat(pages: Iterable[list[str]]) -> list[str]:
    return list(chain.from_iterable(pages))


def walk(api: Api, towards: str, **parameters: Any) -> list[list[str]]:
    """The pages from the first one on in a direction."""
    found = page(api, **parameters)
    pages = [names(found)]
    while cursor := found["pagination"][towards]:
        found = page(api, cursor=cursor, **{k: v for k, v in parameters.items() if k != "cursor"})
        pages.append(names(found))
    return pages


@pytest.mark.parametrize("limit", [1, 3, 5, 10, 11])
def test_all_rows_come_once_forwards_and_backwards(contacts: Api, limit: int) -> None:
    forwards = walk(contacts, "next", limit=limit)
    assert flat(forwards) == NAMES
    last = page(contacts, limit=limit)
    while last["pagination"]["next"]:
        last = page(contacts, limit=limit, cursor=last["pagination"]["next"])
    if last["pagination"]["previous"]:
        backwards = walk(contacts, "previous", limit=limit, cursor=last["pagination"]["previous"])
        assert flat(reversed(backwards)) == NAMES[: len(NAMES) - len(names(last))]


def test_the_first_page_has_nothing_before_it_and_the_last_nothing_after(contacts: Api) -> None:
    first = page(contacts, limit=6)["pagination"]
    assert first["previous"] is None
    last = page(contacts, limit=6, cursor=first["next"])["pagination"]
    assert last["next"] is None
    assert page(contacts, limit=6, cursor=last["previous"])["pagination"]["previous"] is None


def test_rows_written_meanwhile_neither_repeat_nor_hide_others(contacts: Api) -> None:
    first = page(contacts, limit=4)
    for name in ("Contact 000", "Contact 03a", "Contact 08a"):
        contacts.ok("POST", "contacts/", {"name": name})
    seen = names(first)
    cursor = first["pagination"]["next"]
    while cursor:
        found = page(contacts, limit=4, cursor=cursor)
        seen += names(found)
        cursor = found["pagination"]["next"]
    assert len(seen) == len(set(seen))
    assert set(NAMES) <= set(seen)
    assert seen == sorted(seen)


def test_rows_that_are_equal_in_the_order_are_told_apart_by_their_ids(alice: Api) -> None:
    made = {alice.ok("POST", "contacts/", {"name": "Same"})["id"] for _ in range(7)}
    seen, cursor = [], ""
    while cursor is not None:
        found = page(alice, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [row["id"] for row in found["data"]]
        cursor = found["pagination"]["next"]
    assert (set(seen), len(seen)) == (made, 7)


def test_pages_by_number(contacts: Api) -> None:
    second = page(contacts, limit=4, page=2)
    assert names(second) == NAMES[4:8]
    assert second["pagination"] == {
        "next": 3, "previous": 1, "limit": 4, "page": 2, "total": 10, "pages": 3,
    }  # fmt: skip
    beyond = page(contacts, limit=4, page=9)
    assert (beyond["data"], beyond["pagination"]["next"]) == ([], None)


def test_a_filter_holds_on_every_page(contacts: Api) -> None:
    contacts.ok("POST", "contacts/", {"name": "Zoe"})
    pages = walk(contacts, "next", limit=3, name="Contact")
    assert flat(pages) == NAMES


@pytest.mark.parametrize(
    "parameters",
    ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=1e2", "limit=%D9%A1", "page=0",
     "page=10001", "page=x", "cursor=x", "cursor=%00", "cursor=%F0%9F%92%A9", "page=1&cursor=x",
     "unknown=1", "cursor=" + "A" * 5000],
)  # fmt: skip
def test_parameters_that_make_no_sense_are_refused(alice: Api, parameters: str) -> None:
    assert alice.get(f"contacts/?{parameters}").status_code == 422


# --- cursors ------------------------------------------------------------------------


def some_cursor(api: Api, path: str = "contacts/") -> str:
    found: str = page(api, path, limit=1)["pagination"]["next"]
    return found


def test_a_cursor_of_another_company_is_refused(contacts: Api, charlie: Api) -> None:
    assert charlie.get(f"contacts/?cursor={some_cursor(contacts)}").status_code == 422


def test_a_cursor_of_another_list_is_refused(contacts: Api) -> None:
    cursor = some_cursor(contacts)
    for other in ("accounts/", "taxes/", "series/", "invoices/", "journals/", "payments/"):
        assert contacts.get(f"{other}?cursor={cursor}").status_code == 422


def test_a_cursor_of_the_same_list_serves_a_colleague(acme: Company, contacts: Api) -> None:
    bob = api_of(acme, join(acme, new_user("bob"), "viewer"))
    assert names(page(bob, limit=1, cursor=some_cursor(contacts))) == NAMES[1:2]


def test_a_cursor_changed_in_any_place_is_refused(contacts: Api) -> None:
    cursor = some_cursor(contacts)
    for position in range(0, len(cursor), 5):
        forged = list(cursor)
        forged[position] = "A" if forged[position] != "A" else "B"
        response = contacts.get(f"contacts/?limit=1&cursor={''.join(forged)}")
        assert response.status_code == 422, position


def test_a_cursor_made_without_the_key_is_refused(contacts: Api) -> None:
    payload = b'[false,"Contact 03","00000000-0000-0000-0000-000000000000"]'
    for mac in (b"", b"\0" * 9, b"x" * 9):
        forged = base64.urlsafe_b64encode(mac + payload).rstrip(b"=").decode()
        assert contacts.get(f"contacts/?cursor={forged}").status_code == 422


def test_a_cursor_goes_round(acme: Company) -> None:
    order = Order("things", ("day", "id"))
    cursor = Cursor(acme.ctx(), order)
    for backwards in (True, False):
        text = cursor.write({"day": "2026-01-01", "id": "7", "more": 1}, backwards=backwards)
        assert cursor.read(text) == (backwards, ["2026-01-01", "7"])
    assert text.isascii()
    assert not set(text) & set("+/=&?# ")


def test_an_export_reads_on_from_where_a_page_ends() -> None:
    asked = PageRequest(limit=3)
    following = asked.following(Page([1, 2, 3], 3, next="there"))
    assert following is not None
    assert (following.cursor, following.limit) == ("there", 200)
    assert asked.following(Page([1], 3)) is None

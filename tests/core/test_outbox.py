"""The outbox: events in the transaction that makes them true, small and without secrets."""

from dataclasses import FrozenInstanceError, fields

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from accounting import events
from core.ids import uuid7
from core.jobs import outbox, registry
from core.jobs.models import OutboxEvent
from core.tenancy.context import Context
from core.tenancy.transactions import command
from erp.wiring import LISTENERS
from tests.accounting.books import Books, open_books

ALL = [
    value
    for value in vars(events).values()
    if isinstance(value, type) and issubclass(value, outbox.Event) and value is not outbox.Event
]


@pytest.fixture
def books() -> Books:
    return open_books()


def told(books: Books) -> list[str]:
    """What the books announced; who may do what in them is announced in capitals."""
    found = OutboxEvent.objects.filter(tenant_id=books.tenant_id).order_by("id")
    names = [event.name for event in found if not event.name.isupper()]
    return [name for name in names if name != "reference_data.changed"]


def test_what_is_posted_is_announced_and_what_is_drafted_is_not(books: Books) -> None:
    books.document("1.00", post=False)
    assert told(books) == []
    invoice = books.document("1.00").row["id"]
    payment = books.payment("1.00").id
    books.settle(invoice, "1.00", payment_id=payment)
    assert told(books) == ["document.posted", "payment.posted", "allocation.made"]


def test_an_event_says_who_did_what_and_when(books: Books) -> None:
    ctx = books.ctx
    document_id = uuid7()
    command(lambda ctx: outbox.announce(ctx, events.DocumentPosted(document_id, "invoice")))(ctx)
    event = OutboxEvent.objects.get(tenant_id=books.tenant_id, name="document.posted")
    assert event.payload == {"document_id": str(document_id), "kind": "invoice"}
    assert (event.actor_id, event.request_id) == (ctx.actor_id, ctx.request_id)
    assert event.created_at == ctx.now
    assert event.published_at is None


def test_many_events_cost_one_statement_and_keep_their_order(books: Books) -> None:
    @command
    def announce(ctx: Context) -> None:
        made = (events.DocumentPosted(uuid7(), str(number)) for number in range(50))
        outbox.announce(ctx, *made)

    with CaptureQueriesContext(connections["default"]) as captured:
        announce(books.ctx)
    assert sum("INSERT" in query["sql"] for query in captured.captured_queries) == 1
    stored = OutboxEvent.objects.filter(tenant_id=books.tenant_id, name="document.posted")
    kinds = [event.payload["kind"] for event in stored.order_by("id")]
    assert kinds == [str(number) for number in range(50)]


def test_no_event_without_the_change(books: Books) -> None:
    @command
    def fails(ctx: Context) -> None:
        outbox.announce(ctx, events.DocumentPosted(uuid7(), "invoice"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails(books.ctx)
    assert told(books) == []


@pytest.mark.parametrize("event", ALL)
def test_events_are_named_in_the_past_tense_and_frozen(event: type[outbox.Event]) -> None:
    noun, fact = event.name.split(".")
    assert noun.isidentifier()
    assert fact.endswith("ed") or fact in ("made", "undone")
    names = [field.name for field in fields(event)]
    made = event(**dict.fromkeys(names, "x"))
    with pytest.raises(FrozenInstanceError):
        setattr(made, names[0], "y")


def test_names_of_events_are_given_once() -> None:
    assert len({event.name for event in ALL}) == len(ALL)


def names_of(kind: type[outbox.Event]) -> set[str]:
    """Of every kind of event that an app has; what they have in common has no name."""
    own = {vars(kind)["name"]} if "name" in vars(kind) else set()
    return own.union(*map(names_of, kind.__subclasses__()))


def test_the_wiring_names_events_and_jobs_that_exist() -> None:
    assert LISTENERS
    assert set(LISTENERS) <= names_of(outbox.Event)
    assert all(registry.find(job) for jobs in LISTENERS.values() for job in jobs)

"""The ORM's side of the walls: every statement names its tenant, and joins on both columns."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connections, models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery, Sum
from django.test.utils import CaptureQueriesContext

from accounting.models import Account, Contact, Document, DocumentLine, Journal, JournalLine
from core.ids import uuid7
from core.tenancy.context import Context
from core.tenancy.fields import TenantManager
from core.tenancy.transactions import command, query, tenant_cursor
from tests.accounting.books import Books, open_books


@pytest.fixture
def books() -> Books:
    opened = open_books()
    opened.document("100.00", "20.00")
    opened.document("7.00", post=False)
    return opened


def statements(ctx: Context, work: Callable[[], Any], *, write: bool = False) -> list[str]:
    """The SQL that `work` sends in a transaction of its own."""
    run = (command if write else query)(lambda ctx: evaluated(work()))
    with CaptureQueriesContext(connections["default"]) as captured:
        run(ctx)
    return [q["sql"] for q in captured.captured_queries if q["sql"] not in ("COMMIT", "ROLLBACK")]


def evaluated(result: Any) -> Any:
    return list(result) if isinstance(result, models.QuerySet) else result


READS = {
    "plain": lambda: Document.objects.all(),
    "get": lambda: Account.objects.get(role="bank"),
    "select related": lambda: Document.objects.select_related("contact", "journal", "corrects"),
    "nested related": lambda: DocumentLine.objects.select_related("document__contact", "account"),
    "prefetch": lambda: Document.objects.prefetch_related("lines", "allocations"),
    "prefetch with a queryset": lambda: Journal.objects.prefetch_related(
        Prefetch("lines", JournalLine.objects.select_related("account"))
    ),
    "forward": lambda: Document.objects.filter(number__isnull=False)[0].journal,
    "reverse manager": lambda: Contact.objects.get(name="Dawson & Sons").documents.all(),
    "reverse filter": lambda: Contact.objects.filter(documents__lines__net__gt=1),
    "reverse count": lambda: Contact.objects.annotate(n=Count("documents")),
    "aggregate": lambda: Document.objects.aggregate(Sum("total"), Count("contact__name")),
    "exists": lambda: Document.objects.exists(),
    "count": lambda: Document.objects.filter(contact__name="x").count(),
    "subquery": lambda: Document.objects.annotate(
        first=Subquery(DocumentLine.objects.filter(document=OuterRef("pk")).values("net")[:1])
    ),
    "not exists": lambda: Contact.objects.filter(
        ~Exists(Document.objects.filter(contact=OuterRef("pk")))
    ),
    "union": lambda: Contact.objects.filter(name="a").union(Contact.objects.filter(name="b")),
    "in": lambda: Document.objects.filter(contact__in=Contact.objects.filter(is_active=True)),
    "values": lambda: Document.objects.values("contact__name").annotate(s=Sum("total")),
    "or": lambda: Document.objects.filter(Q(contact__name="x") | Q(journal__number="y")),
    "in bulk": lambda: Account.objects.in_bulk(),
    "refresh": lambda: Account.objects.get(role="bank").refresh_from_db(),
    "iterator": lambda: list(Document.objects.iterator(chunk_size=1)),
    "lock": lambda: Document.objects.select_for_update(),
}


@pytest.mark.parametrize("name", READS)
def test_every_read_names_its_tenant(books: Books, name: str) -> None:
    literal = books.tenant_id.hex
    for sql in statements(books.ctx, READS[name], write=name == "lock"):
        tables = len(re.findall(r'FROM "', sql))
        assert sql.count(literal) >= max(1, tables), sql


@pytest.mark.parametrize("name", READS)
def test_every_join_is_on_both_columns(books: Books, name: str) -> None:
    for sql in statements(books.ctx, READS[name], write=name == "lock"):
        for join in re.finditer(r"JOIN (.+?) ON \((.+?)\)(?= |$)", sql):
            assert join.group(2).count('"tenant_id"') == 2, sql


def test_the_sql_has_joins_to_look_at(books: Books) -> None:
    [sql] = statements(books.ctx, READS["nested related"])
    assert len(re.findall(r"JOIN (.+?) ON \((.+?)\)(?= |$)", sql)) == 3


#: What Django's collector of a `delete()` sends.
BY_ID_ALONE = re.compile(r'DELETE FROM "\w+" WHERE "\w+"\."id" IN \(')
WRITES = {
    "update": lambda: Contact.objects.update(name="x"),
    "update related": lambda: Contact.objects.filter(documents__isnull=False).update(name="x"),
    "update expression": lambda: Account.objects.update(version=F("version") + 1),
    "save": lambda: saved(Contact.objects.first()),
    "save fields": lambda: saved(Contact.objects.first(), update_fields=["name"]),
    "delete rows": lambda: Document.objects.filter(state="draft").delete(),
    "delete one": lambda: Document.objects.get(state="draft").delete(),
    "bulk update": lambda: Contact.objects.bulk_update(
        [renamed(c) for c in Contact.objects.all()], ["name"]
    ),
    "get or create": lambda: Contact.objects.get_or_create(name="New"),
    "update or create": lambda: Contact.objects.update_or_create(
        name="New", defaults={"country": "GB"}
    ),
    "create": lambda: Contact.objects.create(name="New"),
    "bulk create": lambda: Contact.objects.bulk_create([Contact(name="a"), Contact(name="b")]),
    "related create": lambda: Account.objects.get(role="bank").children.create(
        code="X", name="X", type="asset"
    ),
}


def saved(record: Any, **how: Any) -> None:
    record.save(**how)


def renamed(record: Any) -> Any:
    record.name = "x"
    return record


@pytest.mark.parametrize("name", WRITES)
def test_every_write_names_its_tenant(books: Books, name: str) -> None:
    found = statements(books.ctx, WRITES[name], write=True)
    written = [sql for sql in found if sql.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert written
    for sql in found:
        if not sql.startswith(("SAVEPOINT", "RELEASE")) and not BY_ID_ALONE.match(sql):
            assert books.tenant_id.hex in sql, sql


def test_what_is_deleted_by_its_id_alone_is_found_by_the_policys_index_condition(
    books: Books,
) -> None:
    """Django deletes collected records past every manager; the policy adds the tenant."""

    @query
    def plan(ctx: Context) -> str:
        with tenant_cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN DELETE FROM accounting_document WHERE id = '{uuid7()}'")
            return "\n".join(line for (line,) in cursor.fetchall())

    assert re.search(r"Index Cond: \(+tenant_id = .*app\.tenant_id", plan(books.ctx))


@pytest.mark.parametrize("name", WRITES)
def test_no_write_touches_another_company(books: Books, name: str) -> None:
    other = open_books()
    other.document("7.00", post=False)
    before = everything(other.ctx)
    statements(books.ctx, WRITES[name], write=True)
    assert everything(other.ctx) == before


@query
def everything(ctx: Context) -> list[Any]:
    return [list(m.objects.order_by("id").values()) for m in (Account, Contact, Document)]


# --- one company's objects in another's transaction ----------------------------------


@query
def some_contact(ctx: Context) -> Contact:
    found: Contact = Contact.objects.get(name="Dawson & Sons")
    return found


def test_a_record_carried_into_another_tenants_command_is_not_saved(books: Books) -> None:
    other = open_books()
    carried = some_contact(other.ctx)

    @command
    def save(ctx: Context) -> None:
        carried.name = "stolen"
        carried.save()

    with pytest.raises(DatabaseError, match="row-level security"):
        save(books.ctx)
    assert some_contact(other.ctx).name == "Dawson & Sons"


def test_a_record_carried_into_another_tenants_command_is_not_deleted(books: Books) -> None:
    other = open_books()
    carried = some_contact(other.ctx)
    with pytest.raises(DatabaseError, match="permission denied"):
        command(lambda ctx: carried.delete())(books.ctx)
    draft = other.find_document(other.document("1", post=False).row["id"])
    document_id = draft.pk
    command(lambda ctx: draft.delete())(books.ctx)
    assert other.find_document(document_id).is_draft


def test_a_record_carried_into_another_tenants_query_has_no_relations(books: Books) -> None:
    other = open_books()
    other.document("1.00")
    carried = some_contact(other.ctx)
    assert query(lambda ctx: carried.documents.count())(books.ctx) == 0
    assert query(lambda ctx: carried.documents.count())(other.ctx) == 1


def test_a_queryset_built_for_one_tenant_and_run_for_another_shows_the_others(
    books: Books,
) -> None:
    """The literal is written when the statement is, not when the queryset is made."""
    other = open_books()
    built = query(lambda ctx: Contact.objects.filter(name="Dawson & Sons"))(books.ctx)
    [found] = query(lambda ctx: list(built.all()))(other.ctx)
    assert found.id == other.customer


@pytest.mark.parametrize("change", ["create", "update"])
def test_a_tenant_given_by_hand_is_refused(books: Books, change: str) -> None:
    other = open_books()

    @command
    def smuggle(ctx: Context) -> None:
        if change == "create":
            Contact.objects.create(tenant_id=other.tenant_id, name="smuggled")
        else:
            Contact.objects.update(tenant_id=other.tenant_id)

    with pytest.raises(DatabaseError, match="row-level security"):
        smuggle(books.ctx)


def test_the_policy_holds_when_the_scope_of_the_manager_is_off(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_books()
    monkeypatch.setattr(TenantManager, "get_queryset", models.Manager.get_queryset)
    [found] = query(lambda ctx: list(Contact.objects.filter(name="Dawson & Sons")))(books.ctx)
    assert found.id == books.customer
    foreign = query(lambda ctx: Contact.objects.filter(pk=other.customer).first())
    assert foreign(books.ctx) is None
    assert list(Contact.objects.all()) == [], "outside of a transaction there is no tenant at all"


def test_ids_of_two_tenants_may_collide_and_stay_apart(books: Books) -> None:
    other = open_books()
    shared_id = uuid7()
    for company, name in ((books, "Ours"), (other, "Theirs")):
        command(lambda ctx, name=name: Contact.objects.create(id=shared_id, name=name))(company.ctx)
    found = query(lambda ctx: Contact.objects.get(pk=shared_id).name)
    assert (found(books.ctx), found(other.ctx)) == ("Ours", "Theirs")

"""The register of persons and of retention is whole, and true."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.models import ForeignKey, Model
from django.urls import reverse

from accounting.models import Contact
from core.audit.declared import Audited
from core.audit.triggers import declaration_of
from core.privacy.register import CONTACT, USER, persons, retention
from core.privacy.retention import table_text
from erp.schedule import SCHEDULE
from permissions.models import User
from tests.architecture.test_catalog import TABLES
from tests.cast import Company
from tests.console.desk import staff
from tests.core.raw import raw, rows

DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "privacy.md"
#: Tables that name a user and are never written.
UNUSED = {"django_admin_log"}


def test_every_table_says_how_long_its_rows_are_kept() -> None:
    with raw(alias="owner") as connection:
        tables = {name for _, name, *_ in rows(connection, TABLES)}
    assert {one.table for one in retention()} == tables


def test_who_deletes_is_an_entry_of_beat_and_every_such_entry_is_named() -> None:
    named = {one.purged_by for one in retention()} - {""}
    assert named <= set(SCHEDULE)
    purging = {name for name in SCHEDULE if name.startswith(("purge", "delete", "make and retire"))}
    # What companies do not keep of messages goes row by row inside of the months, and
    # bytes that belong to no file have no row.
    assert purging - named == {
        "delete messages that companies no longer keep",
        "delete bytes that belong to no file",
    }


def test_what_the_log_keeps_apart_as_personal_belongs_to_a_person() -> None:
    """So that erasing finds it."""
    personal = {
        model._meta.db_table
        for model in apps.get_models()
        if isinstance(declared := declaration_of(model), Audited) and declared.personal
    }
    assert personal <= {one.table for one in persons() if one.logged_columns}


def test_every_table_that_names_a_person_is_in_the_register() -> None:
    for kind, person in ((USER, User), (CONTACT, Contact)):
        known = {(one.table, one.person) for one in persons(kind)}
        assert naming(person) - known == set(), kind


def naming(person: type[Model]) -> set[tuple[str, str]]:
    return {
        (model._meta.db_table, field.attname)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, ForeignKey)
        and field.related_model is person
        and model._meta.db_table not in UNUSED
    }


def test_what_is_declared_can_be_asked_for() -> None:
    for one in persons():
        query: Any = one.model._base_manager.values("id", *one.columns)
        assert str(query.model._meta.db_table) == one.table
        assert not {c for c in one.columns if "hash" in c or "password" in c or c == "key"}


def test_the_document_says_what_the_code_says() -> None:
    """Written by: python -m tests.privacy.document"""
    assert table_text() in DOCS.read_text(encoding="utf-8")


def test_the_console_shows_it_to_the_platform_only(acme: Company) -> None:
    desk = staff(acme)
    desk.get("retention", status=403)
    User.objects.filter(pk=desk.user.pk).update(is_platform_admin=True)
    page = staff_page(acme)
    for one in retention():
        assert f"<td>{one.table}</td>" in page
    assert "purge expired idempotency keys" in page


def staff_page(company: Company) -> str:
    desk = staff(company)
    User.objects.filter(pk=desk.user.pk).update(is_platform_admin=True)
    page = desk.get("retention")
    assert reverse("admin:retention") in page
    return page

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from core.json import dumps
from core.privacy.register import CONTACT, USER
from core.privacy.report import ELSEWHERE, Person, archives_of, pages
from core.tenancy.commands import command_context, company_named
from core.tenancy.context import PLATFORM
from permissions.selectors.persons import companies_of, user_by_email


class Command(BaseCommand):
    help = (
        "Writes everything that is held of a person as lines of JSON, a page of a table each: of a "
        "contact in its company, of a user in all of them. That it was asked for is recorded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--contact", type=UUID, help="id of a contact; with --tenant")
        parser.add_argument("--tenant", help="short name of its company")
        parser.add_argument("--user", help="e-mail of a user")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["contact"]) == bool(options["user"]):
            raise CommandError("Say --contact and --tenant, or --user.")
        person, companies = self._user(options) if options["user"] else self._contact(options)
        lines = self._lines(person, companies)
        for line in lines:
            self.stdout.write(dumps(line).decode())

    def _contact(self, options: dict[str, Any]) -> tuple[Person, list[UUID]]:
        return Person(CONTACT, options["contact"]), [company_named(options["tenant"]).id]

    def _user(self, options: dict[str, Any]) -> tuple[Person, list[UUID]]:
        user = user_by_email(email=options["user"])
        if user is None:
            raise CommandError(f"There is no user {options['user']}.")
        return Person(USER, user.pk, user.email), [*companies_of(user.pk), PLATFORM]

    def _lines(self, person: Person, companies: list[UUID]) -> Iterator[dict[str, Any]]:
        yield {"kind": person.kind, "id": person.id, "elsewhere": ELSEWHERE}
        yield {"archives": archives_of(person.kind)}
        for tenant_id in companies:
            ctx = command_context(tenant_id, "person_report")
            for page in pages(ctx, person=person):
                yield {"company": tenant_id} | page

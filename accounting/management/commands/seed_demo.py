import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounting.services.imports.demo import (
    COMPANIES,
    USERS,
    demo_company_ensure,
    demo_users_ensure,
)
from core.errors import DomainError
from core.ids import uuid7
from core.tenancy.context import Context
from core.tenancy.selectors import tenant_by_slug


class Command(BaseCommand):
    help = "Loads the demo companies and their users; run again, it adds only what is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print tenants and users as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.load()
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(json.dumps(logins()) if options["json"] else logins_text())

    def load(self) -> None:
        users = demo_users_ensure()
        now = datetime.now(UTC)
        for company in COMPANIES:
            tenant = tenant_by_slug(slug=company.slug)
            tenant_id = tenant.id if tenant else uuid7()
            ctx = Context(tenant_id, actor_id=None, now=now, request_id="seed_demo")
            demo_company_ensure(ctx, company=company, users=users, is_new=tenant is None)


def logins() -> dict[str, list[dict[str, str]]]:
    """Who can log in where, and as what; one entry for each membership."""
    passwords = {user.email: user.password for user in USERS}
    return {
        "tenants": [{"slug": company.slug, "name": company.name} for company in COMPANIES],
        "users": [
            {"email": email, "password": passwords[email], "tenant": company.slug, "role": role}
            for company in COMPANIES
            for email, role in company.members
        ],
    }


def logins_text() -> str:
    columns = ("email", "password", "role", "tenant")
    rows = [[user[column] for column in columns] for user in logins()["users"]]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from core.tenancy.context import Context
from core.tenancy.selectors import tenant_by_slug
from permissions.services.platform import member_install


class Command(BaseCommand):
    help = (
        "Lets a user into a company in one of its roles, such as a new owner where the last one "
        "was locked out. For the platform's staff; everybody else is invited."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, help="short name of the company")
        parser.add_argument("--user", required=True, help="e-mail of a user who exists")
        parser.add_argument("--role", required=True, help="code of the role")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = tenant_by_slug(slug=options["tenant"])
        if tenant is None:
            raise CommandError(f"There is no company with the short name {options['tenant']}.")
        ctx = Context(tenant.id, None, datetime.now(UTC), "add_member")
        email, role = options["user"], options["role"]
        try:
            member_install(ctx, email=email, role=role)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{email} is a member of {tenant.name} as {role}.")

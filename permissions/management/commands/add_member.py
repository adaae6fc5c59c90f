from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from core.tenancy.commands import command_context, company_named
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
        tenant = company_named(options["tenant"])
        ctx = command_context(tenant.id, "add_member")
        email, role = options["user"], options["role"]
        try:
            member_install(ctx, email=email, role=role)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{email} is a member of {tenant.name} as {role}.")

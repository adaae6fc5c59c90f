from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from core.tenancy.commands import command_context, company_named
from permissions import catalog
from permissions.selectors.members import member_by_email
from permissions.services.modules import modules_assign


class Command(BaseCommand):
    help = "Sets the modules that a super admin of a company may have. For the platform's staff."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, help="short name of the company")
        parser.add_argument("--user", required=True, help="e-mail of the super admin")
        parser.add_argument("modules", nargs="*", help="the whole list; `all` for every module")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = company_named(options["tenant"])
        ctx = command_context(tenant.id, "assign_modules")
        member = member_by_email(ctx, email=options["user"])
        if member is None:
            raise CommandError(f"{options['user']} is no member of {tenant.name}.")
        wanted = catalog.modules() if options["modules"] == ["all"] else options["modules"]
        try:
            modules = modules_assign(ctx, user_id=member.user_id, modules=wanted)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{options['user']}: {', '.join(modules) or 'no modules'}.")

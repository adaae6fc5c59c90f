from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from core.ids import uuid7
from core.tenancy.commands import command_context
from permissions.services.platform import platform_admin_set


class Command(BaseCommand):
    help = "Makes a user an admin of the platform: he assigns modules, and locks users out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="e-mail")
        parser.add_argument("--revoke", action="store_true", help="he is one no more")

    def handle(self, *args: Any, **options: Any) -> None:
        ctx = command_context(uuid7(), "platform_admin")
        wanted = not options["revoke"]
        try:
            user = platform_admin_set(ctx, email=options["user"], is_platform_admin=wanted)
        except DomainError as error:
            raise CommandError(error.message) from error
        said = "is an admin" if user.is_platform_admin else "is no admin"
        self.stdout.write(f"{user} {said} of the platform.")

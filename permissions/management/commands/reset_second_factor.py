from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from core.tenancy.commands import command_context
from core.tenancy.context import PLATFORM
from permissions.services.second_factor import second_factor_reset


class Command(BaseCommand):
    help = "Forgets the second factor and the recovery codes of somebody who lost them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            ctx = command_context(PLATFORM, "reset_second_factor")
            second_factor_reset(ctx, email=options["email"])
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write("Done. A new one is set up at the next login.")

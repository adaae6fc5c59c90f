"""`migrate`, as the owner: the role of the application may not create tables."""

from django.core.management.base import CommandParser
from django.core.management.commands import migrate

from core.tenancy.router import OWNER_ALIAS


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER_ALIAS)

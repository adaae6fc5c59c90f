"""`migrate`, as the owner: the role of the application may not create tables."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections

from core.audit.triggers import triggers_attach
from core.tenancy.router import OWNER_ALIAS


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER_ALIAS)

    def handle(self, *args: Any, **options: Any) -> None:
        """The whole schema first, then what keeps data in step with the code, as the application.

        Going to one migration of one app, or only looking, leaves the data alone.
        """
        super().handle(*args, **options)
        only_looked = options["plan"] or options["check_unapplied"]
        if only_looked or options["database"] != OWNER_ALIAS:
            return
        triggers_attach(connections[OWNER_ALIAS])
        if options["app_label"]:
            return
        for name in settings.AFTER_MIGRATE_COMMANDS:
            call_command(name, verbosity=options["verbosity"])

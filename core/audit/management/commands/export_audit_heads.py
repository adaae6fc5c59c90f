import sys
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.audit.heads import HeadsUnsigned, public_key
from core.audit.publishing import heads_make


class Command(BaseCommand):
    help = (
        "Writes the signed heads of all audit chains to standard output, as JSON Lines. Kept "
        "elsewhere, `verify_audit --heads FILE` proves with them that no chain was made anew."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--public-key", action="store_true", help="only the key to verify them with"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["public_key"]:
                self.stdout.write(public_key())
                return
            sys.stdout.buffer.write(heads_make(moment=datetime.now(UTC)))
            sys.stdout.buffer.flush()
        except HeadsUnsigned as error:
            raise CommandError(str(error)) from error

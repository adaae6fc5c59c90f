from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from core.tenancy.commands import command_context
from core.tenancy.selectors import tenant_by_slug
from messaging.services.imports.demo import demo_conversations_ensure, demo_slugs


class Command(BaseCommand):
    help = (
        "Loads the conversations of the demo companies, after seed_demo; run again, it adds only "
        "what is missing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for slug in demo_slugs():
            tenant = tenant_by_slug(slug=slug)
            if tenant is None:
                continue
            ctx = command_context(tenant.id, "seed_conversations")
            try:
                summary = demo_conversations_ensure(ctx, slug=slug)
            except DomainError as error:
                raise CommandError(error.message) from error
            if options["verbosity"] > 0:
                self.stdout.write(f"{slug}: {summary.added} messages added, {summary.known} known")

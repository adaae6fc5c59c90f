from typing import Any

from django.core.management.base import BaseCommand, CommandError

from activity.services.demo import demo_usage_ensure, demo_usage_slugs
from core.errors import DomainError
from core.tenancy.commands import command_context
from core.tenancy.selectors import tenant_by_slug


class Command(BaseCommand):
    help = (
        "Loads a month of usage events into the demo companies, after seed_demo; a company that "
        "has events already is left alone."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for slug in demo_usage_slugs():
            tenant = tenant_by_slug(slug=slug)
            if tenant is None:
                continue
            ctx = command_context(tenant.id, "seed_usage")
            try:
                added = demo_usage_ensure(ctx, slug=slug)
            except DomainError as error:
                raise CommandError(error.message) from error
            if options["verbosity"] > 0:
                self.stdout.write(f"{slug}: {added} events added")

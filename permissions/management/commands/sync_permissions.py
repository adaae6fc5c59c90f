from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from core.ids import uuid7
from core.tenancy.commands import command_context
from permissions.services.catalog import permissions_sync

#: What is done sooner needs no bar.
BAR_AFTER_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Brings the permission codes that the apps declare to the database, and new ones to the "
        "template roles of every company, once. Runs by itself after `migrate`."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        loud = options["verbosity"] > 0
        # No company is acted in before each is visited by itself.
        ctx = command_context(uuid7(), "sync_permissions")
        bar: tqdm[Any] = tqdm(
            desc="permissions", unit="company", delay=BAR_AFTER_SECONDS, disable=not loud
        )
        with bar:

            def advance(done: int, known: int) -> None:
                bar.total = known
                bar.update(done - bar.n)

            changes = permissions_sync(ctx, progress=advance)
        if loud:
            self.stdout.write(
                f"Permissions: {len(changes.added)} new, {len(changes.removed)} gone."
            )

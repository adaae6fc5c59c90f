from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from core.audit.archived import archive_faults
from core.audit.chain import (
    Verified,
    archives_of_dropped_months,
    audit_verify,
    blocks_count,
    chains,
    faults_in_order,
)
from core.audit.heads import HeadsUnsigned, head_of, heads_read, public_key
from core.partitions.archive_file import ArchiveBroken
from core.tenancy.models import Tenant


class Command(BaseCommand):
    help = (
        "Looks at every row of the audit log and at the chains that prove them; names the first "
        "that was altered, taken away or put in, and exits with 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", help="one company only")
        parser.add_argument("--heads", metavar="FILE", help="signed heads that were kept elsewhere")
        parser.add_argument("--public-key", metavar="BASE64", help="whose; default: our own")
        parser.add_argument("--json", action="store_true", help="the result as one JSON object")
        parser.add_argument(
            "--pause", type=float, default=0, help="seconds between statements, to spare others"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tenant_ids = self._tenants(options["tenant"])
        lost = self._lost(options, tenant_ids)
        lost += self._broken_archives(tenant_ids)
        quiet = options["json"] or options["verbosity"] == 0
        with tqdm(
            desc="blocks", unit="block", total=blocks_count(tenant_ids), delay=1.0, disable=quiet
        ) as bar:
            found = [audit_verify(one, bar.update, options["pause"]) for one in tenant_ids]
        self._tell(found, lost, options)
        if lost or any(one.faults for one in found):
            raise CommandError("The audit log is not what was written.")

    def _tenants(self, slug: str | None) -> list[UUID]:
        if slug is None:
            return chains()
        tenant = Tenant.objects.filter(slug=slug).first()  # closed ones as well
        if tenant is None:
            raise CommandError(f"There is no company {slug}.")
        return [tenant.id]

    def _lost(self, options: dict[str, Any], tenant_ids: list[UUID]) -> list[str]:
        """What was proven once and is no longer in its chain, also of companies that are gone."""
        if options["heads"] is None:
            return []
        try:
            data = Path(options["heads"]).read_bytes()
            heads = heads_read(data, options["public_key"] or public_key())
        except (HeadsUnsigned, OSError) as error:
            raise CommandError(str(error)) from error
        return [
            f"Block {head.sequence} of {head.tenant_id} is not the one that was signed."
            for head in heads
            if (options["tenant"] is None or head.tenant_id in tenant_ids)
            and head_of(head.tenant_id, head.sequence) != head
        ]

    def _broken_archives(self, tenant_ids: list[UUID]) -> list[str]:
        """Archives stand for the months that were dropped, as long as they are what they were."""
        broken = []
        for archive in archives_of_dropped_months():
            try:
                found = [f for f in archive_faults(archive) if f.tenant_id in tenant_ids]
                broken += [f"{fault.tenant_id}: {archive.path}: {fault}" for fault in found]
            except (ArchiveBroken, OSError) as error:
                broken.append(
                    f"{archive.partition} was dropped, and its archive is no proof: {error}"
                )
        return broken

    def _tell(self, found: list[Verified], lost: list[str], options: dict[str, Any]) -> None:
        faults = [*lost, *(f"{fault.tenant_id}: {fault}" for fault in faults_in_order(found))]
        rows = sum(one.rows for one in found)
        blocks = sum(one.blocks for one in found)
        if options["json"]:
            report = {"chains": len(found), "blocks": blocks, "rows": rows, "faults": faults}
            self.stdout.write(orjson.dumps(report).decode())
            return
        for fault in faults:
            self.stderr.write(fault)
        if options["verbosity"]:
            self.stdout.write(f"{rows:,} rows in {blocks:,} blocks of {len(found):,} chains.")

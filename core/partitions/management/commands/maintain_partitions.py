from datetime import UTC, datetime
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from core.partitions.services import Plan, Report, maintenance_plan, partitions_maintain

#: What is done sooner needs no bar.
BAR_AFTER_SECONDS = 1.0
#: Below this, somebody has to look.
MONTHS_AHEAD_MIN = 2


class Command(BaseCommand):
    help = (
        "Makes the partitions of the months ahead, and archives and drops those past their "
        "retention where PARTITION_ARCHIVE_DIR and PARTITION_DROP say so. Runs daily, and after "
        "`migrate`; running it again does nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        moment = datetime.now(UTC)
        plan = maintenance_plan(moment=moment)
        if options["dry_run"]:
            self._tell_plan(plan, as_json=options["json"])
            return
        quiet = options["json"] or options["verbosity"] == 0
        with tqdm(
            desc="partitions", unit="step", total=len(plan), delay=BAR_AFTER_SECONDS, disable=quiet
        ) as bar:

            def advance(name: str) -> None:
                bar.set_postfix_str(name, refresh=False)
                bar.update()

            report = partitions_maintain(moment=moment, progress=advance)
        self._tell(report, as_json=options["json"], is_quiet=options["verbosity"] == 0)
        short = [t for t, ahead in report.months_ahead.items() if ahead < MONTHS_AHEAD_MIN]
        if short and not report.is_skipped:
            raise CommandError(f"Too few months ahead: {', '.join(short)}. {report.postponed}")

    def _tell_plan(self, plan: Plan, *, as_json: bool) -> None:
        found = {
            "create": [f"{table} {month:%Y-%m}" for table, month in plan.missing],
            "past_retention": [f"{family.name} {month:%Y-%m}" for family, month in plan.retired],
        }
        if as_json:
            self.stdout.write(orjson.dumps(found).decode())
            return
        for title, names in found.items():
            self.stdout.write(f"{title.replace('_', ' ')}: {', '.join(names) or 'nothing'}")

    def _tell(self, report: Report, *, as_json: bool, is_quiet: bool) -> None:
        if as_json:
            self.stdout.write(orjson.dumps(report.as_dict()).decode())
            return
        if is_quiet:
            return
        if report.is_skipped:
            self.stdout.write("Partitions: another maintenance is at work.")
            return
        ahead = min(report.months_ahead.values(), default=0)
        self.stdout.write(
            f"Partitions: {len(report.created)} made, {ahead} months ahead, "
            f"{len(report.archived)} archived, {len(report.dropped)} dropped, "
            f"{len(report.kept)} months kept past their retention."
        )
        for name, reason in report.postponed.items():
            self.stderr.write(f"Postponed: {name}: {reason}")

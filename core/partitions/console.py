"""The staff console's page of partitions: which months each table has, and what is archived."""

from datetime import UTC, datetime

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.partitions import registry
from core.partitions.models import PartitionArchive
from core.partitions.months import month_of
from core.partitions.registry import Family
from core.partitions.selectors import (
    Partition,
    archives_by_partition,
    months_ahead,
    partitions_by_table,
)
from core.tenancy.admin import StaffRequest, Values

VIEW = "system.partitions.view"
PLOT_HEIGHT = 40


@require_GET
def partitions_page(request: StaffRequest) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied("Only the platform's admins look at the partitions.")
    now = datetime.now(UTC)
    found, archives = partitions_by_table(), archives_by_partition()
    context = admin.site.each_context(request) | {
        "title": "Partitions",
        "tables": [
            _table(family, table, found[table], archives, now)
            for family in registry.families()
            for table in reversed(family.tables)
        ],
        "dropped": sorted(
            (archive for archive in archives.values() if archive.dropped_at),
            key=lambda archive: archive.partition,
        ),
    }
    return render(request, "admin/partitions.html", context)


def _table(
    family: Family,
    table: str,
    partitions: list[Partition],
    archives: dict[str, PartitionArchive],
    now: datetime,
) -> Values:
    largest = max((partition.bytes for partition in partitions), default=0) or 1
    return {
        "name": table,
        "ahead": months_ahead(partitions, now),
        "kept": family.months_kept_here,
        "bytes": sum(partition.bytes for partition in partitions),
        "rows": sum(partition.rows_estimated for partition in partitions),
        "width": 10 * len(partitions),
        "height": PLOT_HEIGHT,
        "partitions": [
            {
                "partition": partition,
                "archive": archives.get(partition.name),
                "is_now": partition.month == month_of(now),
                "x": 10 * index,
                "y": PLOT_HEIGHT - (bar := max(1, round(PLOT_HEIGHT * partition.bytes / largest))),
                "bar": bar,
            }
            for index, partition in enumerate(partitions)
        ],
    }

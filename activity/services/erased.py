"""Events of whoever has been erased, in months that come back from an archive."""

from datetime import date

from activity.models import UsageEvent
from core.partitions.months import bounds
from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions.models import User


@command
def month_unlink(ctx: Context, month: date) -> bool:
    """They still count, and are nobody's again (`core.partitions.registry.Forget`)."""
    since, until = bounds(month)
    events = UsageEvent.objects.filter(id__gte=since, id__lt=until)
    events.filter(user__in=User.objects.filter(erased_at__isnull=False)).update(user=None)
    found: bool = events.filter(user=None).exists()
    return found

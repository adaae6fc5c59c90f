from activity.models.events import UsageArrival, UsageEvent
from activity.models.quotas import UsageAlert, UsageQuota
from activity.models.rollups import UsageDay, UsageHour

__all__ = ["UsageAlert", "UsageArrival", "UsageDay", "UsageEvent", "UsageHour", "UsageQuota"]

"""What usage tells of users, and for how long the counts are kept."""

from activity.services.rollups import DAYS_KEPT_MONTHS, HOURS_KEPT_MONTHS
from core.privacy.platform import COMPANY
from core.privacy.register import USER, Fate, PersonalData, Retention

PURGE = "delete sums of usage that are no longer kept"

PERSONS = (
    PersonalData(
        USER,
        "activity.UsageEvent",
        "user_id",
        ("type", "properties", "received_at"),
        Fate.UNLINKED,
        "The event still counts, and is nobody's.",
    ),
)

RETENTION = (
    Retention(
        "activity_usagearrival", "a minute: until it is counted", "count usage events by hour"
    ),
    Retention("activity_usagehour", f"{HOURS_KEPT_MONTHS} months", PURGE),
    Retention("activity_usageday", f"{DAYS_KEPT_MONTHS} months", PURGE),
    Retention("activity_usagequota", COMPANY),
    Retention("activity_usagealert", f"{COMPANY}: a few rows a month"),
)

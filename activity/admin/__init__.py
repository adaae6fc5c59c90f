"""Pages of the staff console: imported by Django's autodiscovery, which registers them."""

from activity.admin import events, quotas, summary

__all__ = ["events", "quotas", "summary"]

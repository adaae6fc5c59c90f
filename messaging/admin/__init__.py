"""Pages of the staff console: imported by Django's autodiscovery, which registers them."""

from messaging.admin import conversations, settings

__all__ = ["conversations", "settings"]

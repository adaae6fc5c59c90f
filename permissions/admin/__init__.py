"""Pages of the staff console: imported by Django's autodiscovery, which registers them."""

from permissions.admin import members, sessions

__all__ = ["members", "sessions"]

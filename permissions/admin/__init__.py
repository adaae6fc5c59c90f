"""Pages of the staff console: imported by Django's autodiscovery, which registers them."""

from permissions.admin import members

__all__ = ["members"]

"""Pages of the staff console: imported by Django's autodiscovery, which registers them."""

from permissions.admin import duties, members, modules, roles, sessions

__all__ = ["duties", "members", "modules", "roles", "sessions"]

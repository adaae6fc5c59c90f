"""Mails in the staff console: what was written, from whom, and in whose words."""

from core.mail.admin import mails, settings

__all__ = ["mails", "settings"]

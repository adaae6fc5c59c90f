"""The composition root: settings, addresses, the clock, and who hears which event.

No models and no rules of its own; everything below is wired together here.
"""

from erp.celery import app as celery_app

__all__ = ["celery_app"]

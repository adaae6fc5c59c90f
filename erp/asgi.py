"""The ASGI application that the live process serves: streams only, everything else is WSGI's."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")
django.setup()

from messaging.live.app import Live  # noqa: E402  needs the settings

application = Live()

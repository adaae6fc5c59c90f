"""The WSGI application that the web processes serve."""

import os

from django.core.wsgi import get_wsgi_application

from core.ops.bodies import whole_bodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")
application = whole_bodies(get_wsgi_application())

"""One small Django project for both peers, each in a database of its own (PEER names it)."""

import os

PEER = os.environ["PEER"]
SECRET_KEY = "bench"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "bench.peers.settings"
urlpatterns: list[object] = []

_COMMON = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
]
_OWN = {
    "hordak": ["mptt", "djmoney", "hordak"],
    "ledger": ["django_ledger"],
}
INSTALLED_APPS = [*_COMMON, *_OWN[PEER]]
DEFAULT_CURRENCY = "GBP"
CURRENCIES = ["GBP"]
HORDAK_INTERNAL_CURRENCY = "GBP"

# The same server and the same connection settings as the product's.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": f"bench_peer_{PEER}",
        "USER": "postgres",
        "HOST": os.environ["POSTGRES_SOCKET_DIR"],
        "CONN_MAX_AGE": None,
        "OPTIONS": {"server_side_binding": True, "prepare_threshold": 1},
    }
}
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}}
]
# Its current behaviour, not the one it keeps for projects of earlier years.
DJANGO_LEDGER_USE_DEPRECATED_BEHAVIOR = False

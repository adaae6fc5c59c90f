"""Settings, read once from the environment. The names are the contract's."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from psycopg.conninfo import conninfo_to_dict
from redis.backoff import NoBackoff
from redis.retry import Retry

from erp.caches import NAMESPACES
from erp.wiring import LISTENERS

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".data")))

DEBUG = False
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
#: Behind TLS everywhere but on a developer's machine, where plain HTTP is all there is.
HTTPS = env.bool("HTTPS", default=True)
WSGI_APPLICATION = "erp.wsgi.application"
ROOT_URLCONF = "erp.urls"

INSTALLED_APPS = [
    "core.tenancy",
    "core.jobs",
    "core.files",
    "core.exports",
    "core.webhooks",
    "core.mail",
    "core.cache",
    "core.partitions",
    "core.audit",
    "core.privacy",
    "core.api",
    "core.ops",
    "permissions",
    "activity",
    "messaging",
    "accounting",
    "unfold.apps.BasicAppConfig",  # its default would put its own site in place of ours
    "unfold.contrib.filters",
    "erp.apps.StaffConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "django_filters",
    "django_prometheus",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

# An API request needs no cookie, so the staff console's middlewares act on
# `/admin/` only (core.ops.staff_middleware).
MIDDLEWARE = [
    "core.ops.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "core.ops.staff_middleware.StaffStaticFiles",
    "core.ops.staff_middleware.StaffSession",
    "django.middleware.csrf.CsrfViewMiddleware",
    "core.ops.staff_middleware.StaffAuthentication",
    "core.ops.staff_middleware.StaffMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "permissions.staff.StaffTenantMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "erp" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- PostgreSQL ---------------------------------------------------------------------


def database(url: str, **options: Any) -> dict[str, Any]:
    """A Django database from any URI that libpq understands."""
    parts = conninfo_to_dict(url)
    return {
        "ENGINE": "core.tenancy.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        # A kept connection saves 0.6 ms a request; a dead one is noticed at BEGIN
        # and replaced (core.tenancy.postgresql.base), so no health check is paid for.
        "CONN_MAX_AGE": None,
        "OPTIONS": {"connect_timeout": 2, **parts, **options},
    }


# Parameters are bound by the server and statements prepared at their second use:
# parsing and planning were a third of the database's time.
PREPARED = {"server_side_binding": True, "prepare_threshold": 1}

DATABASES = {"default": database(env.str("DATABASE_URL"), **PREPARED)}
if env.str("DATABASE_REPLICA_URL", default=""):
    DATABASES["replica"] = database(env.str("DATABASE_REPLICA_URL"), **PREPARED)
if env.str("DATABASE_OWNER_URL", default=""):
    # Migrations only; the web and worker processes are not given this one.
    DATABASES["owner"] = database(env.str("DATABASE_OWNER_URL"))
if env.str("DATABASE_MONITOR_URL", default=""):
    # What the console's page of the database reads; rarely, so no connection is kept.
    DATABASES["monitor"] = database(env.str("DATABASE_MONITOR_URL")) | {"CONN_MAX_AGE": 0}
#: The role that migrations grant tables to.
DATABASE_APP_ROLE = DATABASES["default"]["USER"] or "erp_app"
DATABASE_ROUTERS = ["core.tenancy.router.TenancyRouter"]
#: What `migrate` runs at its end, as the application.
AFTER_MIGRATE_COMMANDS = ["sync_permissions", "maintain_partitions"]
#: Where months past their retention are archived; nothing is archived or dropped without it.
PARTITION_ARCHIVE_DIR = env.str("PARTITION_ARCHIVE_DIR", default="")
#: Where the signed heads of the audit log are written every day, and what they are signed with.
AUDIT_HEADS_DIR = env.str("AUDIT_HEADS_DIR", default="")
AUDIT_SIGNING_KEY = env.str("AUDIT_SIGNING_KEY", default="")
#: Whether what has a verified archive is dropped as well.
PARTITION_DROP = env.bool("PARTITION_DROP", default=False)
#: Whole months kept, by family, where the app's own number does not suit: `messaging=24`.
PARTITION_MONTHS_KEPT = env.dict("PARTITION_MONTHS_KEPT", cast={"value": int}, default={})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis and Celery ---------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="disabled")
REDIS_TIMEOUT_SECONDS = 0.1
#: No greetings on connecting: each would be a round trip of its own.
REDIS_PLAIN: dict[str, Any] = {"protocol": 2, "driver_info": None}
_redis = {
    "BACKEND": "django_redis.cache.RedisCache",
    "LOCATION": REDIS_URL,
    "OPTIONS": {
        "SOCKET_CONNECT_TIMEOUT": REDIS_TIMEOUT_SECONDS,
        "SOCKET_TIMEOUT": REDIS_TIMEOUT_SECONDS,
        # A time limit that is tried ten times over is none.
        "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 0), **REDIS_PLAIN},
    },
}
_without_redis = {
    "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "disabled": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}
CACHES = {"default": _without_redis.get(REDIS_URL, _redis)}
CACHE_NAMESPACES = NAMESPACES
#: The file through which the processes of one machine tell each other what changed.
CACHE_BOARD = env.str("CACHE_BOARD", default="")

CELERY_BROKER_URL = env.str(
    "CELERY_BROKER_URL", default="memory://" if REDIS_URL in _without_redis else REDIS_URL
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "queue_order_strategy": "priority",
    "socket_connect_timeout": 2,
}
CELERY_TASK_DEFAULT_QUEUE = "normal"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1

#: Jobs of one company that may wait in one queue; more are refused with 503.
QUEUE_LIMIT = env.int("QUEUE_LIMIT", default=100)
#: The queues that workers of this process's kind serve.
JOB_QUEUES = env.list("JOB_QUEUES", default=["high", "normal", "low"])
#: Workers of one machine: of Celery, and of the relay while no broker answers.
WORKER_PROCESSES = env.int("WORKER_PROCESSES", default=2)
#: A worker that is gone is noticed so much later, and its jobs go on.
JOB_LEASE_SECONDS = env.int("JOB_LEASE_SECONDS", default=15)
EVENT_LISTENERS = LISTENERS

# --- Files --------------------------------------------------------------------------

#: Where files of companies are; with several machines, on what they share.
FILES_DIR = env.str("FILES_DIR", default=str(DATA_DIR / "files"))
FILE_BYTES_MAX = env.int("FILE_BYTES_MAX", default=512 * 1024 * 1024)
#: How long a download link can be followed.
FILE_LINK_SECONDS = env.int("FILE_LINK_SECONDS", default=15 * 60)
#: Rows of one export; a workbook has room for 48 thousand more.
EXPORT_ROWS_MAX = env.int("EXPORT_ROWS_MAX", default=1_000_000)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "files": {
        "BACKEND": "core.files.storage.DurableFiles",
        "OPTIONS": {"location": FILES_DIR},
    },
}

# --- People -------------------------------------------------------------------------

#: Who tells what somebody may who does not call himself: of links and jobs.
CALLER_OF = "permissions.authentication.caller_of"
AUTH_USER_MODEL = "permissions.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "permissions.backends.PasswordBackend",
    "permissions.backends.PolicyBackend",
]
PASSWORD_HASHERS = [
    env.str("PASSWORD_HASHER", default="permissions.hashers.TunedArgon2PasswordHasher")
]
_validation = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": f"{_validation}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": f"{_validation}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_validation}.CommonPasswordValidator"},
]
ACCESS_TOKEN_SECONDS = 60 * 60
REFRESH_TOKEN_SECONDS = 7 * 24 * 60 * 60
#: Links sent by mail.
RESET_TOKEN_SECONDS = env.int("RESET_TOKEN_SECONDS", default=60 * 60)
INVITATION_TOKEN_SECONDS = env.int("INVITATION_TOKEN_SECONDS", default=7 * 24 * 60 * 60)
#: Links asked for in an hour: to one e-mail address, and by one network address.
MAILS_PER_ACCOUNT_AND_HOUR = env.int("MAILS_PER_ACCOUNT_AND_HOUR", default=5)
MAILS_PER_ADDRESS_AND_HOUR = env.int("MAILS_PER_ADDRESS_AND_HOUR", default=60)
#: Whether staff need a second factor to open the console. Without TLS it would protect little.
STAFF_SECOND_FACTOR_REQUIRED = env.bool("STAFF_SECOND_FACTOR_REQUIRED", default=HTTPS)
OTP_TOTP_ISSUER = "ERP"

# Five wrong passwords lock the account, not the address: an attacker has many addresses.
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_USERNAME_CALLABLE = "permissions.backends.login_name"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_DISABLE_ACCESS_LOG = True
AXES_SENSITIVE_PARAMETERS = ["password"]
AXES_VERBOSE = False
AXES_HTTP_RESPONSE_CODE = 429
SILENCED_SYSTEM_CHECKS = [
    "axes.W002",  # the login endpoint answers a lock itself, in the error envelope
    "axes.W006",  # counting addresses would let an attacker start again from the next one
]

# --- Paper ---------------------------------------------------------------------------

#: Further fonts for signs that those of the typesetter lack, such as Chinese ones.
PRINTING_FONT_DIRS = env.list("PRINTING_FONT_DIRS", default=[])

# --- Mail ---------------------------------------------------------------------------

#: What links in mails begin with: where people reach us, which no request can be asked.
PUBLIC_URL = env.str(
    "PUBLIC_URL", default=f"http://127.0.0.1:{env.str('PORT', default='8000')}"
).rstrip("/")
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="ERP <no-reply@localhost>")
if env.str("EMAIL_URL", default=""):
    globals().update(env.email_url("EMAIL_URL"))
else:  # A file for each mail, for whoever tries the system out on his own machine.
    EMAIL_BACKEND = "core.mail.outgoing.PrivateFiles"
    EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_TIMEOUT = 10
#: Domains that our mail server may write for besides MAIL_FROM's; `*` where mails stay here.
MAIL_SENDER_DOMAINS = env.list(
    "MAIL_SENDER_DOMAINS", default=[] if env.str("EMAIL_URL", default="") else ["*"]
)

# --- HTTP ---------------------------------------------------------------------------

APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
#: API calls per minute of one user, and of one address that is not logged in, per web process.
THROTTLE_USER_PER_MINUTE = env.int("THROTTLE_USER_PER_MINUTE", default=60_000)
THROTTLE_ANONYMOUS_PER_MINUTE = env.int("THROTTLE_ANONYMOUS_PER_MINUTE", default=120)
#: Batches of usage events per minute of one user, counted apart from his calls.
THROTTLE_USAGE_PER_MINUTE = env.int("THROTTLE_USAGE_PER_MINUTE", default=600)
IDEMPOTENCY_KEPT_SECONDS = 24 * 60 * 60

# --- Live ---------------------------------------------------------------------------

#: Streams that one user may have open in one live process, and that all together may.
LIVE_STREAMS_PER_USER = env.int("LIVE_STREAMS_PER_USER", default=10)
LIVE_STREAMS_MAX = env.int("LIVE_STREAMS_MAX", default=10_000)
#: Events that are not purged before their listeners have had them.
OUTBOX_AWAITED = frozenset(LISTENERS)

# --- Webhooks -----------------------------------------------------------------------

#: Waits between the attempts of a delivery, the last one again and again: three days together.
WEBHOOK_RETRY_SECONDS = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800]
#: The first pause of an endpoint that does not answer; each further one is twice as long.
WEBHOOK_PAUSE_SECONDS = 5.0
#: A deliverer that is gone is noticed so much later. A turn takes up to ten seconds.
WEBHOOK_LEASE_SECONDS = env.int("WEBHOOK_LEASE_SECONDS", default=30)
#: Receivers that one process talks with at once.
WEBHOOK_SLOTS = env.int("WEBHOOK_SLOTS", default=32)
#: Hosts, or `host:port`, that are called whatever they are, for receivers in tests: never in
#: production, where whoever may subscribe could reach them.
WEBHOOK_ALLOWED_HOSTS = env.list("WEBHOOK_ALLOWED_HOSTS", default=[])

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["permissions.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.guards.DeclaredPermission"],
    "DEFAULT_PARSER_CLASSES": ["core.api.rendering.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["core.api.rendering.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.EndpointSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.api.rendering.Negotiation",
    "EXCEPTION_HANDLER": "core.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": "core.api.guards.Anonymous",
    "UNAUTHENTICATED_TOKEN": None,
    "NON_FIELD_ERRORS_KEY": "",
    # Addresses are counted from the connection unless this many proxies are known to add theirs.
    "NUM_PROXIES": env.int("TRUSTED_PROXIES", default=0),
}

SPECTACULAR_SETTINGS = {
    "TITLE": "ERP",
    "VERSION": "1",
    "DESCRIPTION": (
        "Accounting for many companies in one system. Money is a decimal string, "
        "timestamps are UTC, ids are UUIDs, errors come in one envelope."
    ),
    "OAS_VERSION": "3.1.1",
    "DEFAULT_GENERATOR_CLASS": "core.api.schema.OnceGenerator",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    # Where JSON may call itself text, it has no other schema for that.
    "PARSER_WHITELIST": ["core.api.rendering.JSONParser", "core.api.rendering.BatchParser"],
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Its own default would tell a validator on the internet where our schema is.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["core.api.schema.common_answers"],
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "DISABLE_ERRORS_AND_WARNINGS": False,
}

SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 8 * 60 * 60
CSRF_COOKIE_SECURE = HTTPS
# Only a proxy that overwrites this header may stand in front.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"

STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / "static"))

# --- Language, time, logs -----------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING_CONFIG = "core.ops.logs.configure"
LOGGING = {"level": LOG_LEVEL}

# --- Staff console ------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "erp.admin.company_name",
    "SITE_HEADER": "ERP",
    "SITE_SYMBOL": "account_balance",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "ACCOUNT": {
        "navigation": [
            {"title": "Second factor", "link": "/admin/second-factor/"},
            {"title": "API documentation", "link": "/api/docs/"},
        ]
    },
    "DASHBOARD_CALLBACK": "accounting.admin.overview.overview",
    "SIDEBAR": {"navigation": "erp.admin.navigation"},
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .013 200)",
            "100": "oklch(94.5% .027 200)",
            "200": "oklch(89.5% .047 202)",
            "300": "oklch(82.5% .071 204)",
            "400": "oklch(72.5% .093 207)",
            "500": "oklch(62% .097 211)",
            "600": "oklch(52.5% .088 214)",
            "700": "oklch(45.5% .076 217)",
            "800": "oklch(39.5% .063 219)",
            "900": "oklch(34.5% .051 221)",
            "950": "oklch(25.5% .04 224)",
        },
    },
}

"""Every entry of Celery beat. Times are UTC; expired entries are dropped, not piled up."""

from celery.schedules import crontab

HOUR_SECONDS = 3600

DAY_SECONDS = 24 * HOUR_SECONDS
MINUTE_SECONDS = 60

SCHEDULE = {
    "make and retire monthly partitions": {
        "task": "core.partitions.tasks.partitions_maintain_task",
        "schedule": crontab(hour=2, minute=5),
        "options": {"queue": "low", "expires": DAY_SECONDS},
    },
    "prove what was written to the audit log": {
        "task": "core.audit.tasks.audit_seal_task",
        "schedule": 10.0,
        "options": {"queue": "low", "expires": 10},
    },
    "publish the heads of the audit log": {
        "task": "core.audit.tasks.audit_heads_task",
        "schedule": crontab(hour=0, minute=5),
        "options": {"queue": "low", "expires": DAY_SECONDS},
    },
    "count usage events by hour": {
        "task": "activity.tasks.usage_hours_roll_up_task",
        "schedule": crontab(),
        "options": {"queue": "low", "expires": MINUTE_SECONDS},
    },
    "count usage events by day": {
        "task": "activity.tasks.usage_days_roll_up_task",
        "schedule": crontab(minute="3-59/10"),
        "options": {"queue": "low", "expires": 10 * MINUTE_SECONDS},
    },
    "delete sums of usage that are no longer kept": {
        "task": "activity.tasks.usage_counts_purge_task",
        "schedule": crontab(hour=1, minute=50),
        "options": {"queue": "low", "expires": DAY_SECONDS},
    },
    "delete messages that companies no longer keep": {
        "task": "messaging.tasks.messages_expire_task",
        "schedule": crontab(hour=1, minute=35),
        "options": {"queue": "low", "expires": DAY_SECONDS},
    },
    "purge expired idempotency keys": {
        "task": "core.api.tasks.idempotency_keys_purge_task",
        "schedule": crontab(minute=10),
        "options": {"queue": "low", "expires": HOUR_SECONDS},
    },
    "purge events that nobody waits for": {
        "task": "core.jobs.tasks.outbox_purge_task",
        "schedule": crontab(minute=15),
        "options": {"queue": "low", "expires": HOUR_SECONDS},
    },
    "purge jobs that ended long ago": {
        "task": "core.jobs.tasks.jobs_purge_task",
        "schedule": crontab(hour=3, minute=5),
        "options": {"queue": "low", "expires": DAY_SECONDS},
    },
    "delete what is known of exports": {
        "task": "core.exports.tasks.exports_purge_task",
        "schedule": crontab(hour=3, minute=35),
        "options": {"queue": "low", "expires": DAY_SECONDS},
    },
    "purge mails that were written long ago": {
        "task": "core.mail.tasks.mails_purge_task",
        "schedule": crontab(hour=3, minute=20),
        "options": {"queue": "low", "expires": DAY_SECONDS},
    },
    "delete files that have ended": {
        "task": "core.files.tasks.files_purge_task",
        "schedule": crontab(minute=50),
        "options": {"queue": "low", "expires": HOUR_SECONDS},
    },
    "delete bytes that belong to no file": {
        "task": "core.files.tasks.orphans_purge_task",
        "schedule": crontab(hour=3, minute=20),
        "options": {"queue": "low", "expires": DAY_SECONDS},
    },
    "purge deliveries of webhooks": {
        "task": "core.webhooks.tasks.webhook_deliveries_purge_task",
        "schedule": crontab(hour=3, minute=15),
        "options": {"queue": "low", "expires": DAY_SECONDS},
    },
    "purge sessions that cannot be refreshed": {
        "task": "permissions.tasks.sessions_purge_task",
        "schedule": crontab(minute=20),
        "options": {"queue": "low", "expires": HOUR_SECONDS},
    },
    "purge links that are too old to be followed": {
        "task": "permissions.tasks.one_time_tokens_purge_task",
        "schedule": crontab(minute=25),
        "options": {"queue": "low", "expires": HOUR_SECONDS},
    },
    "purge counts of mails": {
        "task": "permissions.tasks.mail_counts_purge_task",
        "schedule": crontab(minute=35),
        "options": {"queue": "low", "expires": HOUR_SECONDS},
    },
    "purge the console's sessions that are over": {
        "task": "permissions.tasks.staff_sessions_purge_task",
        "schedule": crontab(minute=45),
        "options": {"queue": "low", "expires": HOUR_SECONDS},
    },
    "purge permissions remembered while the cache was away": {
        "task": "permissions.tasks.permission_cache_purge_task",
        "schedule": crontab(minute=40),
        "options": {"queue": "low", "expires": HOUR_SECONDS},
    },
    "purge counts of failed logins": {
        "task": "permissions.tasks.failed_logins_purge_task",
        "schedule": crontab(minute=30),
        "options": {"queue": "low", "expires": HOUR_SECONDS},
    },
}

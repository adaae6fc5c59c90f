"""What the platform's own tables hold, and for how long. The apps declare theirs."""

from django.conf import settings

from core.exports.services import EXPORTS_KEPT
from core.jobs.purge import DEAD_JOBS_KEPT, JOBS_KEPT, KEPT
from core.mail.purge import MAILS_KEPT
from core.privacy.register import CONTACT, USER, Fate, PersonalData, Retention

HOUR_SECONDS = 3600
CHANGES = ("table", "row_id", "action", "address", "operation", "reason", "old", "new", "personal")

PERSONS = (
    PersonalData(
        CONTACT,
        "audit.AuditLog",
        "row_id",
        CHANGES,
        Fate.KEPT,
        "That and when something changed stays as proof; what it said of the person is emptied.",
    ),
    PersonalData(
        USER,
        "audit.AuditLog",
        "actor_id",
        CHANGES,
        Fate.KEPT,
        "What somebody did stays as proof, under his id and with the network address he used.",
    ),
    PersonalData(
        USER,
        "audit.AuditLog",
        "row_id",
        CHANGES,
        Fate.KEPT,
        "That and when something changed stays as proof; what it said of the person is emptied.",
        on_platform=True,
    ),
)

FOR_EVER = "as long as the system"
COMPANY = "as long as the company"
NOT_WRITTEN = "not written"

RETENTION = (
    Retention("tenancy_tenant", COMPANY),
    Retention("audit_auditblock", f"{FOR_EVER}: it proves months that were dropped, too"),
    Retention("audit_erasure", FOR_EVER, dated_by=""),
    Retention("audit_key", FOR_EVER, dated_by=""),
    Retention("audit_tail", FOR_EVER, dated_by=""),
    Retention(
        "api_idempotencykey",
        f"{settings.IDEMPOTENCY_KEPT_SECONDS // HOUR_SECONDS} hours",
        "purge expired idempotency keys",
    ),
    Retention(
        "jobs_outboxevent",
        f"{KEPT.days} days, longer only while a listener waits for it",
        "purge events that nobody waits for",
    ),
    Retention("jobs_outboxtail", FOR_EVER, dated_by=""),
    Retention("jobs_tenanttail", COMPANY, dated_by=""),
    Retention(
        "jobs_job",
        f"{JOBS_KEPT.days} days after its end, {DEAD_JOBS_KEPT.days} where it died",
        "purge jobs that ended long ago",
    ),
    Retention("jobs_jobticket", "until its job has ended", dated_by="run_at"),
    Retention("jobs_jobtally", FOR_EVER, dated_by=""),
    Retention("jobs_schedulerun", FOR_EVER, dated_by=""),
    Retention(
        "exports_export",
        f"{EXPORTS_KEPT.days} days, as their files",
        "delete what is known of exports",
    ),
    Retention(
        "files_storedfile",
        "until it ends, which is said when it is kept",
        "delete files that have ended",
    ),
    Retention("mail_mailsettings", COMPANY),
    Retention("mail_mailtemplate", COMPANY),
    Retention(
        "mail_mail",
        f"{MAILS_KEPT.days} days, or until its reader is erased",
        "purge mails that were written long ago",
    ),
    Retention("cache_pendingbump", "seconds: until every process has heard of it"),
    Retention(
        "partitions_partitionarchive",
        f"{FOR_EVER}: the list of archives, which operators delete",
    ),
    Retention("django_migrations", FOR_EVER, dated_by=""),
    Retention("django_content_type", FOR_EVER, dated_by=""),
    Retention("django_admin_log", NOT_WRITTEN, dated_by="action_time"),
    Retention("auth_group", NOT_WRITTEN, dated_by=""),
    Retention("auth_group_permissions", NOT_WRITTEN, dated_by=""),
    Retention("auth_permission", FOR_EVER, dated_by=""),
)

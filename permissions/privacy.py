"""What is held of users, and for how long the tables of logins keep their rows."""

from django.conf import settings

from core.mail.purge import MAIL_COLUMNS
from core.privacy.platform import COMPANY, FOR_EVER, NOT_WRITTEN
from core.privacy.register import USER, Fate, PersonalData, Retention
from permissions.services.purges import FAILED_LOGINS_KEPT, MAIL_COUNTS_KEPT

HOUR_SECONDS, DAY_SECONDS = 3600, 86_400
REFRESH_DAYS = settings.REFRESH_TOKEN_SECONDS // DAY_SECONDS
INVITATION_DAYS = settings.INVITATION_TOKEN_SECONDS // DAY_SECONDS
RIGHTS_STAY = "Who held which right stays provable; it is worth nothing, as he cannot enter."

PERSONS = (
    PersonalData(
        USER,
        "permissions.User",
        "id",
        ("email", "name", "is_active", "is_staff", "created_at", "last_login", "erased_at"),
        Fate.EMPTIED,
        "Name, e-mail address and password go; the row stays, because messages and logs name it.",
    ),
    PersonalData(
        USER,
        "permissions.Membership",
        "user_id",
        ("is_active", "is_super_admin", "created_at", "joined_at"),
        Fate.KEPT,
        "Inactive from then on.",
    ),
    PersonalData(
        USER, "permissions.RoleAssignment", "user_id", ("role_id",), Fate.KEPT, RIGHTS_STAY
    ),
    PersonalData(
        USER,
        "permissions.ModuleAssignment",
        "user_id",
        ("module", "assigned_at"),
        Fate.KEPT,
        RIGHTS_STAY,
    ),
    PersonalData(
        USER,
        "permissions.ModuleAssignment",
        "assigned_by_id",
        ("user_id", "module", "assigned_at"),
        Fate.KEPT,
        RIGHTS_STAY,
    ),
    PersonalData(
        USER,
        "permissions.UserSession",
        "user_id",
        ("device", "address", "created_at", "last_seen_at", "revoked_at"),
        Fate.DELETED,
        "Ended, and deleted with the device and the network address.",
    ),
    PersonalData(
        USER,
        "permissions.OneTimeToken",
        "user_id",
        ("purpose", "created_at", "expires_at", "used_at"),
        Fate.DELETED,
        "No link that was mailed works any more.",
    ),
    PersonalData(
        USER,
        "permissions.OneTimeToken",
        "created_by_id",
        ("purpose", "created_at", "expires_at", "used_at"),
        Fate.KEPT,
        "Links for others, deleted when they expire.",
    ),
    PersonalData(
        USER,
        "otp_totp.TOTPDevice",
        "user_id",
        ("name", "confirmed"),
        Fate.DELETED,
        "The second factor is forgotten.",
        on_platform=True,
    ),
    PersonalData(
        USER,
        "otp_static.StaticDevice",
        "user_id",
        ("name", "confirmed"),
        Fate.DELETED,
        "So are its recovery codes.",
        on_platform=True,
    ),
    PersonalData(
        USER,
        "axes.AccessAttempt",
        "username",
        ("ip_address", "user_agent", "attempt_time", "failures_since_start"),
        Fate.DELETED,
        "Failed logins with the address are forgotten.",
        by_email=True,
        on_platform=True,
    ),
    PersonalData(
        USER,
        "permissions.PasswordRequest",
        "email",
        ("asked_at",),
        Fate.DELETED,
        "What was asked for a second ago is not looked after any more.",
        by_email=True,
        on_platform=True,
    ),
    PersonalData(
        USER,
        "mail.Mail",
        "person_id",
        MAIL_COLUMNS,
        Fate.DELETED,
        "What was written to him is forgotten.",
    ),
    PersonalData(
        USER,
        "jobs.Job",
        "actor_id",
        ("task", "state", "created_at", "ended_at"),
        Fate.KEPT,
        "Ids and numbers only; gone with the job.",
    ),
    PersonalData(
        USER,
        "exports.Export",
        "created_by_id",
        ("address", "format", "created_at", "rows"),
        Fate.KEPT,
        "What he took with him stays known for a week, and in the audit log.",
    ),
    PersonalData(
        USER,
        "files.StoredFile",
        "created_by_id",
        ("name", "purpose", "created_at", "expires_at"),
        Fate.KEPT,
        "Files of the company that he made; nobody else may fetch his own, and they end soon.",
    ),
)

RETENTION = (
    Retention("permissions_passwordrequest", "a second: until it is looked after"),
    Retention("permissions_user", f"{FOR_EVER}; name and e-mail until the person is erased"),
    Retention("permissions_membership", COMPANY),
    Retention("permissions_role", COMPANY),
    Retention("permissions_grant", COMPANY),
    Retention("permissions_roleassignment", COMPANY),
    Retention("permissions_moduleassignment", COMPANY),
    Retention("permissions_permissionstamp", COMPANY, dated_by=""),
    Retention("permissions_permission", FOR_EVER, dated_by=""),
    Retention(
        "permission_cache",
        "minutes: until it is too old to be believed",
        "purge permissions remembered while the cache was away",
    ),
    Retention(
        "permissions_usersession",
        f"{REFRESH_DAYS} days after it was last refreshed",
        "purge sessions that cannot be refreshed",
    ),
    Retention(
        "permissions_spentrefreshtoken",
        f"{REFRESH_DAYS} days",
        "purge sessions that cannot be refreshed",
        "spent_at",
    ),
    Retention(
        "permissions_onetimetoken",
        f"until it expires: {INVITATION_DAYS} days at most",
        "purge links that are too old to be followed",
    ),
    Retention(
        "permissions_mailcount",
        f"{MAIL_COUNTS_KEPT.seconds // HOUR_SECONDS} hours; hashes only",
        "purge counts of mails",
        "starts_at",
    ),
    Retention(
        "axes_accessattempt",
        f"{FAILED_LOGINS_KEPT.days} day",
        "purge counts of failed logins",
        "attempt_time",
    ),
    Retention("axes_accessattemptexpiration", NOT_WRITTEN, dated_by="expires_at"),
    Retention("axes_accessfailurelog", NOT_WRITTEN, dated_by="attempt_time"),
    Retention("axes_accesslog", NOT_WRITTEN, dated_by="attempt_time"),
    Retention("otp_totp_totpdevice", "until it is reset, or the person erased", dated_by=""),
    Retention("otp_static_staticdevice", "until it is reset, or the person erased", dated_by=""),
    Retention("otp_static_statictoken", "until it is used, or all are renewed", dated_by=""),
    Retention(
        "django_session",
        f"{settings.SESSION_COOKIE_AGE // HOUR_SECONDS} hours",
        "purge the console's sessions that are over",
        "expire_date",
    ),
)

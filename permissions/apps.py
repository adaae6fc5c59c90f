from django.apps import AppConfig


class PermissionsConfig(AppConfig):
    name = "permissions"

    def ready(self) -> None:
        from django.core.signals import request_finished

        from core import refusals
        from core.audit.declared import declare_of_other
        from core.jobs import registry, sweeps
        from core.jobs.models import Queue
        from core.mail import kinds
        from core.privacy import register
        from permissions import catalog, checks, last_seen  # noqa: F401  checks register themselves
        from permissions.duties import DUTIES
        from permissions.mail import kinds as link_mail_kinds
        from permissions.privacy import PERSONS, RETENTION
        from permissions.refusals import REFUSALS
        from permissions.services.link_mails import LINK_MAIL, link_secrets
        from permissions.services.notices import WEBHOOK_NOTICE, mail_kind
        from permissions.services.passwords import password_requests_serve
        from permissions.services.second_factor import AUDITED

        catalog.declare(
            "permissions",
            {
                "users": ["view"],
                "memberships": ["view", "create", "update"],
                "super-admins": ["update"],
                "roles": ["view", "create", "update", "delete"],
                "grants": ["view", "create", "delete"],
                "modules": ["view"],
                "explain": ["view"],
                "duties": ["view"],
                "sessions": ["view", "revoke"],
            },
            platform={"modules": ["update"], "users": ["deactivate"]},
        )
        catalog.declare("privacy", {"users": ["view"]}, platform={"users": ["erase"]})
        catalog.declare_duties(*DUTIES)
        registry.declare(
            registry.JobType(
                LINK_MAIL,
                "permissions.tasks.link_mail_task",
                queue=Queue.HIGH,
            ),
            registry.JobType(
                WEBHOOK_NOTICE, "permissions.tasks.webhook_notice_task", queue=Queue.LOW
            ),
        )
        kinds.declare(*link_mail_kinds(link_secrets), mail_kind())
        sweeps.declare_chore(password_requests_serve)
        register.declare_persons(*PERSONS)
        register.declare_retention(*RETENTION)
        for label, declared in AUDITED.items():
            declare_of_other(label, declared)
        refusals.register(REFUSALS)
        request_finished.connect(last_seen.write, dispatch_uid="permissions.last_seen")

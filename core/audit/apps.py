from typing import Any

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "core.audit"
    label = "audit"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from core.partitions import registry

        registry.declare(
            registry.Family(
                "audit",
                tables=("audit_auditlog",),
                months_ahead=6,
                months_kept=24,
                restored_by="audit_restore",
            )
        )
        post_migrate.connect(_attach, sender=self)


def _attach(using: str, **_: Any) -> None:
    """Models may say something else of their audit than when their tables were made."""
    from django.db import connections

    from core.audit.triggers import triggers_compare

    connection = connections[using]
    with connection.cursor() as cursor:
        for statement in triggers_compare(connection):
            cursor.execute(statement)

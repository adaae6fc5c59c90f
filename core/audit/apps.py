from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "core.audit"
    label = "audit"

    def ready(self) -> None:
        from prometheus_client import REGISTRY

        from core.audit.metrics import AuditCollector
        from core.partitions import registry

        REGISTRY.register(AuditCollector())
        registry.declare(
            registry.Family(
                "audit",
                tables=("audit_auditlog",),
                months_ahead=6,
                months_kept=24,
                restored_by="audit_restore",
            )
        )

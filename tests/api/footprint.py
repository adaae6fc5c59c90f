"""What a company consists of, so that a refused call can be shown to have changed nothing."""

from typing import Any

from django.apps import apps
from django.db.models import Count, Sum

from core.api.models import IdempotencyKey
from core.jobs.models import OutboxEvent
from core.tenancy.context import Context
from core.tenancy.models import TenantModel
from core.tenancy.transactions import query
from tests.cast import Company


def footprint(company: Company) -> dict[str, Any]:
    """Rows of each of the company's tables, with their versions and next numbers summed."""
    announced = OutboxEvent.objects.filter(tenant_id=company.tenant_id).count()
    return {**_tables(company.ctx()), "events": announced}


@query
def _tables(ctx: Context) -> dict[str, Any]:
    return {
        model._meta.label: model.objects.aggregate(rows=Count("pk"), **_sums(model))
        for model in apps.get_models()
        if issubclass(model, TenantModel) and model is not IdempotencyKey
    }


def _sums(model: type[TenantModel]) -> dict[str, Sum]:
    names = {field.name for field in model._meta.get_fields()}
    return {name: Sum(name) for name in ("version", "next_number", "allocated") if name in names}

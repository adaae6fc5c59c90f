"""What a company consists of, so that a refused call can be shown to have changed nothing."""

from functools import cache
from typing import Any

from django.apps import apps

from core.api.models import IdempotencyKey
from core.jobs.models import OutboxEvent
from core.tenancy.context import Context
from core.tenancy.models import TenantModel
from core.tenancy.transactions import query, tenant_cursor
from tests.cast import Company

SUMMED = ("version", "next_number", "allocated")


def footprint(company: Company) -> dict[str, Any]:
    """Rows of each of the company's tables, with their versions and next numbers summed."""
    announced = OutboxEvent.objects.filter(tenant_id=company.tenant_id).count()
    return {**_tables(company.ctx()), "events": announced}


@query
def _tables(ctx: Context) -> dict[str, Any]:
    with tenant_cursor() as cursor:
        cursor.execute(_counting())
        return {table: figures for table, *figures in cursor.fetchall()}


@cache
def _counting() -> str:
    """One statement for all tables: more than a thousand tests ask, and most of them twice."""
    return " UNION ALL ".join(
        f"SELECT '{model._meta.db_table}', count(*), {_sums(model)} FROM {model._meta.db_table}"
        for model in apps.get_models()
        if issubclass(model, TenantModel) and model is not IdempotencyKey
    )


def _sums(model: type[TenantModel]) -> str:
    names = {field.name for field in model._meta.get_fields()}
    return ", ".join(f"sum({name})" if name in names else "NULL::numeric" for name in SUMMED)

"""DDL of tenant tables, added to what Django would create."""

import re
from typing import Any

from django.conf import settings
from django.db.backends.ddl_references import Columns
from django.db.backends.postgresql import schema
from django.db.models import Field, Model

from core.audit.declared import Audited
from core.audit.triggers import CAN_ATTACH, attach_sql, declaration_of
from core.tenancy.fields import TenantField, TenantForeignKey, is_tenant_model

TENANT_COLUMN = "tenant_id"
POLICY = "tenant_isolation"
#: The version of PostgreSQL whose statistics can be set.
STATISTICS_SINCE = 180000
#: NULLIF, because a setting that was local once reads as '' afterwards, not as NULL.
TENANT_MATCHES = f"{TENANT_COLUMN} = NULLIF(current_setting('app.tenant_id', true), '')::uuid"


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    # Django adds a column and its foreign key in one statement; ours are
    # composite, so they always come as a statement of their own.
    sql_create_column_inline_fk = None  # type: ignore[assignment]

    def create_model(self, model: type[Model]) -> None:
        super().create_model(model)
        table = self.quote_name(model._meta.db_table)
        if is_tenant_model(model):
            self.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            self.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            self.execute(
                f"CREATE POLICY {POLICY} ON {table} "
                f"USING ({TENANT_MATCHES}) WITH CHECK ({TENANT_MATCHES})"
            )
            self._assume_few_tenants(model)
        # On this table only: a partition named directly is not covered by the
        # policy of its parent, so default privileges would open a way around it.
        role = self.quote_name(settings.DATABASE_APP_ROLE)
        self.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}")
        self._attach_audit(model)

    def _attach_audit(self, model: type[Model]) -> None:
        """The triggers of the log; tables that are older than it get theirs after migrating."""
        declared = declaration_of(model)
        if isinstance(declared, Audited):
            attach = attach_sql(model._meta.db_table, declared).replace("SELECT", "PERFORM", 1)
            self.execute(f"DO $do$ BEGIN IF {CAN_ATTACH} THEN {attach}; END IF; END $do$")

    def _assume_few_tenants(self, model: type[Model]) -> None:
        """Statistics for the time until there are real ones.

        A new table is planned as if each tenant had one row, so that any index
        that starts with the tenant looks as good as the key; a plan kept from
        then reads all rows of the tenant for each one it looks up.
        """
        if self.connection.pg_version >= STATISTICS_SINCE and not hasattr(
            model, "partition_column"
        ):
            self.execute(
                "SELECT pg_restore_attribute_stats("
                f"'schemaname', current_schema()::text, 'relname', '{model._meta.db_table}', "
                f"'attname', '{TENANT_COLUMN}', 'inherited', false, "
                "'null_frac', 0::real, 'avg_width', 16, 'n_distinct', 5::real)"
            )

    def table_sql(self, model: type[Model]) -> tuple[str, Any]:
        sql, params = super().table_sql(model)
        if not is_tenant_model(model):
            return sql, params
        partition_column: str = getattr(model, "partition_column", "")
        key = dict.fromkeys([TENANT_COLUMN, "id", partition_column or "id"])
        columns = ", ".join(self.quote_name(column) for column in key)
        sql, replaced = re.subn(r'("id" uuid [^,]*?)\s*PRIMARY KEY', r"\1", sql, count=1)
        if not replaced:
            raise NotImplementedError(f"{model._meta.label}: a tenant table's key is a UUID `id`.")
        sql = sql.removesuffix(")") + f", PRIMARY KEY ({columns}))"
        if partition_column:
            sql += f" PARTITION BY RANGE ({self.quote_name(partition_column)})"
        return sql, params

    def _create_fk_sql(self, model: type[Model], field: Any, suffix: str) -> Any:
        statement = super()._create_fk_sql(model, field, suffix)  # type: ignore[misc]
        if isinstance(field, TenantForeignKey):
            column, to = str(field.column), field.target_field
            to_column = str(to.column)
            statement.parts["column"] = Columns(
                model._meta.db_table, [TENANT_COLUMN, column], self.quote_name
            )
            statement.parts["to_column"] = Columns(
                to.model._meta.db_table, [TENANT_COLUMN, to_column], self.quote_name
            )
        return statement

    def _field_should_be_indexed(self, model: type[Model], field: Field) -> bool:
        """A tenant foreign key is indexed as `(tenant, x)` by its model, never alone."""
        if isinstance(field, TenantField | TenantForeignKey):
            return False
        return bool(super()._field_should_be_indexed(model, field))  # type: ignore[misc]

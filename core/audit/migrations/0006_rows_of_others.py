"""Rows of other people's applications, which have numbers for keys, are recorded as well."""

from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_deleted_lines")]

    operations = [sql_file(SQL / "rows.sql")]

"""A table whose updates the database refuses has no trigger that waits for them."""

from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_rows")]

    operations = [sql_file(SQL / "rows.sql")]

"""Lines that go together are one entry of their document, as those that come together are."""

from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_refused_updates")]

    operations = [sql_file(SQL / "rows.sql")]

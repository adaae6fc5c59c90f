"""Cheaper triggers for most tables, lines as one entry, and what is counted without reading it."""

from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_log")]

    operations = [sql_file(SQL / "rows.sql"), sql_file(SQL / "extents.sql")]

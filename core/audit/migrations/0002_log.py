"""The functions of the log, and its first months."""

from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
        ("partitions", "0002_functions"),
    ]

    operations = [
        sql_file(SQL / "audit.sql"),
        sql_file(SQL / "chain.sql"),
        migrations.RunSQL(
            "SELECT create_future_partitions('audit_auditlog', 6)", migrations.RunSQL.noop
        ),
    ]

from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("permissions", "0003_roles_sessions_modules")]

    operations = [
        sql_file(SQL / "permission_cache.sql"),
        sql_file(SQL / "held.sql"),
        migrations.RunSQL(
            "DROP FUNCTION permissions_authenticate(bytea, timestamptz)", migrations.RunSQL.noop
        ),
    ]

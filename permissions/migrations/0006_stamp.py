from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("permissions", "0005_mail_counts")]

    operations = [sql_file(SQL / "stamp.sql"), sql_file(SQL / "held.sql")]

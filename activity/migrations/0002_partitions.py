from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("activity", "0001_initial"), ("partitions", "0002_functions")]

    operations = [sql_file(SQL / "partitions.sql")]

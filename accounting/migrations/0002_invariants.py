from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("accounting", "0001_initial")]

    operations = [
        sql_file(SQL / "journals.sql"),
        sql_file(SQL / "documents.sql"),
        sql_file(SQL / "privileges.sql"),
    ]

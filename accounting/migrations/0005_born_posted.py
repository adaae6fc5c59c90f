"""Documents, payments and journals may be inserted as posted, with their lines, in one statement."""

from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("accounting", "0004_papers")]

    operations = [sql_file(SQL / "journals.sql"), sql_file(SQL / "documents.sql")]

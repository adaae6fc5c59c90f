from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    """`job_enqueue` stays for processes of the version before, which run on meanwhile."""

    dependencies = [("jobs", "0007_enqueue")]

    operations = [sql_file(SQL / "place.sql", reverse="DROP FUNCTION job_place")]

from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("jobs", "0006_awaited_by_name")]

    operations = [
        sql_file(
            SQL / "enqueue.sql",
            reverse=(SQL / "enqueue_back.sql").read_text(encoding="utf-8"),
        ),
    ]

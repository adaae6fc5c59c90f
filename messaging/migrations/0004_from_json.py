from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0003_conversation_rules"),
        ("partitions", "0002_functions"),
        ("permissions", "0001_initial"),
    ]

    operations = [sql_file(SQL / "from_json.sql")]

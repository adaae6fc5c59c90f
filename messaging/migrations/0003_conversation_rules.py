from pathlib import Path

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("messaging", "0002_partitions"), ("permissions", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="participant",
            name="sees_after_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="thread",
            index=GinIndex(
                models.F("tenant"),
                OpClass("subject", name="gin_trgm_ops"),
                name="messaging_thread_subject",
            ),
        ),
        migrations.AddIndex(
            model_name="participant",
            index=models.Index(
                fields=["tenant", "user"],
                name="messaging_participant_outside",
                condition=models.Q(role="guest", left_at=None),
            ),
        ),
        sql_file(SQL / "conversations.sql"),
    ]

from pathlib import Path

from django.db import migrations, models

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="OutboxTail",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(default=0)),
                ("purged", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="jobs_outbox_one_tail"
                    )
                ],
            },
        ),
        migrations.AddField("outboxevent", "position", models.BigIntegerField(null=True)),
        migrations.AddConstraint(
            "outboxevent",
            models.UniqueConstraint(
                condition=models.Q(("position__isnull", False)),
                fields=("position",),
                name="jobs_outbox_position",
            ),
        ),
        migrations.AddIndex(
            "outboxevent",
            models.Index(
                condition=models.Q(("position__isnull", False)),
                fields=["tenant_id", "position"],
                name="jobs_outbox_tenant",
            ),
        ),
        sql_file(
            SQL / "positions.sql",
            reverse=(SQL / "positions_back.sql").read_text(encoding="utf-8"),
        ),
    ]

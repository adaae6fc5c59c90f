from pathlib import Path

from django.db import migrations, models

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("jobs", "0003_jobs")]

    operations = [
        migrations.CreateModel(
            name="TenantTail",
            fields=[
                ("tenant_id", models.UUIDField(primary_key=True, serialize=False)),
                ("sequence", models.BigIntegerField()),
                ("purged", models.BigIntegerField(db_default=0, default=0)),
            ],
        ),
        migrations.AddField("outboxevent", "sequence", models.BigIntegerField(null=True)),
        sql_file(
            SQL / "sequences.sql",
            reverse=(SQL / "sequences_back.sql").read_text(encoding="utf-8"),
        ),
        migrations.AddConstraint(
            "outboxevent",
            models.UniqueConstraint(
                condition=models.Q(("sequence__isnull", False)),
                fields=("tenant_id", "sequence"),
                name="jobs_outbox_sequence",
            ),
        ),
        migrations.AddConstraint(
            "outboxevent",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("position__isnull", True), ("sequence__isnull", True)),
                    models.Q(("position__isnull", False), ("sequence__isnull", False)),
                    _connector="OR",
                ),
                name="jobs_outbox_placed_whole",
            ),
        ),
    ]

from pathlib import Path

from django.db import migrations, models

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    """Unread is the difference of two numbers. What is there already is counted, as before, until
    somebody reads his thread to its end.
    """

    dependencies = [("messaging", "0004_from_json")]

    operations = [
        migrations.AddField("thread", "sent", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("thread", "counted_from_id", models.UUIDField(null=True)),
        migrations.AddField("participant", "sent_read", models.BigIntegerField(null=True)),
        sql_file(SQL / "strangers.sql"),
    ]

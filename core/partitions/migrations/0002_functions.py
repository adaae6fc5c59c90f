from pathlib import Path

from django.db import migrations, models

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("partitions", "0001_initial")]

    operations = [
        migrations.AddField(
            "partitionarchive",
            "columns",
            models.JSONField(default=list, help_text="Their names, in the order of the file."),
            preserve_default=False,
        ),
        migrations.AddField(
            "partitionarchive",
            "checksum",
            models.CharField(
                default="",
                max_length=40,
                help_text="Of the rows in whatever order: the sum of their lines' hashes.",
            ),
            preserve_default=False,
        ),
        sql_file(SQL / "partitions.sql"),
    ]

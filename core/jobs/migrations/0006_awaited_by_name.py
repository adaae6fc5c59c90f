from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0005_claim")]

    operations = [
        migrations.RemoveIndex("outboxevent", "jobs_outbox_pending"),
        migrations.AddIndex(
            "outboxevent",
            models.Index(
                condition=models.Q(("published_at", None)),
                fields=["name", "id"],
                name="jobs_outbox_awaited",
            ),
        ),
    ]

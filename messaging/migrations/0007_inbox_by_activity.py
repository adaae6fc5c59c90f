from django.db import migrations, models


class Migration(migrations.Migration):
    """An inbox is an index. What is there already is asked of its threads, as before, until the next
    message of each.
    """

    dependencies = [("messaging", "0006_filed_messages")]

    operations = [
        migrations.AddField("participant", "activity_id", models.UUIDField(null=True)),
        migrations.RemoveIndex("participant", "messaging_participant_inbox"),
        migrations.AddIndex(
            "participant",
            models.Index(
                fields=["tenant", "user", "-activity_id"],
                name="messaging_participant_inbox",
                condition=models.Q(left_at=None),
            ),
        ),
    ]

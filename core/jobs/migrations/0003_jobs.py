from pathlib import Path

import core.ids
import core.tenancy.fields
import core.tenancy.scope
from django.db import migrations, models

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0002_positions'),
        ('tenancy', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ScheduleRun',
            fields=[
                ('task', models.CharField(max_length=150, primary_key=True, serialize=False)),
                ('known_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('seconds', models.FloatField(null=True)),
                ('error', models.CharField(default='', max_length=200)),
                ('failed', models.IntegerField(default=0)),
                ('missed', models.IntegerField(default=0)),
                ('missed_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['task'],
            },
        ),
        migrations.CreateModel(
            name='JobTally',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('task', models.CharField(max_length=100)),
                ('outcome', models.CharField(max_length=10)),
                ('count', models.BigIntegerField(default=0)),
                ('seconds', models.FloatField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('task', 'outcome'), name='jobs_tally_once')],
            },
        ),
        migrations.CreateModel(
            name='JobTicket',
            fields=[
                ('job_id', models.UUIDField(default=core.ids.uuid7, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('queue', models.SmallIntegerField(choices=[(0, 'high'), (1, 'normal'), (2, 'low')])),
                ('turn', models.BigIntegerField(null=True)),
                ('attempt', models.SmallIntegerField(db_default=0, default=0)),
                ('worker', models.CharField(max_length=100, null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('run_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('turn__isnull', False), ('worker', None)), fields=['turn', 'queue', 'job_id'], name='jobs_ticket_line'), models.Index(condition=models.Q(('worker', None)), fields=['tenant_id', 'queue', 'turn'], name='jobs_ticket_waiting'), models.Index(condition=models.Q(('turn', None), ('worker', None)), fields=['run_at'], name='jobs_ticket_later'), models.Index(condition=models.Q(('expires_at__isnull', False), ('worker', None)), fields=['expires_at'], name='jobs_ticket_expiring'), models.Index(condition=models.Q(('worker__isnull', False)), fields=['lease_until'], name='jobs_ticket_leases')],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('task', models.CharField(max_length=100)),
                ('queue', models.SmallIntegerField(choices=[(0, 'high'), (1, 'normal'), (2, 'low')])),
                ('arguments', models.JSONField()),
                ('effect_key', models.CharField(max_length=200)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('retrying', 'Retrying'), ('done', 'Done'), ('dead', 'Dead'), ('cancelled', 'Cancelled'), ('expired', 'Expired')], db_default='queued', default='queued', max_length=10)),
                ('attempts', models.SmallIntegerField(db_default=0, default=0)),
                ('progress', models.SmallIntegerField(db_default=0, default=0)),
                ('result', models.JSONField(null=True)),
                ('error', models.CharField(db_default='', default='', max_length=200)),
                ('actor_id', models.UUIDField(null=True)),
                ('request_id', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('run_at', models.DateTimeField(help_text='Not before.')),
                ('expires_at', models.DateTimeField(help_text='Not begun after.', null=True)),
                ('every_seconds', models.IntegerField(null=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('tenant', core.tenancy.fields.TenantField(default=core.tenancy.scope.current_tenant_id)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'indexes': [models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['tenant', 'ended_at'], name='jobs_job_ended'), models.Index(condition=models.Q(('state', 'dead')), fields=['tenant', 'id'], name='jobs_job_dead')],
                'constraints': [models.UniqueConstraint(fields=('tenant', 'effect_key'), name='jobs_job_effect_key')],
            },
        ),
        sql_file(
            SQL / "jobs.sql", reverse=(SQL / "jobs_back.sql").read_text(encoding="utf-8")
        ),
    ]

from pathlib import Path

from django.db import migrations

from core.tenancy.migration_sql import sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        sql_file(
            SQL / "monitoring.sql",
            reverse="""
                DROP VIEW v_locks, v_partitions, v_index_use, v_table_access_patterns,
                    v_slow_queries_by_table, v_slow_queries, v_monitoring_state;
                DROP FUNCTION monitor_statements(), monitor_widths(), monitor_state(),
                    monitor_masked(text);
            """,
        ),
    ]

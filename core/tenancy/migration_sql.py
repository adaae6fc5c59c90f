"""SQL files as migration operations: triggers and functions live beside their app."""

from pathlib import Path

from django.conf import settings
from django.db import migrations


def sql_file(path: Path, *, reverse: str = migrations.RunSQL.noop) -> migrations.RunSQL:
    """Run `path` once. Literal `erp_app` stands for the configured role of the application."""
    text = path.read_text(encoding="utf-8")
    return migrations.RunSQL(text.replace("erp_app", settings.DATABASE_APP_ROLE), reverse)

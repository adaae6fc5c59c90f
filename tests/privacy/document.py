"""Writes the table of docs/privacy.md from the register:

python -m deploy.shell -- python -m tests.privacy.document
"""

import os
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "privacy.md"
HEAD = "| table | kept | deleted by |\n|---|---|---|\n"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")
    import django

    django.setup()
    from core.privacy.retention import table_text

    text = DOCS.read_text(encoding="utf-8")
    rows = re.escape(HEAD) + r"(\|.*\n)*"
    DOCS.write_text(re.sub(rows, lambda _: HEAD + table_text(), text), encoding="utf-8")


if __name__ == "__main__":
    main()

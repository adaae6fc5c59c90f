"""The day's heads as a file, for a place that nobody here can write to."""

from datetime import datetime
from pathlib import Path

from django.conf import settings

from core.audit.chain import chains
from core.audit.heads import head_of, heads_signed


def heads_make(*, moment: datetime) -> bytes:
    """The signed heads of all chains that have one."""
    found = (head_of(tenant_id) for tenant_id in chains())
    return heads_signed((head for head in found if head is not None), moment)


def heads_publish(*, moment: datetime) -> str:
    """Written whole or not at all; the path, or nothing where settings name no place or key."""
    if not (settings.AUDIT_HEADS_DIR and settings.AUDIT_SIGNING_KEY):
        return ""
    folder = Path(settings.AUDIT_HEADS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"audit-heads-{moment:%Y-%m-%d}.jsonl"
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(heads_make(moment=moment))
    unfinished.replace(path)
    return str(path)

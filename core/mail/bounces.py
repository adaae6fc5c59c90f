"""Reports of mails that could not be delivered. Source: RFC 3464, RFC 6522.

A report counts only for a mail whose Message-ID we made; what it says besides is not kept.
"""

import mailbox
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any
from uuid import UUID

from core.mail.message_ids import mail_of
from core.mail.services import mail_bounce
from core.tenancy.context import Context

#: A report holds a mail of ours at most; what is larger is none.
REPORT_BYTES_MAX = 30_000_000
STATUS_LENGTH_MAX = 20


@dataclass(frozen=True, slots=True)
class Bounce:
    tenant_id: UUID
    mail_id: UUID
    status: str


def bounce_of(report: bytes) -> Bounce | None:
    """What a report says that has failed for good; None where it is about something else."""
    message = message_from_bytes(report, policy=policy.default)
    is_report = message.get_content_type() == "multipart/report"
    if not is_report or message.get_param("report-type") != "delivery-status":
        return None
    status, about = "", None
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            status = status or _failure(part)
        elif kind == "text/rfc822-headers":
            about = about or _named(message_from_bytes(_bytes_of(part), policy=policy.default))
        elif kind == "message/rfc822":
            about = about or _named(part.get_payload(0))  # type: ignore[arg-type]
    if not status or about is None:
        return None
    return Bounce(*about, status)


def bounce_record(moment: datetime, report: bytes) -> bool:
    """Note it on its mail; whether that was news."""
    bounce = bounce_of(report)
    if bounce is None:
        return False
    ctx = Context(bounce.tenant_id, None, moment, "bounce")
    return mail_bounce(ctx, mail_id=bounce.mail_id, status=bounce.status)


def reports_in(path: Path) -> Iterator[bytes]:
    """Of a file of one mail, an mbox, or a Maildir."""
    if path.is_dir():
        box: mailbox.Mailbox[Any] = mailbox.Maildir(path, create=False)
    elif _begins_with(path, b"From "):
        box = mailbox.mbox(path, create=False)
    else:
        yield path.read_bytes()[:REPORT_BYTES_MAX]
        return
    for key in box.iterkeys():
        yield box.get_bytes(key)


def _begins_with(path: Path, start: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(start)) == start


def _failure(part: EmailMessage | Message) -> str:
    """The status of the first reader whom it did not reach: `5.1.1`. Delays are no failures."""
    blocks = part.get_payload()
    for block in blocks if isinstance(blocks, list) else []:
        if str(block.get("Action", "")).strip().lower() == "failed":  # type: ignore[union-attr]
            said = str(block.get("Status", "")).split()  # type: ignore[union-attr]
            return (said or ["5.0.0"])[0][:STATUS_LENGTH_MAX]
    return ""


def _named(original: EmailMessage | Message) -> tuple[UUID, UUID] | None:
    return mail_of(str(original.get("Message-ID", "")))


def _bytes_of(part: EmailMessage | Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""

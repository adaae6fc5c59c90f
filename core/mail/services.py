"""What is asked of mails: write one, hand it over, send it again, note that it came back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import formataddr, parseaddr
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from core.errors import Conflict, Invalid, NotFound, require
from core.jobs.services import PLAIN, Terms, job_enqueue
from core.mail import kinds
from core.mail.kinds import DEFAULT_LANGUAGE, MailKind, filled
from core.mail.models import Mail, MailSettings, MailState, MailTemplate
from core.mail.outgoing import Deferred, Outgoing, Refused, hand_over
from core.mail.selectors import AttachmentGone, mail_ready
from core.tenancy.context import Context
from core.tenancy.models import Tenant
from core.tenancy.transactions import command

DELIVER = "mail.deliver"
#: A server that says "later" means minutes. After the last of these it has failed.
AGAIN_AFTER = (
    timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2),
    timedelta(hours=6),
)  # fmt: skip
SUBJECT_LENGTH_MAX = 300
AGAIN = (MailState.FAILED, MailState.BOUNCED)


class NotFailed(Conflict):
    def __init__(self, state: str) -> None:
        super().__init__(f"This mail is {state}; only what failed or bounced is sent again.")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to be written. `message` stands above the words of its kind."""

    kind: str
    to: str
    effect_key: str
    values: Mapping[str, str] = field(default_factory=dict)
    language: str = DEFAULT_LANGUAGE
    message: str = ""
    person_id: UUID | None = None
    about_id: UUID | None = None
    attachment_id: UUID | None = None


@command
def mail_send(ctx: Context, *, letter: Letter) -> Mail:
    """Write it, and enqueue that it is handed over; best the last part of a command.

    The mail that has this effect key already, where there is one. Raises QueueFull.
    """
    mail, is_new = _write(ctx, letter)
    if is_new:
        _enqueue(ctx, mail, kinds.find(mail.kind))
    return mail


@command
def mail_write(ctx: Context, *, letter: Letter) -> Mail:
    """Only write it: it waits for its file, with which `mail_release` lets it go."""
    return _write(ctx, letter)[0]


@command
def mail_release(ctx: Context, *, mail_ids: Sequence[UUID], attachment_id: UUID) -> None:
    """Give these mails their file, and let them go. Those that have one are gone already."""
    waiting = Mail.objects.select_for_update().filter(
        pk__in=mail_ids, state=MailState.QUEUED, attachment_id=None
    )
    for mail in waiting.order_by("id"):
        mail.attachment_id = attachment_id
        mail.save(update_fields=["attachment_id"])
        _enqueue(ctx, mail, kinds.find(mail.kind))


@command
def mail_send_again(ctx: Context, *, mail_id: UUID) -> Mail:
    """Hand over anew what failed or bounced; the same mail. Raises NotFound or NotFailed."""
    mail = _lock(mail_id)
    require(mail.state in AGAIN, NotFailed(mail.state))
    mail.state, mail.error, mail.failed_at = MailState.QUEUED, "", None
    mail.save(update_fields=["state", "error", "failed_at"])
    _enqueue(ctx, mail, kinds.find(mail.kind))
    return mail


def mail_deliver(ctx: Context, *, mail_id: UUID) -> str:
    """Hand it to the mail server, outside of any transaction; its state afterwards.

    Done again, it is handed over only while it is not known to have been taken.
    """
    try:
        outgoing = mail_ready(ctx, mail_id=mail_id)
    except AttachmentGone:
        return mail_conclude(ctx, mail_id=mail_id, outcome=Refused("its file is gone"))
    if outgoing is None:
        return mail_drop(ctx, mail_id=mail_id)
    return mail_conclude(ctx, mail_id=mail_id, outcome=_handed_over(outgoing))


def _handed_over(outgoing: Outgoing) -> Refused | Deferred | None:
    try:
        hand_over(outgoing)
    except (Refused, Deferred) as said:
        return said
    return None


@command
def mail_conclude(ctx: Context, *, mail_id: UUID, outcome: Refused | Deferred | None) -> str:
    """What the mail server said; where it said "later", the next time is enqueued."""
    mail = _lock(mail_id)
    if mail.state != MailState.QUEUED:
        return mail.state
    mail.attempts += 1
    mail.error = str(outcome or "")[:200]
    if outcome is None:
        mail.state, mail.sent_at = MailState.SENT, ctx.now
    elif isinstance(outcome, Refused) or mail.attempts > len(AGAIN_AFTER):
        mail.state, mail.failed_at = MailState.FAILED, ctx.now
    mail.save(update_fields=["attempts", "error", "state", "sent_at", "failed_at"])
    if mail.state == MailState.QUEUED:
        pause = AGAIN_AFTER[mail.attempts - 1]
        _enqueue(ctx, mail, kinds.find(mail.kind), Terms(run_at=ctx.now + pause))
    return mail.state


@command
def mail_drop(ctx: Context, *, mail_id: UUID) -> str:
    """Nobody gets it, if nobody got it yet; its state."""
    mail = _lock(mail_id)
    if mail.state == MailState.QUEUED:
        mail.state, mail.failed_at = MailState.DROPPED, ctx.now
        mail.save(update_fields=["state", "failed_at"])
    return mail.state


@command
def mail_bounce(ctx: Context, *, mail_id: UUID, status: str) -> bool:
    """A report says that it could not be delivered; whether that was news."""
    mail = Mail.objects.select_for_update().filter(pk=mail_id, state=MailState.SENT).first()
    if mail is None:
        return False
    mail.state, mail.error, mail.failed_at = MailState.BOUNCED, status, ctx.now
    mail.save(update_fields=["state", "error", "failed_at"])
    return True


def _write(ctx: Context, letter: Letter) -> tuple[Mail, bool]:
    """And whether it is new."""
    known = Mail.objects.filter(effect_key=letter.effect_key).first()
    if known is not None:
        return known, False
    kind = kinds.find(letter.kind)
    subject, text = _words(kind, letter)
    sender, reply_to = _sender(ctx, kind)
    return Mail.objects.get_or_create(
        effect_key=letter.effect_key,
        defaults={
            "kind": kind.name,
            "recipient": _address(letter.to),
            "person_id": letter.person_id,
            "about_id": letter.about_id,
            "sender": sender,
            "reply_to": reply_to,
            "subject": subject,
            "text": text,
            "attachment_id": letter.attachment_id,
            "actor_id": ctx.actor_id,
            "created_at": ctx.now,
        },
    )


def _enqueue(ctx: Context, mail: Mail, kind: MailKind, terms: Terms = PLAIN) -> None:
    job_enqueue(
        ctx,
        task=DELIVER,
        arguments={"mail_id": str(mail.pk)},
        effect_key=f"mail:{mail.pk}:{mail.attempts}",
        terms=Terms(queue=kind.queue, run_at=terms.run_at),
    )


def _lock(mail_id: UUID) -> Mail:
    mail: Mail | None = Mail.objects.select_for_update().filter(pk=mail_id).first()
    if mail is None:
        raise NotFound
    return mail


def _words(kind: MailKind, letter: Letter) -> tuple[str, str]:
    """Subject and text, all filled but the secrets."""
    own = None
    if not kind.of_platform:
        found = MailTemplate.objects.filter(kind=kind.name, language=letter.language)
        own = found.values_list("subject", "text").first()
    subject, text = own or kind.words.get(letter.language) or kind.words[DEFAULT_LANGUAGE]
    values = letter.values
    if kind.secret_placeholders:  # no value may ask for a secret
        values = {name: one.translate({123: "(", 125: ")"}) for name, one in values.items()}
    subject = " ".join(filled(subject, values).split())[:SUBJECT_LENGTH_MAX]
    text = filled(text, values)
    return subject, f"{letter.message}\n\n{text}" if letter.message else text


def _sender(ctx: Context, kind: MailKind) -> tuple[str, str]:
    """The header From, and the address for answers."""
    ours = parseaddr(settings.DEFAULT_FROM_EMAIL)
    if kind.of_platform:
        return formataddr(ours), ""
    said = MailSettings.objects.first() or MailSettings()
    name = said.sender_name or Tenant.objects.values_list("name", flat=True).get(pk=ctx.tenant_id)
    return formataddr((name, said.sender_address or ours[1])), said.reply_to


def _address(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise Invalid.field("recipients", "This is not an e-mail address.") from None
    return text

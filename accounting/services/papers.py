"""Papers are ordered in a request and made by jobs: printed to a file, or mailed with it.

What people wrote, such as a message and its readers, is kept in the mail that waits for
its file, never in the job.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from accounting.errors import NotPosted
from accounting.printing.papers import PAGES, Draft, Wanted, draft_of
from core.errors import Invalid, require
from core.files.services import FileInput, file_keep
from core.ids import uuid7
from core.jobs.services import job_enqueue
from core.mail.services import Letter, mail_release, mail_write
from core.printing.typesetter import pdf_of
from core.tenancy.context import Context
from core.tenancy.transactions import command

PRINT, SEND = "accounting.paper_print", "accounting.paper_send"
PRINTED_KEPT, MAILED_KEPT = timedelta(days=7), timedelta(days=90)
RECIPIENTS_MAX = 10
#: Papers that are sent in one go.
SENT_MAX = 50


class NoAddress(Invalid):
    def __init__(self, name: str) -> None:
        message = f"{name} has no e-mail address; name the readers."
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Mailing:
    """To whom, the contact if to nobody; `message` stands above the words of the template."""

    recipients: Sequence[str] = ()
    message: str = ""


@command
def paper_print_order(ctx: Context, *, wanted: Wanted) -> UUID:
    """The job that makes it. Raises what reading it raises, and QueueFull."""
    wanted = wanted.dated(ctx.today)
    draft_of(ctx, wanted)
    return job_enqueue(ctx, task=PRINT, arguments={"paper": wanted.arguments()})


@command
def paper_send_order(ctx: Context, *, wanted: Wanted, mailing: Mailing) -> UUID:
    """Write its mails, and enqueue the job that makes their file and lets them go.

    Raises NotPosted for a draft or what was reversed, NoAddress, and QueueFull.
    """
    wanted = wanted.dated(ctx.today)
    draft = draft_of(ctx, wanted)
    require(draft.is_final, NotPosted("Only what is posted, and not reversed, is sent."))
    to = list(dict.fromkeys(mailing.recipients)) or [draft.contact.email]
    require(bool(to[0]), NoAddress(draft.contact.name))
    order = uuid7()
    mail_ids = [
        mail_write(ctx, letter=_letter(draft, wanted, mailing, reader, f"paper:{order}:{index}")).pk
        for index, reader in enumerate(to)
    ]
    return job_enqueue(
        ctx,
        task=SEND,
        arguments={"paper": wanted.arguments(), "mail_ids": [str(one) for one in mail_ids]},
    )


@command
def papers_send_order(ctx: Context, *, wanted: Sequence[Wanted], mailing: Mailing) -> list[UUID]:
    """Each to its own contact, all or none; the job of each."""
    require(not mailing.recipients, Invalid.field("recipients", "Each is sent to its contact."))
    return [paper_send_order(ctx, wanted=one, mailing=mailing) for one in wanted]


def paper_print(ctx: Context, *, wanted: Wanted) -> UUID:
    """Typeset it outside of any transaction, and keep it; the file's id."""
    draft = draft_of(ctx, wanted)
    return paper_keep(ctx, wanted=wanted, draft=draft, pdf=pdf_of(draft.paper), kept=PRINTED_KEPT)


def paper_send(ctx: Context, *, wanted: Wanted, mail_ids: Sequence[UUID]) -> UUID:
    """The same, and let the mails go that wait for the file. Done again, they go once."""
    draft = draft_of(ctx, wanted)
    return _release(ctx, wanted=wanted, draft=draft, pdf=pdf_of(draft.paper), mail_ids=mail_ids)


@command
def paper_keep(ctx: Context, *, wanted: Wanted, draft: Draft, pdf: bytes, kept: timedelta) -> UUID:
    """As a file for whoever may print it."""
    file = FileInput(
        name=draft.file_name,
        media_type="application/pdf",
        purpose=wanted.kind,
        kept=kept,
        permission=f"{PAGES[wanted.kind]}.print",
        is_shared=True,
    )
    file_id: UUID = file_keep(ctx, file=file, content=pdf).pk
    return file_id


@command
def _release(
    ctx: Context, *, wanted: Wanted, draft: Draft, pdf: bytes, mail_ids: Sequence[UUID]
) -> UUID:
    file_id = paper_keep(ctx, wanted=wanted, draft=draft, pdf=pdf, kept=MAILED_KEPT)
    mail_release(ctx, mail_ids=mail_ids, attachment_id=file_id)
    return file_id


def _letter(draft: Draft, wanted: Wanted, mailing: Mailing, reader: str, key: str) -> Letter:
    return Letter(
        kind=draft.mail_kind,
        to=reader,
        effect_key=key,
        values=draft.values,
        language=draft.language,
        message=mailing.message,
        person_id=draft.contact.pk,
        about_id=wanted.id,
    )

"""Doors of jobs, to the printing and mailing of papers."""

from typing import Any
from uuid import UUID

from accounting.printing.papers import Wanted
from accounting.services.papers import paper_print, paper_send
from core.jobs.keeper import RunningJob
from core.tenancy.context import Context

Row = dict[str, Any]


def paper_print_task(ctx: Context, job: RunningJob, *, paper: Row, **_: Any) -> Row:
    return {"file_id": str(paper_print(ctx, wanted=Wanted.of(paper)))}


def paper_send_task(
    ctx: Context, job: RunningJob, *, paper: Row, mail_ids: list[str], **_: Any
) -> Row:
    mails = [UUID(one) for one in mail_ids]
    file_id = paper_send(ctx, wanted=Wanted.of(paper), mail_ids=mails)
    return {"file_id": str(file_id), "mail_ids": mail_ids}

"""Papers: the letterhead, and what is printed and sent by jobs."""

from typing import Any
from uuid import UUID

from accounting.printing.papers import REMITTANCE, Wanted
from accounting.selectors.papers import letterhead_get
from accounting.serializers.letterheads import (
    LetterheadBody,
    LetterheadOutput,
    letterhead_shape,
)
from accounting.serializers.papers import (
    JobsStarted,
    MailingBody,
    ManyBody,
    StatementBody,
    StatementMailingBody,
    mailing,
    statement_wanted,
)
from accounting.services import papers
from accounting.services.reference import letterhead_update
from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView, expected_version
from core.jobs.serializers import JobStarted

Row = dict[str, Any]


class LetterheadView(TenantView):
    resource = "letterhead"

    @reads(
        "accounting.letterhead.view",
        LetterheadOutput,
        etag=True,
        summary="What the company's papers say of it",
    )
    def get(self, request: TenantRequest) -> Row:
        return letterhead_shape(letterhead_get(request.ctx))

    @writes(
        "accounting.letterhead.update",
        LetterheadOutput,
        body=LetterheadBody,
        partial=True,
        etag=True,
        summary="Change it",
    )
    def patch(self, request: TenantRequest, body: Row) -> Row:
        version = expected_version(request)
        return letterhead_shape(
            letterhead_update(request.ctx, values=body, expected_version=version)
        )


class DocumentPrintView(TenantView):
    kind = ""

    @writes("accounting.{resource}.print", JobStarted, status=202, summary="Make its PDF")
    def post(self, request: TenantRequest, id: UUID) -> Row:
        """The job's result is the id of a file, which `GET files/{id}/` gives a link to."""
        return {"job_id": papers.paper_print_order(request.ctx, wanted=Wanted(self.kind, id))}


class DocumentSendView(TenantView):
    kind = ""

    @writes(
        "accounting.{resource}.send",
        JobStarted,
        body=MailingBody,
        status=202,
        summary="Mail its PDF",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        """The job's result names the mails, of which `GET mails/{id}/` says what became."""
        job_id = papers.paper_send_order(
            request.ctx, wanted=Wanted(self.kind, id), mailing=mailing(body)
        )
        return {"job_id": job_id}


class DocumentsSendView(TenantView):
    kind = ""

    @writes(
        "accounting.{resource}.send",
        JobsStarted,
        body=ManyBody,
        status=202,
        summary="Mail the PDFs of many, each to its contact",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        """All or none are sent."""
        wanted = [Wanted(self.kind, one) for one in body["ids"]]
        return {
            "job_ids": papers.papers_send_order(request.ctx, wanted=wanted, mailing=mailing(body))
        }


class StatementView(TenantView):
    resource = "contacts"

    @writes(
        "accounting.contacts.print",
        JobStarted,
        body=StatementBody,
        status=202,
        summary="Make the PDF of its statement of account",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        return {"job_id": papers.paper_print_order(request.ctx, wanted=statement_wanted(id, body))}


class StatementSendView(TenantView):
    resource = "contacts"

    @writes(
        "accounting.contacts.send",
        JobStarted,
        body=StatementMailingBody,
        status=202,
        summary="Mail its statement of account",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        wanted = statement_wanted(id, body)
        return {
            "job_id": papers.paper_send_order(request.ctx, wanted=wanted, mailing=mailing(body))
        }


class RemittanceView(TenantView):
    resource = "payments"

    @writes(
        "accounting.payments.print", JobStarted, status=202, summary="Make the PDF of what it pays"
    )
    def post(self, request: TenantRequest, id: UUID) -> Row:
        """An advice to a supplier, a receipt to a customer."""
        return {"job_id": papers.paper_print_order(request.ctx, wanted=Wanted(REMITTANCE, id))}


class RemittanceSendView(TenantView):
    resource = "payments"

    @writes(
        "accounting.payments.send",
        JobStarted,
        body=MailingBody,
        status=202,
        summary="Mail what it pays",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        job_id = papers.paper_send_order(
            request.ctx, wanted=Wanted(REMITTANCE, id), mailing=mailing(body)
        )
        return {"job_id": job_id}

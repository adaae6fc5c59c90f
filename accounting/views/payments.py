from typing import Any
from uuid import UUID

from accounting.filters import AllocationFilter, PaymentFilter
from accounting.selectors import payments as selectors
from accounting.serializers.documents import ReverseBody
from accounting.serializers.payments import (
    AllocationBody,
    AllocationOutput,
    PaymentBody,
    PaymentPatch,
    PaymentRow,
    allocation_input,
    allocation_shape,
    payment_input,
    payment_shape,
)
from accounting.services import allocations, payments
from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView, expected_version
from core.listing import Page, PageRequest

Row = dict[str, Any]


class PaymentsView(TenantView):
    resource = "payments"

    @reads(
        "accounting.payments.view",
        PaymentRow,
        many=True,
        filters=PaymentFilter,
        csv=True,
        summary="List, newest first",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return selectors.payment_list(request.ctx, page=page)

    @writes(
        "accounting.payments.create",
        PaymentRow,
        body=PaymentBody,
        status=201,
        etag=True,
        summary="Create a draft, or post and allocate at once",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        """With `post` the caller also needs the permission to post."""
        payment, post = payment_input(body)
        self.require_also(request, "accounting.payments.post", wanted=post)
        return payment_shape(payments.payment_create(request.ctx, payment=payment, post=post))


class PaymentView(TenantView):
    resource = "payments"

    @reads("accounting.payments.view", PaymentRow, etag=True, summary="One")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return payment_shape(selectors.payment_get(request.ctx, payment_id=id))

    @writes(
        "accounting.payments.update",
        PaymentRow,
        body=PaymentPatch,
        etag=True,
        summary="Change a draft",
    )
    def patch(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        changed = payments.payment_update(
            request.ctx,
            payment_id=id,
            changes=body,
            expected_version=expected_version(request),
        )
        return payment_shape(changed)

    @writes("accounting.payments.delete", status=204, summary="Delete a draft")
    def delete(self, request: TenantRequest, id: UUID) -> None:
        payments.payment_delete(
            request.ctx, payment_id=id, expected_version=expected_version(request)
        )


class PaymentPostView(TenantView):
    resource = "payments"

    @writes(
        "accounting.payments.post",
        PaymentRow,
        transition=True,
        etag=True,
        summary="Number it and write it to the ledger",
    )
    def post(self, request: TenantRequest, id: UUID) -> Row:
        return payment_shape(payments.payment_post(request.ctx, payment_id=id))


class PaymentReverseView(TenantView):
    resource = "payments"

    @writes(
        "accounting.payments.reverse",
        PaymentRow,
        body=ReverseBody,
        transition=True,
        etag=True,
        summary="Take it out of the ledger by a linked reversal",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        return payment_shape(payments.payment_reverse(request.ctx, payment_id=id, **body))


class AllocationsView(TenantView):
    resource = "allocations"

    @reads(
        "accounting.allocations.view",
        AllocationOutput,
        many=True,
        filters=AllocationFilter,
        csv=True,
        summary="List, newest first",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return selectors.allocation_list(request.ctx, page=page)

    @writes(
        "accounting.allocations.create",
        AllocationOutput,
        body=AllocationBody,
        status=201,
        summary="Settle an invoice or bill",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        made = allocations.allocation_create(request.ctx, allocation=allocation_input(body))
        return allocation_shape(made)


class AllocationView(TenantView):
    resource = "allocations"

    @reads("accounting.allocations.view", AllocationOutput, summary="One")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return allocation_shape(selectors.allocation_get(request.ctx, allocation_id=id))


class AllocationReverseView(TenantView):
    resource = "allocations"

    @writes(
        "accounting.allocations.reverse",
        AllocationOutput,
        body=ReverseBody,
        status=201,
        transition=True,
        summary="Undo it by a second, negative fact",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        undone = allocations.allocation_reverse(request.ctx, allocation_id=id, **body)
        return allocation_shape(undone)

"""Doors of a contact as a person: what is held of it, and its end."""

from typing import Any
from uuid import UUID

from accounting.serializers.reference import ContactOutput, record_shape
from accounting.services.erasure import contact_erase, contact_report
from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView
from core.privacy.erasure import Ground
from core.privacy.serializers import EraseBody, PersonalDataOutput

Row = dict[str, Any]
contact_shape = record_shape(ContactOutput)


class ContactPersonalDataView(TenantView):
    resource = "contacts"

    @reads(
        "privacy.contacts.view",
        PersonalDataOutput,
        summary="Everything that is held of a contact; that it was asked for is recorded",
    )
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return contact_report(request.ctx, contact_id=id)


class ContactEraseView(TenantView):
    resource = "contacts"

    @writes(
        "privacy.contacts.erase",
        ContactOutput,
        body=EraseBody,
        etag=True,
        transition=True,
        summary="Empty what says who it was, for good; the books stay as they are",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        ground = Ground(body["ground"])
        return contact_shape(contact_erase(request.ctx, contact_id=id, ground=ground))

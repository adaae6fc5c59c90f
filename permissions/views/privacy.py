"""Doors of a user as a person: what is held of him, and his end."""

from typing import Any
from uuid import UUID

from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView
from core.privacy.erasure import Ground
from core.privacy.serializers import EraseBody, PersonalDataOutput
from permissions.services.erasure import user_erase, user_report

Row = dict[str, Any]


class UserPersonalDataView(TenantView):
    resource = "users"

    @reads(
        "privacy.users.view",
        PersonalDataOutput,
        summary="Everything that this company holds of a member; asking is recorded",
    )
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return user_report(request.ctx, user_id=id)


class UserEraseView(TenantView):
    resource = "users"

    @writes(
        "privacy.users.erase",
        body=EraseBody,
        status=204,
        idempotent=False,
        summary="Erase a member in every company, for good. For the platform's admins",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> None:
        """Sent again after an interruption, it goes on where it stopped."""
        user_erase(request.ctx, user_id=id, ground=Ground(body["ground"]))

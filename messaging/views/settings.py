"""How long a company keeps its conversations."""

from typing import Any

from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView, expected_version
from messaging.selectors.settings import settings_get
from messaging.serializers.settings import RetentionOutput, RetentionPatch, settings_shape
from messaging.services.settings import settings_update

Row = dict[str, Any]


class MessagingSettingsView(TenantView):
    resource = "settings"

    @reads("messaging.settings.view", RetentionOutput, etag=True, summary="How long messages stay")
    def get(self, request: TenantRequest) -> Row:
        return settings_shape(settings_get(request.ctx))

    @writes(
        "messaging.settings.update",
        RetentionOutput,
        body=RetentionPatch,
        etag=True,
        summary="Keep messages longer or shorter; what is older is deleted for good",
    )
    def patch(self, request: TenantRequest, body: Row) -> Row:
        version = expected_version(request)
        return settings_shape(settings_update(request.ctx, values=body, expected_version=version))

"""Doors of modules, and of what the platform assigns to super admins."""

from typing import Any

from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView
from core.listing import Page, PageRequest
from permissions.caches import MODULES
from permissions.selectors.modules import module_list
from permissions.serializers.modules import ModuleOutput, ModulesBody, ModulesOutput
from permissions.services.modules import modules_assign

Row = dict[str, Any]


class ModulesView(TenantView):
    resource = "modules"

    @reads(
        "permissions.modules.view",
        ModuleOutput,
        many=True,
        cached=MODULES,
        summary="Modules, their pages and actions, and whose they are",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return module_list(request.ctx, page=page)

    @writes(
        "permissions.modules.update",
        ModulesOutput,
        body=ModulesBody,
        summary="Set the modules of a super admin; for the platform's admins",
    )
    def patch(self, request: TenantRequest, body: Row) -> Row:
        modules = modules_assign(request.ctx, user_id=body["user_id"], modules=body["modules"])
        return {"user_id": body["user_id"], "modules": modules}

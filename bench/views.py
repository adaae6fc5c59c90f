"""Views to compare with: nothing at all, nothing but our own conventions, and DRF's usual way."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, ModelSerializer
from rest_framework.views import APIView

from accounting.models import Document
from core.api.endpoints import reads
from core.api.guards import AUTHENTICATED
from core.api.views import TenantView, context_of
from core.tenancy.context import Context
from core.tenancy.transactions import query

PAGE = 50


def bare(request: HttpRequest) -> HttpResponse:
    """What Django and the server cost before anything is asked for."""
    return HttpResponse(b"{}", content_type="application/json")


def some_bytes(request: HttpRequest) -> HttpResponse:
    """As many bytes as asked for, without a reason."""
    return HttpResponse(b" " * int(request.GET["size"]), content_type="application/json")


class EmptyView(TenantView):
    """Authentication, permission, throttle, rendering; no work."""

    @reads(AUTHENTICATED)
    def get(self, request: Request) -> dict[str, Any]:
        return {}


class InvoiceSerializer(ModelSerializer):
    contact_name = CharField(source="contact.name")

    class Meta:
        model = Document
        fields: ClassVar = [
            "id", "kind", "state", "number", "contact_id", "contact_name", "issued_on", "due_on",
            "currency", "country", "reference", "narration", "net", "tax", "total", "allocated",
            "corrects_id", "created_at", "posted_at", "version",
        ]  # fmt: skip


@query
def newest_invoices(ctx: Context) -> list[Any]:
    """The page as a ModelSerializer wants it: model instances, one query with a join."""
    invoices = Document.objects.filter(kind="invoice").select_related("contact")
    rows = InvoiceSerializer(invoices.order_by("-issued_on", "-id")[:PAGE], many=True).data
    return list(rows)


class InvoiceModelList(APIView):
    """The usual way: ModelSerializer, DRF's own renderer and permission, our authentication."""

    permission_classes: ClassVar[list[Any]] = []

    def get(self, request: Request) -> Response:
        return Response({"data": newest_invoices(context_of(request))})

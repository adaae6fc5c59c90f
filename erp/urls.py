"""Every address. The API is versioned; the staff console and health are not."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView
from django_prometheus.exports import ExportToDjangoView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from core.api.routing import api_path
from core.api.throttles import CallerThrottle
from core.ops import health

API = [
    "core.jobs.urls",
    "core.events.urls",
    "core.files.urls",
    "core.exports.urls",
    "core.webhooks.urls",
    "core.mail.urls",
    "permissions.urls",
    "activity.urls",
    "accounting.urls",
    "messaging.urls",
    "core.audit.urls",
]
urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", ExportToDjangoView),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path(
        "api/schema/", SpectacularAPIView.as_view(throttle_classes=[CallerThrottle]), name="schema"
    ),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema")),
    api_path("api/v1/", API),
]

handler400 = "erp.admin.handler400"
handler403 = "erp.admin.handler403"
handler404 = "erp.admin.handler404"
handler500 = "erp.admin.handler500"

"""Every address. The API is versioned; the staff console and health are not."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from django_prometheus.exports import ExportToDjangoView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from core.api.throttles import CallerThrottle
from core.ops import health

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
    path("api/v1/", include("core.jobs.urls")),
    path("api/v1/", include("core.events.urls")),
    path("api/v1/", include("core.files.urls")),
    path("api/v1/", include("core.exports.urls")),
    path("api/v1/", include("core.webhooks.urls")),
    path("api/v1/", include("core.mail.urls")),
    path("api/v1/", include("permissions.urls")),
    path("api/v1/", include("activity.urls")),
    path("api/v1/", include("accounting.urls")),
    path("api/v1/", include("messaging.urls")),
    path("api/v1/", include("core.audit.urls")),
]

handler400 = "erp.admin.handler400"
handler403 = "erp.admin.handler403"
handler404 = "erp.admin.handler404"
handler500 = "erp.admin.handler500"

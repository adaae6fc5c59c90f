"""The product's addresses, and the views that it is compared with."""

from django.urls import path

from bench.views import EmptyView, InvoiceModelList, bare, some_bytes
from erp.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("bench/bare/", bare),
    path("bench/bytes/", some_bytes),
    path("bench/empty/", EmptyView.as_view()),
    path("bench/modelserializer/", InvoiceModelList.as_view()),
    *urlpatterns,
]

from django.urls import path

from core.audit import views

urlpatterns = [
    path("audit/", views.AuditView.as_view()),
    path("audit/platform/", views.PlatformAuditView.as_view()),
    path("audit/<uuid:id>/", views.AuditEntryView.as_view()),
]

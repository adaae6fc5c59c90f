from django.urls import path

from core.exports import views

urlpatterns = [
    path("exports/", views.ExportsView.as_view()),
    path("exports/<uuid:id>/", views.ExportView.as_view()),
    path("exports/<uuid:id>/cancel/", views.CancelView.as_view()),
]

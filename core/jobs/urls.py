from django.urls import path

from core.jobs import views

urlpatterns = [
    path("jobs/", views.JobsView.as_view()),
    path("jobs/<uuid:id>/", views.JobView.as_view()),
    path("jobs/<uuid:id>/cancel/", views.CancelView.as_view()),
    path("jobs/<uuid:id>/replay/", views.ReplayView.as_view()),
]

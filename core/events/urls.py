from django.urls import path

from core.events import views

urlpatterns = [
    path("events/", views.EventsView.as_view()),
    path("events/types/", views.EventTypesView.as_view()),
]

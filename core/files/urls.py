from django.urls import path

from core.files import views

urlpatterns = [
    path("files/<uuid:id>/", views.FileView.as_view()),
    path("files/<uuid:id>/content/", views.ContentView.as_view()),
]

from django.urls import path

from permissions.views import auth

urlpatterns = [
    path("auth/login/", auth.LoginView.as_view()),
    path("auth/refresh/", auth.RefreshView.as_view()),
    path("auth/logout/", auth.LogoutView.as_view()),
    path("auth/me/", auth.MeView.as_view()),
]

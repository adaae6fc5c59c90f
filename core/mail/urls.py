from django.urls import path

from core.mail import views

urlpatterns = [
    path("mails/", views.MailsView.as_view()),
    path("mails/<uuid:id>/", views.MailView.as_view()),
    path("mails/<uuid:id>/send-again/", views.SendAgainView.as_view()),
    path("mail-settings/", views.MailSettingsView.as_view()),
    path("mail-settings/history/", views.MailSettingsHistoryView.as_view()),
    path("mail-kinds/", views.KindsView.as_view()),
    path("mail-templates/", views.TemplatesView.as_view()),
    path("mail-templates/<uuid:id>/", views.TemplateView.as_view()),
    path("mail-templates/<uuid:id>/history/", views.TemplateHistoryView.as_view()),
]

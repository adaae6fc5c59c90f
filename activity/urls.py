from django.urls import path

from activity import views

urlpatterns = [
    path("usage-events/", views.UsageEventsView.as_view()),
    path("usage-events/tokens/", views.EventTokensView.as_view()),
    path("usage-events/summary/", views.SummaryView.as_view()),
    path("usage-events/quota/", views.QuotaView.as_view()),
    path("usage-events/quota/history/", views.QuotaHistoryView.as_view()),
]

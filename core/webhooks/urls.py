from django.urls import path

from core.webhooks import views

urlpatterns = [
    path("webhooks/", views.WebhooksView.as_view()),
    path("webhooks/<uuid:id>/", views.WebhookView.as_view()),
    path("webhooks/<uuid:id>/enable/", views.WebhookEnableView.as_view()),
    path("webhooks/<uuid:id>/rotate/", views.WebhookRotateView.as_view()),
    path("webhooks/<uuid:id>/test/", views.WebhookTestView.as_view()),
    path("webhooks/<uuid:id>/replay/", views.WebhookReplayView.as_view()),
    path("webhooks/<uuid:id>/history/", views.WebhookHistoryView.as_view()),
    path("webhooks/<uuid:id>/deliveries/", views.DeliveriesView.as_view()),
    path("webhooks/<uuid:id>/deliveries/<uuid:delivery_id>/", views.DeliveryView.as_view()),
    path(
        "webhooks/<uuid:id>/deliveries/<uuid:delivery_id>/replay/",
        views.DeliveryReplayView.as_view(),
    ),
]

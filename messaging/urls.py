from django.urls import path

from messaging.views import history, live, messages, settings, threads

urlpatterns = [
    path("threads/", threads.ThreadsView.as_view()),
    path("threads/<uuid:id>/", threads.ThreadView.as_view()),
    path("threads/<uuid:id>/history/", history.ThreadHistoryView.as_view()),
    path("threads/<uuid:id>/messages/", messages.ThreadMessagesView.as_view()),
    path("threads/<uuid:id>/read/", threads.ThreadReadView.as_view()),
    path("threads/<uuid:id>/participants/", threads.ParticipantsView.as_view()),
    path("threads/<uuid:id>/participants/<uuid:user_id>/", threads.ParticipantView.as_view()),
    path("messages/search/", messages.SearchView.as_view()),
    path("messages/mentions/", messages.MentionsView.as_view()),
    path("messages/read/", messages.MyReadsView.as_view()),
    path("messages/<uuid:id>/", messages.MessageView.as_view()),
    path("messages/<uuid:id>/history/", history.MessageHistoryView.as_view()),
    path("messages/<uuid:id>/reads/", messages.MessageReadsView.as_view()),
    path("messages/<uuid:id>/reactions/", messages.MessageReactionsView.as_view()),
    path("messages/<uuid:id>/reactions/<str:emoji>/", messages.ReactionView.as_view()),
    path("threads/<uuid:id>/typing/", live.TypingView.as_view()),
    path("live/poll/", live.LivePollView.as_view()),
    path("inbox/", threads.InboxView.as_view()),
    path("inbox/unread/", threads.UnreadView.as_view()),
    path("messaging/settings/", settings.MessagingSettingsView.as_view()),
    path("messaging/settings/history/", history.SettingsHistoryView.as_view()),
]

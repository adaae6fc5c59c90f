"""`history/` of threads and messages, for those who take part in them, and of the settings."""

from core.audit.views import history_view
from messaging.models import Message, MessagingSettings, Thread
from messaging.selectors.messages import message_get
from messaging.selectors.settings import settings_get
from messaging.selectors.threads import thread_get

ThreadHistoryView = history_view(
    "messaging.threads.view", Thread, lambda ctx, key: thread_get(ctx, thread_id=key)
)
MessageHistoryView = history_view(
    "messaging.messages.view", Message, lambda ctx, key: message_get(ctx, message_id=key)
)
SettingsHistoryView = history_view("messaging.settings.view", MessagingSettings, settings_get)

from collections.abc import Iterator
from typing import Any

import pytest

from core.webhooks.models import WebhookLine
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture(autouse=True)
def impatient(settings: Any, database: None) -> Iterator[None]:
    """Waits of milliseconds; and what one test left behind is not the next one's to send."""
    settings.WEBHOOK_RETRY_SECONDS = [0.05]
    settings.WEBHOOK_PAUSE_SECONDS = 0.05
    settings.WEBHOOK_ALLOWED_HOSTS = []
    yield
    WebhookLine.objects.all().delete()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one

from collections.abc import Iterator
from typing import Any

import pytest

from core.webhooks.models import WebhookLine
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture(autouse=True)
def impatient(settings: Any, database: None) -> None:
    """Waits of milliseconds; and what others left behind, elsewhere too, is not sent here."""
    WebhookLine.objects.all().delete()
    settings.WEBHOOK_RETRY_SECONDS = [0.05]
    settings.WEBHOOK_PAUSE_SECONDS = 0.05
    settings.WEBHOOK_ALLOWED_HOSTS = []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one

"""Hears Redis: that there is something new, and who is typing. Works as well without."""

import asyncio
from uuid import UUID

import orjson
import structlog
from django.conf import settings
from redis.asyncio import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core.jobs import wake
from messaging.live import metrics
from messaging.live.frames import frame
from messaging.live.hub import Hub
from messaging.services import typing

RETRY_SECONDS = 1.0
TICK_SECONDS = 1.0
#: A subscription that has not answered for so long is dead, whatever its socket says.
SILENCE_SECONDS_MAX = 3.0

log = structlog.get_logger(__name__)


class Ears:
    def __init__(self, hub: Hub, wake_up: asyncio.Event) -> None:
        self._hub, self._wake_up = hub, wake_up

    async def run(self) -> None:
        while wake.has_redis():
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("live_redis_lost", error=type(error).__name__)
            metrics.HEARING.set(0)
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        client = _client()
        pubsub = client.pubsub()
        try:
            async with asyncio.timeout(SILENCE_SECONDS_MAX):
                await pubsub.subscribe(wake.CHANNEL, typing.CHANNEL)
            metrics.HEARING.set(1)
            self._wake_up.set()  # whatever was said meanwhile was not heard
            answered_at = asyncio.get_running_loop().time()
            while asyncio.get_running_loop().time() - answered_at < SILENCE_SECONDS_MAX:
                message = await pubsub.get_message(timeout=TICK_SECONDS)
                if message is None:
                    await pubsub.ping()
                    continue
                answered_at = asyncio.get_running_loop().time()
                self._heard(message)
        finally:
            await pubsub.aclose()  # type: ignore[no-untyped-call]
            await client.aclose()

    def _heard(self, message: dict[str, bytes | str]) -> None:
        if message["type"] != "message":
            return
        if message["channel"] == wake.CHANNEL.encode():
            self._wake_up.set()
            return
        try:
            told = orjson.loads(message["data"])
            values = {"thread_id": told["thread_id"], "user_id": told["user_id"]}
            audience = [UUID(user_id) for user_id in told["audience"]]
            tenant_id = UUID(told["tenant_id"])
        except (ValueError, KeyError, TypeError):
            return  # not ours
        self._hub.mention(tenant_id, audience, frame("typing", values))


def _client() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=settings.REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        **settings.REDIS_PLAIN,
    )

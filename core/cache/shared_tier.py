"""Tier 2: bytes that all machines share in Redis, under versions that all machines share.

Never scans keys: a bump gives a scope a new version, and what carries an older
one is not read again and expires.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from core.cache.breaker import Breaker

R = TypeVar("R")
CHANNEL = "erp:bumps"
#: Which run of the server the versions were right in.
SERVER = "erp:server"
VERSION_BYTES = 8
#: Longer than anything is cached, so that no version is forgotten before its values.
VERSION_SECONDS = 2 * 86_400
#: Of a version under which nothing is kept yet: a stranger's token leaves nothing that lasts.
NEW_VERSION_SECONDS = 30
LOCK_MILLISECONDS = 2_000
BYTES_MAX = 512 * 1024

Bump = tuple[str, str]


class Away(Exception):
    """Redis did not answer in time, or is left alone."""


@dataclass(frozen=True, slots=True)
class Found:
    """What Redis holds: the versions to store under, and the values that are current."""

    versions: bytes
    values: dict[str, bytes]
    #: How old the value of a single key is; only asked for where it matters.
    age_seconds: float = 0.0


class RedisTier:
    def __init__(self) -> None:
        self.breaker = Breaker()

    def read(
        self, namespace: str, scope: str, keys: Sequence[str], stored_seconds: float | None = None
    ) -> Found:
        """Current values of `keys`; with `stored_seconds`, the first one's age as well."""
        names = [_all_version(namespace), _scope_version(namespace, scope)]
        names += [_entry(namespace, scope, key) for key in keys]

        def call(redis: Any) -> tuple[list[bytes | None], int]:
            pipe = redis.pipeline(transaction=False)
            pipe.mget(names)
            if stored_seconds is not None:
                pipe.pttl(names[2])
            found, *rest = pipe.execute()
            if found[0] is None or found[1] is None:
                found[:2] = _versions_made(redis, names[:2])
            return found, rest[0] if rest else 0

        found, left_milliseconds = self._try(call)
        versions = b"".join(found[:2])  # type: ignore[arg-type]
        values = {
            key: bytes(value[len(versions) :])
            for key, value in zip(keys, found[2:], strict=True)
            if value is not None and value.startswith(versions)
        }
        age = 0.0
        if stored_seconds is not None:
            age = max(0.0, stored_seconds - left_milliseconds / 1000)
        return Found(versions, values, age)

    def store(
        self, namespace: str, scope: str, values: dict[str, bytes], found: Found, seconds: float
    ) -> None:
        """Keep `values` under the versions that were current before they were computed."""

        def call(redis: Any) -> None:
            pipe = redis.pipeline(transaction=False)
            for key, value in values.items():
                if len(value) <= BYTES_MAX:
                    name = _entry(namespace, scope, key)
                    pipe.set(name, found.versions + value, px=max(1, int(seconds * 1000)))
            # Now that there is something under them, they live longer than it does.
            pipe.expire(_all_version(namespace), VERSION_SECONDS)
            pipe.expire(_scope_version(namespace, scope), VERSION_SECONDS)
            pipe.execute()

        self._try(call)

    def bump(self, bumps: Sequence[Bump], sender: int, *, past_breaker: bool = False) -> None:
        """New versions, and word of them to every process that listens."""

        def call(redis: Any) -> None:
            pipe = redis.pipeline(transaction=False)
            for namespace, scope in bumps:
                name = _scope_version(namespace, scope) if scope else _all_version(namespace)
                pipe.set(name, _new_version(), ex=VERSION_SECONDS)
            pipe.publish(CHANNEL, orjson.dumps([sender, list(bumps)]))
            pipe.execute()

        (_reached if past_breaker else self._try)(call)

    def lock(self, namespace: str, scope: str, key: str) -> bool:
        """Whether this process is the one to compute; for two seconds at most."""
        name = f"{_entry(namespace, scope, key)}:lock"
        taken = self._try(lambda redis: redis.set(name, b"1", nx=True, px=LOCK_MILLISECONDS))
        return bool(taken)

    def unlock(self, namespace: str, scope: str, key: str) -> None:
        self._try(lambda redis: redis.delete(f"{_entry(namespace, scope, key)}:lock"))

    def is_another_server(self) -> bool:
        """Whether this Redis was started since its versions were last known to be right.

        It may have come back with yesterday's versions, and yesterday's values under
        them. Asks even while the breaker is open; raises Away.
        """
        return _reached(lambda redis: bool(redis.get(SERVER) != _run_id(redis)))

    def remember_server(self) -> None:
        """Its versions are right from now on. Past the breaker; raises Away."""
        _reached(lambda redis: redis.set(SERVER, _run_id(redis)))

    def _try(self, call: Callable[[Any], R]) -> R:
        if self.breaker.is_open:
            raise Away
        try:
            result = _reached(call)
        except Away:
            self.breaker.failed()
            raise
        self.breaker.succeeded()
        return result


def _run_id(redis: Any) -> bytes:
    run_id: str = redis.info("server")["run_id"]
    return run_id.encode()


def _client() -> Any:
    return get_redis_connection("default")


def _reached(call: Callable[[Any], R]) -> R:
    """The result of a call, whatever the breaker says; raises Away."""
    try:
        return call(_client())
    except (RedisError, OSError) as error:
        raise Away from error


def _versions_made(redis: Any, names: list[str]) -> list[bytes]:
    """Versions for a scope that has none yet, or whose version was evicted: never an old one."""
    pipe = redis.pipeline(transaction=False)
    for name in names:
        pipe.set(name, _new_version(), ex=NEW_VERSION_SECONDS, nx=True)
    pipe.mget(names)
    found: list[bytes] = pipe.execute()[-1]
    return found


def _new_version() -> bytes:
    return os.urandom(VERSION_BYTES)


def _all_version(namespace: str) -> str:
    return f"erp:{namespace}:version"


def _scope_version(namespace: str, scope: str) -> str:
    return f"erp:{namespace}:{scope}:version"


def _entry(namespace: str, scope: str, key: str) -> str:
    return f"erp:{namespace}:{scope}:value:{key}"

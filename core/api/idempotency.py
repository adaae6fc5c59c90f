"""`Idempotency-Key`: the same request twice has one effect and one answer.

The answer is kept in the transaction of the effect. Two requests at once meet
in an advisory lock: the second is told that the first is in progress.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson
from django.conf import settings
from django.http import HttpResponse
from rest_framework.exceptions import APIException

from core.api.models import IdempotencyKey
from core.api.requests import TenantRequest
from core.errors import Conflict, DomainError, Invalid
from core.ids import uuid7
from core.json import dumps
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor

KEY_LENGTH_MAX = 255
KEPT_HEADERS = ("Content-Type", "ETag")
#: Refusals that may turn out otherwise a moment later are not kept.
NOT_KEPT = {401, 409, 429}

# Two statements of the hot path, written out: composing them costs more than running them.
# The lock and the look may see an older state than each other; then the unique
# constraint refuses the second effect, which is told that the first is in progress.
KEPT_SQL = """
    SELECT lock.taken, k.created_at, k.request_hash, k.status, k.headers::text, k.body
    FROM (SELECT pg_try_advisory_xact_lock(%(lock)s::bigint) AS taken) lock
    LEFT JOIN api_idempotencykey k
        ON k.tenant_id = %(tenant)s AND k.scope_hash = %(scope)s
"""
KEEP_SQL = """
    INSERT INTO api_idempotencykey
        (tenant_id, id, scope_hash, request_hash, status, headers, body, created_at)
    VALUES (%(tenant)s, %(id)s, %(scope)s, %(request)s, %(status)s, %(headers)s::jsonb, %(body)s,
            %(now)s)
"""
FORGET_SQL = (
    "DELETE FROM api_idempotencykey WHERE tenant_id = %(tenant)s AND scope_hash = %(scope)s"
)
ANSWERS_FORGET_SQL = """
    UPDATE api_idempotencykey k
    SET status = %(status)s, headers = %(headers)s::jsonb, body = %(body)s
    WHERE k.tenant_id = %(tenant)s
      AND EXISTS (SELECT FROM unnest(%(ids)s::bytea[]) AS id WHERE position(id IN k.body) > 0)
      AND EXISTS (SELECT FROM unnest(%(said)s::bytea[]) AS said WHERE position(said IN k.body) > 0)
"""


class Kept(NamedTuple):
    """An answer as it was first given."""

    request_hash: bytes
    status: int
    headers: str
    body: bytes


class IdempotencyInProgress(Conflict):
    code = "IDEMPOTENCY_IN_PROGRESS"
    retry_after_seconds = 1

    def __init__(self) -> None:
        super().__init__("The first request with this Idempotency-Key is still in progress.")


class IdempotencyMismatch(DomainError):
    code = "IDEMPOTENCY_MISMATCH"
    status = 422

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used with another body.")


class AnswerErased(Conflict):
    """What a request is answered that comes again after the person in its answer was erased."""

    def __init__(self) -> None:
        super().__init__("This was done; its answer held data of a person who was erased since.")


@dataclass(frozen=True, slots=True)
class Call:
    """A request as idempotency sees it: who and where with which key, and what."""

    scope_hash: bytes
    request_hash: bytes

    @classmethod
    def of(cls, request: TenantRequest, key: str) -> "Call":
        if not (0 < len(key) <= KEY_LENGTH_MAX and key.isascii() and key.isprintable()):
            raise Invalid.field("Idempotency-Key", "1 to 255 printable ASCII characters.")
        scope = f"{request.user.pk}|{request.method}|{request.get_full_path()}|{key}"
        return cls(
            scope_hash=hashlib.sha256(scope.encode()).digest(),
            request_hash=hashlib.sha256(request._request.body).digest(),
        )

    def lock_id(self, ctx: Context) -> int:
        digest = hashlib.sha256(ctx.tenant_id.bytes + self.scope_hash).digest()
        return int.from_bytes(digest[:8], signed=True)


def replayable(ctx: Context, call: Call, work: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer of `work`, done once per `call`; later calls get the kept bytes."""
    from core.api.errors import refusal_response

    try:
        return _first_or_replay(ctx, call, work)
    except (DomainError, APIException) as error:
        response = refusal_response(error, ctx.request_id)
        if response.status_code >= 500 or response.status_code in NOT_KEPT:
            raise
        if isinstance(error, IdempotencyMismatch):
            raise
        # The effect was rolled back; its refusal is kept in a transaction of its own.
        return _first_or_replay(ctx, call, lambda: response)


@command
def _first_or_replay(ctx: Context, call: Call, work: Callable[[], HttpResponse]) -> HttpResponse:
    kept = _kept(ctx, call)
    if kept is not None:
        return _replay(kept, call)
    response = work()
    _keep(ctx, call, response)
    return response


def _kept(ctx: Context, call: Call) -> Kept | None:
    """The answer kept for `call`, if any; takes the lock that keeps the same call out."""
    with tenant_cursor() as cursor:
        cursor.execute(
            KEPT_SQL,
            {"tenant": ctx.tenant_id, "scope": call.scope_hash, "lock": call.lock_id(ctx)},
        )
        locked, created_at, *columns = cursor.fetchone()
        if not locked:
            raise IdempotencyInProgress
        if created_at is None:
            return None
        if created_at < expiry(ctx):
            cursor.execute(FORGET_SQL, {"tenant": ctx.tenant_id, "scope": call.scope_hash})
            return None
    return Kept(*columns)


def _keep(ctx: Context, call: Call, response: HttpResponse) -> None:
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    with tenant_cursor() as cursor:
        cursor.execute(
            KEEP_SQL,
            {
                "tenant": ctx.tenant_id,
                "id": uuid7(),
                "scope": call.scope_hash,
                "request": call.request_hash,
                "status": response.status_code,
                "headers": dumps(headers).decode(),
                "body": response.content,
                "now": ctx.now,
            },
        )


def _replay(kept: Kept, call: Call) -> HttpResponse:
    if not hmac.compare_digest(kept.request_hash, call.request_hash):
        raise IdempotencyMismatch
    headers = orjson.loads(kept.headers)
    response = HttpResponse(kept.body, status=kept.status, headers=headers)
    response["Idempotency-Replayed"] = "true"
    return response


def answers_forget(ctx: Context, *, ids: Sequence[bytes], said: Sequence[bytes]) -> int:
    """Part of a command: put a refusal in the place of answers that hold one of `ids` and one
    of `said`; how many. The same request still has no second effect.
    """
    from core.api.errors import refusal_response

    if not ids or not said:
        return 0
    refusal = refusal_response(AnswerErased(), "")
    with tenant_cursor() as cursor:
        cursor.execute(
            ANSWERS_FORGET_SQL,
            {
                "tenant": ctx.tenant_id,
                "ids": list(ids),
                "said": list(said),
                "status": refusal.status_code,
                "headers": dumps({"Content-Type": refusal["Content-Type"]}).decode(),
                "body": refusal.content,
            },
        )
        return int(cursor.rowcount)


@command
def idempotency_keys_purge(ctx: Context) -> int:
    """Delete the tenant's expired answers; returns how many."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=expiry(ctx)).delete()
    return deleted


def expiry(ctx: Context) -> datetime:
    """The moment before which kept answers are forgotten."""
    return ctx.now - timedelta(seconds=settings.IDEMPOTENCY_KEPT_SECONDS)

"""`Idempotency-Key`: the same request twice has one effect and one answer.

The answer is kept in the transaction of the effect. Two requests at once meet
in an advisory lock: the second is told that the first is in progress.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpResponse

from core.api.models import IdempotencyKey
from core.api.requests import TenantRequest
from core.errors import Conflict, DomainError, Invalid
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor

KEY_LENGTH_MAX = 255
KEPT_HEADERS = ("Content-Type", "ETag")
#: Refusals that may turn out otherwise a moment later are not kept.
NOT_KEPT = {401, 409, 429}


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
    except Exception as error:
        response = refusal_response(error, ctx.request_id)
        if response.status_code >= 500 or response.status_code in NOT_KEPT:
            raise
        if isinstance(error, IdempotencyMismatch):
            raise
        return _keep_refusal(ctx, call, response)


@command
def _first_or_replay(ctx: Context, call: Call, work: Callable[[], HttpResponse]) -> HttpResponse:
    kept = _kept(ctx, call)
    if kept is not None:
        return _replay(kept, call)
    response = work()
    _keep(ctx, call, response)
    return response


@command
def _keep_refusal(ctx: Context, call: Call, response: HttpResponse) -> HttpResponse:
    """The effect was rolled back; its refusal is kept in a transaction of its own."""
    kept = _kept(ctx, call)
    if kept is not None:
        return _replay(kept, call)
    _keep(ctx, call, response)
    return response


def _kept(ctx: Context, call: Call) -> IdempotencyKey | None:
    with tenant_cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [call.lock_id(ctx)])
        if not cursor.fetchone()[0]:
            raise IdempotencyInProgress
    kept: IdempotencyKey | None = IdempotencyKey.objects.filter(scope_hash=call.scope_hash).first()
    if kept and kept.created_at < expiry(ctx):
        kept.delete()
        return None
    return kept


def _keep(ctx: Context, call: Call, response: HttpResponse) -> None:
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    IdempotencyKey.objects.create(
        scope_hash=call.scope_hash,
        request_hash=call.request_hash,
        status=response.status_code,
        headers=headers,
        body=response.content,
        created_at=ctx.now,
    )


def _replay(kept: IdempotencyKey, call: Call) -> HttpResponse:
    if bytes(kept.request_hash) != call.request_hash:
        raise IdempotencyMismatch
    response = HttpResponse(bytes(kept.body), status=kept.status, headers=kept.headers)
    response["Idempotency-Replayed"] = "true"
    return response


@command
def idempotency_keys_purge(ctx: Context) -> int:
    """Delete the tenant's expired answers; returns how many."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=expiry(ctx)).delete()
    return deleted


def expiry(ctx: Context) -> datetime:
    """The moment before which kept answers are forgotten."""
    return ctx.now - timedelta(seconds=settings.IDEMPOTENCY_KEPT_SECONDS)

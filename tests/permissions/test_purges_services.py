"""Housekeeping forgets what is over, and nothing else."""

from datetime import timedelta

from axes.models import AccessAttempt
from django.conf import settings

from core.api.idempotency import idempotency_keys_purge
from core.api.models import IdempotencyKey
from core.api.tasks import idempotency_keys_purge_task
from core.tenancy.context import Context
from core.tenancy.transactions import command, query
from permissions.services.sessions import failed_logins_purge
from tests.cast import Api, Company


@query
def keys_kept(ctx: Context) -> int:
    found: int = IdempotencyKey.objects.count()
    return found


@command
def age(ctx: Context, seconds: int) -> None:
    IdempotencyKey.objects.update(created_at=ctx.now - timedelta(seconds=seconds))


def keep_an_answer(api: Api) -> None:
    api.ok("POST", "contacts/", {"name": "Ada"}, idempotency_key="k")


def test_answers_are_forgotten_when_their_time_is_over(acme: Company, alice: Api) -> None:
    keep_an_answer(alice)
    age(acme.ctx(), settings.IDEMPOTENCY_KEPT_SECONDS - 60)
    assert idempotency_keys_purge(acme.ctx()) == 0
    age(acme.ctx(), settings.IDEMPOTENCY_KEPT_SECONDS + 60)
    assert idempotency_keys_purge(acme.ctx()) == 1
    assert keys_kept(acme.ctx()) == 0


def test_one_companys_purge_leaves_the_others_alone(
    acme: Company, globex: Company, alice: Api, charlie: Api
) -> None:
    for company, api in ((acme, alice), (globex, charlie)):
        keep_an_answer(api)
        age(company.ctx(), settings.IDEMPOTENCY_KEPT_SECONDS + 60)
    assert idempotency_keys_purge(acme.ctx()) == 1
    assert keys_kept(globex.ctx()) == 1


def test_the_task_visits_every_company(
    acme: Company, globex: Company, alice: Api, charlie: Api
) -> None:
    for company, api in ((acme, alice), (globex, charlie)):
        keep_an_answer(api)
        age(company.ctx(), settings.IDEMPOTENCY_KEPT_SECONDS + 60)
    assert idempotency_keys_purge_task() >= 2
    assert keys_kept(acme.ctx()) == keys_kept(globex.ctx()) == 0


def test_counts_of_failed_logins_outlive_the_lock_and_no_more(acme: Company) -> None:
    for _ in range(2):
        Api(None).post("auth/login/", {"email": acme.owner.email, "password": "wrong password"})
    mine = AccessAttempt.objects.filter(username=acme.owner.email)
    now = acme.ctx().now
    mine.update(attempt_time=now - timedelta(hours=23))
    failed_logins_purge(now)
    assert mine.exists()
    mine.update(attempt_time=now - timedelta(hours=25))
    failed_logins_purge(now)
    assert not mine.exists()

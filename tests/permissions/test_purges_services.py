"""Housekeeping forgets what is over, and nothing else."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings

from core.api.idempotency import idempotency_keys_purge
from core.api.models import IdempotencyKey
from core.api.tasks import idempotency_keys_purge_task
from core.tenancy.context import Context
from core.tenancy.transactions import command, query
from permissions.models import MailCount, OneTimeToken, SpentRefreshToken, UserSession
from permissions.services import purges
from permissions.services.purges import failed_logins_purge
from permissions.services.sessions import session_open, session_refresh
from tests.cast import Api, Company
from tests.permissions import entry

pytestmark = pytest.mark.usefixtures("own_database")


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


def test_a_session_is_forgotten_when_neither_of_its_tokens_is_good(acme: Company) -> None:
    ctx = acme.ctx()
    session = session_open(ctx, user_id=acme.owner.pk).session
    mine = UserSession.objects.filter(pk=session.pk)
    purges.sessions_purge(session.refresh_expires_at - timedelta(seconds=1))
    assert mine.exists()
    purges.sessions_purge(session.refresh_expires_at + timedelta(seconds=1))
    assert not mine.exists()


def test_a_spent_token_is_remembered_for_as_long_as_it_would_have_lived(acme: Company) -> None:
    ctx = acme.ctx()
    tokens = session_open(ctx, user_id=acme.owner.pk)
    session_refresh(ctx, session_id=tokens.session.pk, refresh_token=tokens.refresh)
    spent = SpentRefreshToken.objects.filter(session=tokens.session)
    week = timedelta(seconds=settings.REFRESH_TOKEN_SECONDS)
    UserSession.objects.filter(pk=tokens.session.pk).update(refresh_expires_at=ctx.now + 2 * week)
    purges.sessions_purge(ctx.now + week - timedelta(seconds=1))
    assert spent.exists()
    purges.sessions_purge(ctx.now + week + timedelta(seconds=1))
    assert not spent.exists()
    assert UserSession.objects.filter(pk=tokens.session.pk).exists()


def test_links_and_counts_of_mails_are_forgotten_when_they_are_over(acme: Company) -> None:
    entry.reset_token(acme)
    links = OneTimeToken.objects.filter(tenant=acme.tenant_id)
    [link] = links.all()
    purges.one_time_tokens_purge(link.expires_at - timedelta(seconds=1))
    assert links.exists()
    purges.one_time_tokens_purge(link.expires_at + timedelta(seconds=1))
    assert not links.exists()
    hour = acme.ctx().now.replace(year=2000, minute=0, second=0, microsecond=0)
    counts = MailCount.objects.filter(starts_at=hour)
    MailCount.objects.create(subject=acme.tenant_id.bytes, starts_at=hour, asked=1)
    purges.mail_counts_purge(hour + timedelta(hours=1))
    assert counts.exists()
    purges.mail_counts_purge(hour + timedelta(hours=3))
    assert not counts.exists()


def test_a_run_deletes_in_batches_and_comes_to_an_end(acme: Company, monkeypatch) -> None:
    monkeypatch.setattr(purges, "BATCH_SIZE", 2)
    monkeypatch.setattr(purges, "BATCHES_MAX", 2)
    hour = acme.ctx().now.replace(year=1990, minute=0, second=0, microsecond=0)
    for number in range(7):
        MailCount.objects.create(subject=bytes([number]), starts_at=hour, asked=1)
    moment = hour + timedelta(hours=3)
    assert [purges.mail_counts_purge(moment) for _ in range(3)] == [4, 3, 0]

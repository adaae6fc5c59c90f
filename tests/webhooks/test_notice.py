"""A webhook that is switched off by itself: whoever is responsible hears of it, once."""

from typing import Any

from core.jobs.listening import hand_on
from core.mail.models import Mail
from core.tenancy.context import Context
from core.tenancy.transactions import command, query
from core.webhooks.models import WebhookEndpoint, WhyDisabled
from core.webhooks.services.endpoints import webhook_disable, webhook_enable
from permissions.models import User
from tests.cast import Company, join, new_user
from tests.jobs.desk import run_all, tickets
from tests.webhooks.desk import hook


def told(company: Company) -> list[tuple[str, str]]:
    """Readers and texts, after everybody has done his work."""

    @query
    def mails(ctx: Context) -> list[Any]:
        found = Mail.objects.filter(kind="permissions.webhook_disabled").order_by("id")
        return list(found.values_list("recipient", "text", "state"))

    while hand_on() or run_all(company):
        pass
    found = mails(company.ctx())
    assert {state for *_, state in found} <= {"sent"}
    return [(reader, text) for reader, text, _ in found]


def switch_off(company: Company, endpoint: Any) -> None:
    webhook_disable(company.ctx(), endpoint_id=endpoint, why=WhyDisabled.GONE)


def test_owners_are_told_and_nobody_else(acme: Company, globex: Company) -> None:
    second = join(acme, new_user("eve"), "owner")
    gone = join(acme, new_user("gus"), "owner")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    join(acme, new_user("bob"), "viewer")
    endpoint = hook(acme)
    switch_off(acme, endpoint)
    switch_off(acme, endpoint)
    letters = told(acme)
    assert {reader for reader, _ in letters} == {acme.owner.email, second.email}
    assert all("https://hooks.example.com/" in text for _, text in letters)
    assert all(WhyDisabled.GONE.label in text for _, text in letters)
    assert len(letters) == 2
    assert told(globex) == []


def test_each_time_is_told(acme: Company) -> None:
    endpoint = hook(acme)
    for _ in range(2):
        switch_off(acme, endpoint)
        webhook_enable(acme.ctx(), endpoint_id=endpoint)
    assert [reader for reader, _ in told(acme)] == [acme.owner.email] * 2


def test_of_one_that_is_deleted_by_now_nothing_is_told(acme: Company) -> None:
    @command
    def forget(ctx: Context) -> None:
        WebhookEndpoint.objects.update(deleted_at=ctx.now, is_enabled=False)

    switch_off(acme, hook(acme))
    forget(acme.ctx())
    assert told(acme) == []
    assert not tickets(acme).exists()

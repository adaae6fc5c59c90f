"""The demo's usage: every line is an event that the catalogue knows, loaded once."""

from activity.models import UsageEvent
from activity.services.demo import demo_lines, demo_usage_ensure, demo_usage_slugs
from core.tenancy.transactions import query
from permissions.models import User
from tests.activity.events import DAYS, HOURS, counts, ids_of, plain_days, plain_hours
from tests.cast import Company, join, new_user


def test_it_is_loaded_once_and_counted(acme: Company) -> None:
    email = "bob@example.com"
    bob = User.objects.filter(email=email).first()
    if bob is None:
        bob = new_user("bob")
        User.objects.filter(pk=bob.pk).update(email=email)
    join(acme, bob, "viewer")
    [slug] = demo_usage_slugs()
    lines = [line for line in demo_lines(acme.ctx(), slug=slug) if line.email == email]
    assert demo_usage_ensure(acme.ctx(), slug=slug) == len(lines) > 100
    assert demo_usage_ensure(acme.ctx(), slug=slug) == 0
    assert len(ids_of(acme)) == len(lines)
    assert counts(acme, HOURS) == plain_hours(acme)
    assert counts(acme, DAYS) == plain_days(acme)

    @query
    def users(ctx: object) -> set[object]:
        return set(UsageEvent.objects.values_list("user_id", flat=True))

    assert users(acme.ctx()) == {bob.pk}


def test_a_company_without_its_people_gets_nothing(acme: Company) -> None:
    [slug] = demo_usage_slugs()
    assert demo_usage_ensure(acme.ctx(), slug=slug) == 0

"""Whatever is secret in one company is worth nothing in another: one table for all of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from permissions.models import Membership, User
from permissions.services.sessions import session_open
from tests.cast import PASSWORD, Api, Company, api_of, join, new_company, new_user
from tests.permissions import entry
from tests.permissions.test_sessions_api import refresh


@dataclass
class Two:
    """Companies A and B, and somebody who is an owner of both."""

    a: Company
    b: Company
    both: User

    def api(self, company: Company) -> Api:
        return api_of(company, self.both)


@pytest.fixture
def two(acme: Company) -> Two:
    other = new_company(new_user("other"))
    return Two(acme, other, join(other, join(acme, new_user("both"), "owner"), "owner"))


def used(path: str, **body: Any) -> Any:
    return Api(None).post(f"auth/{path}/", body)


def access_token(two: Two) -> int:
    contact = two.api(two.b).ok("POST", "contacts/", {"name": "Theirs"})["id"]
    return int(two.api(two.a).get(f"contacts/{contact}/").status_code)


def refresh_token(two: Two) -> int:
    tokens = session_open(two.a.ctx(two.both), user_id=two.both.pk)
    fresh = Api(refresh(tokens.refresh).data["access_token"])
    assert fresh.ok("GET", "auth/me/")["tenant"]["slug"] == two.a.slug
    contact = two.api(two.b).ok("POST", "contacts/", {"name": "Theirs"})["id"]
    return int(fresh.get(f"contacts/{contact}/").status_code)


def refresh_token_of_a_left_company(two: Two) -> int:
    """A membership of B keeps nobody in A."""
    tokens = session_open(two.a.ctx(two.both), user_id=two.both.pk)
    Membership.objects.filter(user=two.both, tenant=two.a.tenant_id).update(is_active=False)
    return int(refresh(tokens.refresh).status_code)


def invitation(two: Two) -> int:
    token = entry.invitation_token(two.a)
    refused = used("accept-invitation", token=token, password=PASSWORD, tenant=two.b.slug)
    assert used("accept-invitation", token=token, password=PASSWORD, tenant=two.a.slug).data
    return int(refused.status_code)


def reset_link(two: Two) -> int:
    token = entry.reset_token(two.a)
    refused = used("reset-password", token=token, password=PASSWORD, tenant=two.b.slug)
    accepted = used("reset-password", token=token, password=PASSWORD, tenant=two.a.slug)
    assert accepted.status_code == 204
    return int(refused.status_code)


def session_id(two: Two) -> int:
    mine = session_open(two.a.ctx(two.both), user_id=two.both.pk).session.pk
    return int(two.api(two.b).delete(f"auth/sessions/{mine}/").status_code)


def membership_id(two: Two) -> int:
    waiting = entry.invitation_of(two.a).pk
    return int(two.api(two.b).post(f"memberships/{waiting}/invite/").status_code)


def role_code(two: Two) -> int:
    two.api(two.a).ok("POST", "roles/", {"code": "only-a", "name": "Only A", "grants": []})
    body = {"email": "dan@example.test", "roles": ["only-a"]}
    return int(two.api(two.b).post("memberships/", body).status_code)


def cursor(two: Two) -> int:
    for _ in range(2):
        two.api(two.a)
    place = two.api(two.a).ok("GET", "auth/sessions/?limit=1")["pagination"]["next"]
    return int(two.api(two.b).get(f"auth/sessions/?cursor={place}").status_code)


def idempotency_key(two: Two) -> int:
    """Not refused but another one: B's call is carried out, and A's answer is not told."""
    first, second = (
        two.api(company).post("contacts/", {"name": "Ada"}, idempotency_key="same")
        for company in (two.a, two.b)
    )
    assert first.data["id"] != second.data["id"]
    assert "Idempotency-Replayed" not in second
    return int(second.status_code)


@pytest.mark.parametrize(
    ("secret", "status"),
    [
        (access_token, 404),
        (refresh_token, 404),
        (refresh_token_of_a_left_company, 401),
        (invitation, 422),
        (reset_link, 422),
        (session_id, 404),
        (membership_id, 404),
        (role_code, 422),
        (cursor, 422),
        (idempotency_key, 201),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_it_opens_nothing_elsewhere(two: Two, secret: Callable[[Two], int], status: int) -> None:
    assert secret(two) == status

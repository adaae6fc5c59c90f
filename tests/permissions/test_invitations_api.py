"""Invited by mail: no member before he accepts, and nobody learns who has an account."""

from typing import Any

import pytest

from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions.models import Grant, Membership, OneTimeToken, Role, User
from tests.cast import PASSWORD, Api, Company, api_of, email, join, new_company, new_user
from tests.permissions.mails import link_in, mails_to, mails_wait, token_to
from tests.permissions.test_passwords_api import forgot, log_in, reset
from tests.permissions.test_sessions_api import at_once, events

CHOSEN = "a password of my own"
AT_ONCE = 20


def invite(api: Api, to: str, *roles: str, **more: Any) -> Any:
    body = {"email": to, "roles": list(roles or ("viewer",)), **more}
    return api.post("memberships/", body, x_request_id="same")


def accept(token: str, **more: Any) -> Any:
    body = {"token": token, **more}
    return Api(None).post("auth/accept-invitation/", body, x_request_id="same")


def invited(api: Api, to: str, *roles: str) -> str:
    answer = invite(api, to, *roles)
    assert answer.status_code == 201, answer.content
    return token_to(to)


@command
def role_with(ctx: Context, *, code: str, grants: list[str]) -> None:
    role = Role.objects.create(code=code, name=code)
    Grant.objects.bulk_create(Grant(role=role, code=one) for one in grants)


# --- from invitation to login -------------------------------------------------------


def test_somebody_new_chooses_a_password_and_is_in(acme: Company, alice: Api) -> None:
    dan = email("dan")
    answer = invite(alice, dan.upper(), "viewer", "accountant", name="Dan")
    assert answer.status_code == 201
    assert answer.data["email"] == dan
    assert (answer.data["is_active"], answer.data["joined_at"]) == (False, None)
    assert log_in(dan, CHOSEN).status_code == 401
    [text] = mails_to(dan)
    assert f"Company {acme.slug}" in text
    assert "good for 7 days, and once" in text
    assert f"/admin/accept-invitation/?tenant={acme.slug}&token=" in link_in(text)
    joined = accept(token_to(dan), password=CHOSEN, name="Daniel")
    assert (joined.status_code, joined.data["slug"]) == (200, acme.slug)
    tokens = log_in(dan, CHOSEN).data
    me = Api(tokens["access_token"]).ok("GET", "auth/me/")
    assert (me["user"]["name"], me["roles"]) == ("Daniel", ["accountant", "viewer"])
    assert Membership.objects.get(user__email=dan).joined_at is not None
    assert {"user_id": me["user"]["id"]} in events(acme, "USER_PERMISSIONS_CHANGED")


def test_somebody_with_an_account_joins_with_the_password_he_has(
    acme: Company, globex: Company, alice: Api
) -> None:
    charlie = globex.owner
    token = invited(alice, charlie.email)
    answer = accept(token, password=CHOSEN)
    assert answer.status_code == 422
    assert answer.data["error"]["fields"][0]["name"] == "password"
    assert accept(token, name="Somebody Else").status_code == 200
    changed = User.objects.get(pk=charlie.pk)
    assert changed.name == charlie.name
    assert changed.check_password(PASSWORD)
    assert log_in(charlie.email, PASSWORD, tenant=acme.slug).status_code == 200


def test_the_answer_does_not_say_whether_there_is_an_account(
    acme: Company, globex: Company, alice: Api
) -> None:
    """Not even by an id: ours say when they were made."""
    new = email("new")
    known, unknown = (invite(alice, to, name="X") for to in (globex.owner.email, new))
    assert known.status_code == unknown.status_code == 201
    for answer in (known, unknown):
        user = User.objects.get(email=answer.data["email"])
        assert str(user.pk) not in answer.content.decode()
        answer.data.pop("id")
        answer.data.pop("email")
    assert known.data == unknown.data
    assert len(mails_to(globex.owner.email)) == len(mails_to(new)) == 1


def test_nor_does_a_list_or_a_filter_of_it(globex: Company, alice: Api) -> None:
    User.objects.filter(pk=globex.owner.pk).update(name="Charlie Secret")
    made = invite(alice, globex.owner.email).data
    for path in ("memberships/", f"memberships/{made['id']}/", "users/"):
        answer = alice.get(path).content.decode()
        assert "Charlie Secret" not in answer
        assert str(globex.owner.pk) not in answer
    assert alice.ok("GET", "memberships/?name=Charlie")["data"] == []
    assert accept(token_to(globex.owner.email)).status_code == 200
    [row] = alice.ok("GET", "memberships/?name=Charlie")["data"]
    assert (row["name"], row["user_id"]) == ("Charlie Secret", str(globex.owner.pk))


def test_a_password_that_is_too_weak_leaves_the_invitation_open(alice: Api) -> None:
    dan = email("dan")
    token = invited(alice, dan)
    for more in ({}, {"password": "short"}, {"password": "password123"}, {"password": dan}):
        answer = accept(token, **more)
        assert answer.status_code == 422
        assert {f["name"] for f in answer.data["error"]["fields"]} == {"password"}
    assert accept(token, password=CHOSEN).status_code == 200


def test_who_has_not_accepted_is_nobody_yet(acme: Company, alice: Api) -> None:
    dan = email("dan")
    token = invited(alice, dan)
    assert forgot(dan).status_code == 202
    assert len(mails_to(dan)) == 1, "there is no password to forget"
    assert reset(token).status_code == 422
    assert accept(token, password=CHOSEN).status_code == 200


# --- who may, and what --------------------------------------------------------------


def test_nobody_invites_to_more_than_he_holds(acme: Company, alice: Api) -> None:
    role_with(acme.ctx(), code="inviter", grants=["permissions.memberships.create"])
    clerk = api_of(acme, join(acme, new_user("clerk"), "inviter"))
    dan = email("dan")
    refused = invite(clerk, dan, "owner")
    assert refused.status_code == 403
    assert not User.objects.filter(email=dan).exists()
    assert mails_to(dan) == []
    assert invite(clerk, dan, "inviter").status_code == 201


@pytest.mark.parametrize("roles", [[], ["no-such-role"], ["viewer", "no-such-role"]])
def test_roles_that_are_not_there_cannot_be_given(alice: Api, roles: list[str]) -> None:
    answer = alice.post("memberships/", {"email": email("dan"), "roles": roles})
    assert answer.status_code == 422
    assert answer.data["error"]["fields"][0]["name"].startswith("roles")


def test_a_member_is_not_invited_again(acme: Company, alice: Api) -> None:
    bob = join(acme, new_user("bob"), "viewer")
    assert invite(alice, bob.email).status_code == 409
    dan = email("dan")
    invited(alice, dan)
    assert invite(alice, dan).status_code == 409
    assert len(mails_to(dan)) == 1


def test_an_idempotent_invitation_is_mailed_once(alice: Api) -> None:
    dan = email("dan")
    body = {"email": dan, "roles": ["viewer"]}
    first, second = (alice.post("memberships/", body, idempotency_key="k") for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert len(mails_to(dan)) == 1


# --- again --------------------------------------------------------------------------


def test_a_second_link_voids_the_first(alice: Api) -> None:
    dan = email("dan")
    made = invite(alice, dan).data
    first = token_to(dan)
    assert alice.post(f"memberships/{made['id']}/invite/").status_code == 200
    second = token_to(dan)
    assert accept(first, password=CHOSEN).status_code == 422
    assert accept(second, password=CHOSEN).status_code == 200
    assert alice.post(f"memberships/{made['id']}/invite/").status_code == 409


def test_one_inbox_is_not_flooded(alice: Api) -> None:
    dan = email("dan")
    made = invite(alice, dan).data
    statuses = []
    for _ in range(6):
        mails_wait()  # a link that is void before it is sent is not sent
        statuses.append(alice.post(f"memberships/{made['id']}/invite/").status_code)
    assert statuses == [200] * 4 + [429] * 2
    assert len(mails_to(dan)) == 5


def test_of_twenty_acceptances_at_once_one_counts(acme: Company, alice: Api) -> None:
    dan = email("dan")
    token = invited(alice, dan)
    answers = at_once([lambda: accept(token, password=CHOSEN)] * AT_ONCE)
    assert sorted(a.status_code for a in answers) == [200] + [422] * (AT_ONCE - 1)
    assert Membership.objects.get(user__email=dan).is_active


def test_two_companies_invite_the_same_stranger_at_once(acme: Company, globex: Company) -> None:
    dan = email("dan")
    apis = [api_of(acme, acme.owner), api_of(globex, globex.owner)]
    answers = at_once([lambda api=api: invite(api, dan) for api in apis])
    assert [a.status_code for a in answers] == [201, 201]
    assert User.objects.filter(email=dan).count() == 1
    assert Membership.objects.filter(user__email=dan).count() == 2

    # --- one refusal for all ------------------------------------------------------------


def test_every_link_that_is_not_good_is_refused_alike(acme: Company, alice: Api) -> None:
    """Of another company, for another purpose, used, expired, voided, never made."""
    other = new_company(new_user("other"))
    used, expired, good = email("used"), email("expired"), email("good")
    spent, late, invitation = (invited(alice, to) for to in (used, expired, good))
    assert accept(spent, password=CHOSEN).status_code == 200
    OneTimeToken.objects.filter(user__email=expired).update(expires_at=acme.ctx().now)
    forgot(acme.owner.email)
    to_reset = token_to(acme.owner.email)
    answers = {
        (answer.status_code, answer.content)
        for answer in (
            accept("never-heard-of", password=CHOSEN),
            accept(spent, password=CHOSEN),
            accept(late, password=CHOSEN),
            accept(to_reset, password=CHOSEN),
            accept(invitation, password=CHOSEN, tenant=other.slug),
            reset(invitation, CHOSEN),
            reset(to_reset, CHOSEN, tenant=other.slug),
        )
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 422
    assert accept(invitation, password=CHOSEN, tenant=acme.slug).status_code == 200
    assert reset(to_reset, CHOSEN, tenant=acme.slug).status_code == 204

"""Passwords changed, forgotten and set anew, and what ends with the old one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.core import mail
from django.db import connections
from django.test.utils import CaptureQueriesContext

from core.jobs.sweeps import sweep
from core.mail.outgoing import hand_over
from core.mail.selectors import mail_ready
from permissions.hashers import CheapArgon2PasswordHasher
from permissions.models import MailCount, Membership, OneTimeToken, PasswordRequest, User
from permissions.services.passwords import password_forgotten
from permissions.services.sessions import LoginRefused, session_open
from tests.cast import PASSWORD, Api, Company, api_of, join, new_company, new_user
from tests.jobs.desk import die, hurry, job_of, tickets
from tests.permissions.mails import link_in, mails_of, mails_to, mails_wait, token_to
from tests.permissions.test_sessions_api import at_once, events

pytestmark = pytest.mark.usefixtures("own_database")

NEW = "a longer horse than before"
WEAK = ("short", "password123", "1234567890")
AT_ONCE = 20


def log_in(email: str, password: str, **more: Any) -> Any:
    return Api(None).post("auth/login/", {"email": email, "password": password, **more})


def change(api: Api, old: str = PASSWORD, new: str = NEW) -> Any:
    return api.post("auth/password/", {"old_password": old, "new_password": new})


def forgot(email: str, **more: Any) -> Any:
    return Api(None).post("auth/forgot-password/", {"email": email, **more}, x_request_id="same")


def reset(token: str, password: str = NEW, **more: Any) -> Any:
    body = {"token": token, "password": password, **more}
    return Api(None).post("auth/reset-password/", body, x_request_id="same")


def link_for(email: str, **more: Any) -> str:
    assert forgot(email, **more).status_code == 202
    return token_to(email)


# --- change -------------------------------------------------------------------------


def test_a_changed_password_ends_the_other_logins_everywhere(acme: Company) -> None:
    second = new_company(new_user("other"))
    join(second, acme.owner, "viewer")
    here, there, elsewhere = (
        api_of(acme, acme.owner), api_of(acme, acme.owner), api_of(second, acme.owner),
    )  # fmt: skip
    reset_link = link_for(acme.owner.email)
    assert change(here).status_code == 204
    assert here.get("auth/me/").status_code == 200
    assert there.get("auth/me/").status_code == elsewhere.get("auth/me/").status_code == 401
    assert log_in(acme.owner.email, PASSWORD).status_code == 401
    assert log_in(acme.owner.email, NEW, tenant=acme.slug).status_code == 200
    assert reset(reset_link).status_code == 422, "a link from before sets nothing"
    assert events(acme, "USER_PASSWORD_CHANGED") == [{"user_id": str(acme.owner.pk)}]
    assert len(events(acme, "USER_LOGGED_OUT")) == len(events(second, "USER_LOGGED_OUT")) == 1


def test_a_wrong_old_password_changes_nothing_and_counts(acme: Company, alice: Api) -> None:
    for _ in range(4):
        answer = change(alice, old="wrong")
        assert answer.status_code == 422
        assert answer.data["error"]["fields"][0]["name"] == "old_password"
    assert change(alice, old="wrong").status_code in (422, 429)
    assert change(alice).status_code == 429
    assert log_in(acme.owner.email, PASSWORD).status_code == 429
    assert alice.get("auth/me/").status_code == 200


@pytest.mark.parametrize("password", WEAK)
def test_a_weak_password_is_refused_with_its_reasons(alice: Api, password: str) -> None:
    answer = change(alice, new=password)
    assert answer.status_code == 422
    assert {field["name"] for field in answer.data["error"]["fields"]} == {"new_password"}
    assert alice.get("auth/me/").status_code == 200


def test_a_password_like_ones_own_name_is_refused(acme: Company, alice: Api) -> None:
    assert change(alice, new=acme.owner.email).status_code == 422


def test_a_login_that_began_before_the_change_does_not_outlive_it(acme: Company) -> None:
    """Its password was compared; the change commits; only then would the session be opened."""
    verified = acme.owner.password
    assert change(api_of(acme, acme.owner)).status_code == 204
    with pytest.raises(LoginRefused):
        session_open(acme.ctx(), user_id=acme.owner.pk, verified=verified)


def test_two_changes_at_once_are_one(acme: Company) -> None:
    apis = [api_of(acme, acme.owner) for _ in range(2)]
    new = [NEW + " one", NEW + " two"]
    answers = at_once([lambda i=i: change(apis[i], new=new[i]) for i in range(2)])
    won = [i for i in range(2) if answers[i].status_code == 204]
    assert len(won) == 1
    assert log_in(acme.owner.email, new[won[0]]).status_code == 200


# --- forgotten ----------------------------------------------------------------------


def test_a_forgotten_password_is_set_by_the_link_in_the_mail(acme: Company) -> None:
    api = api_of(acme, acme.owner)
    for _ in range(6):
        log_in(acme.owner.email, "wrong")
    assert forgot(acme.owner.email.upper()).status_code == 202
    [text] = mails_to(acme.owner.email)
    assert f"Company {acme.slug}" in text
    assert f"tenant={acme.slug}" in link_in(text)
    assert "good for 1 hour, and once" in text
    assert reset(token_to(acme.owner.email)).status_code == 204
    assert api.get("auth/me/").status_code == 401
    assert log_in(acme.owner.email, NEW).status_code == 200, "the lock is gone as well"
    assert len(events(acme, "USER_PASSWORD_CHANGED")) == 1


def test_nobody_learns_which_addresses_have_an_account(acme: Company) -> None:
    """Nor by the work it takes: looking for the account begins after the answer."""
    gone = join(acme, new_user("gone"), "viewer")
    Membership.objects.filter(user=gone).update(is_active=False)
    asked = (acme.owner.email, "unknown-" + acme.owner.email, gone.email, new_user("nowhere").email)
    answers, costs = set(), set()
    for email in asked:
        with CaptureQueriesContext(connections["default"]) as captured:
            answer = forgot(email)
        answers.add((answer.status_code, answer.content))
        costs.add(tuple(query["sql"].split(" (")[0][:40] for query in captured.captured_queries))
    assert len(answers) == len(costs) == 1
    assert answers.pop()[0] == 202
    assert len(mails_to(acme.owner.email)) == 1
    assert [mails_to(email) for email in asked[1:]] == [[], [], []]


def test_asking_hashes_nothing_for_anybody(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    original = CheapArgon2PasswordHasher.encode
    monkeypatch.setattr(
        CheapArgon2PasswordHasher,
        "encode",
        lambda self, *a, **k: counted.append("hash") or original(self, *a, **k),
    )
    forgot(acme.owner.email)
    forgot("unknown-" + acme.owner.email)
    assert counted == []
    assert reset(token_to(acme.owner.email)).status_code == 204
    assert len(counted) == 1


def test_mails_to_one_account_are_limited_whether_it_exists_or_not(acme: Company) -> None:
    for email in (acme.owner.email, "unknown-" + acme.owner.email):
        statuses = []
        for _ in range(7):
            statuses.append(forgot(email).status_code)
            mails_wait()  # a link that is void before it is sent is not sent
        assert statuses == [202] * settings.MAILS_PER_ACCOUNT_AND_HOUR + [429] * 2
        assert int(forgot(email)["Retry-After"]) > 0
    assert len(mails_to(acme.owner.email)) == settings.MAILS_PER_ACCOUNT_AND_HOUR


def test_mails_asked_for_by_one_caller_are_limited(acme: Company, settings: Any) -> None:
    MailCount.objects.all().delete()
    settings.MAILS_PER_ADDRESS_AND_HOUR = 3
    statuses = [forgot(f"{n}-{acme.owner.email}").status_code for n in range(5)]
    MailCount.objects.all().delete()
    assert statuses.count(202) <= 3
    assert statuses[-1] == 429


def test_the_counts_do_not_say_who_asked(acme: Company) -> None:
    forgot(acme.owner.email)
    mails_wait()
    assert acme.owner.email.encode() not in b"".join(
        bytes(one) for one in MailCount.objects.values_list("subject", flat=True)
    )


def test_a_mail_server_that_is_away_is_nobodys_error(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(f"cannot reach {acme.owner.email}")

    monkeypatch.setattr("core.mail.outgoing.EmailMessage.send", refuse)
    assert forgot(acme.owner.email).status_code == 202
    mails_wait()
    [waiting] = mails_of(acme)
    assert (waiting.state, waiting.error) == ("queued", "OSError"), "what it was, and not to whom"
    monkeypatch.undo()
    hurry(acme)
    assert len(mails_to(acme.owner.email)) == 1, "it is sent when the server is back"


def test_a_mail_is_sent_as_text_with_a_time_limit(acme: Company) -> None:
    link_for(acme.owner.email)
    [sent] = [m for m in mail.outbox if m.to == [acme.owner.email]]
    assert sent.content_subtype == "plain"
    assert settings.EMAIL_TIMEOUT == 10


def test_a_mail_asked_for_before_a_crash_is_sent_after_it(acme: Company) -> None:
    """The worker dies between the mail server and the end of its job: the same mail again."""
    forgot(acme.owner.email)
    sweep()
    [ticket] = tickets(acme)
    [written] = mails_of(acme)
    for _ in range(2):
        outgoing = mail_ready(acme.ctx(), mail_id=written.pk)
        assert outgoing is not None
        hand_over(outgoing)
    die(acme, ticket.pk)
    mails_wait()
    assert job_of(acme, ticket.pk).attempts == 2
    sent = [one for one in mail.outbox if one.to == [acme.owner.email]]
    assert len(sent) == 3
    assert len({one.message().as_bytes() for one in sent}) == 1
    assert reset(token_to(acme.owner.email)).status_code == 204


def test_a_link_that_is_void_by_now_is_not_sent(acme: Company) -> None:
    forgot(acme.owner.email)
    sweep()
    forgot(acme.owner.email)
    assert len(mails_to(acme.owner.email)) == 1
    assert reset(token_to(acme.owner.email)).status_code == 204


def test_a_request_that_nobody_served_for_an_hour_is_forgotten(acme: Company) -> None:
    now = datetime.now(UTC)
    email = acme.owner.email
    password_forgotten(now - timedelta(hours=2), email=email, tenant_slug=None, address=None)
    assert mails_to(acme.owner.email) == []
    assert not PasswordRequest.objects.filter(email=acme.owner.email).exists()


# --- set anew -----------------------------------------------------------------------


def test_a_link_is_good_once(acme: Company) -> None:
    token = link_for(acme.owner.email)
    assert reset(token).status_code == 204
    assert reset(token, NEW + " again").status_code == 422
    assert log_in(acme.owner.email, NEW).status_code == 200


def test_of_twenty_uses_at_once_one_sets_the_password(acme: Company) -> None:
    token = link_for(acme.owner.email)
    new = [f"{NEW} {number}" for number in range(AT_ONCE)]
    answers = at_once([lambda p=p: reset(token, p) for p in new])
    won = [p for p, answer in zip(new, answers, strict=True) if answer.status_code == 204]
    assert len(won) == 1
    assert log_in(acme.owner.email, won[0]).status_code == 200


def test_a_weak_password_leaves_the_link_as_it_is(acme: Company) -> None:
    token = link_for(acme.owner.email)
    for password in WEAK:
        answer = reset(token, password)
        assert answer.status_code == 422
        assert {field["name"] for field in answer.data["error"]["fields"]} == {"password"}
    assert reset(token).status_code == 204


def test_a_second_link_voids_the_first(acme: Company) -> None:
    first, second = link_for(acme.owner.email), link_for(acme.owner.email)
    assert reset(first).status_code == 422
    assert reset(second).status_code == 204


def test_a_member_of_several_says_whose_link_he_wants(acme: Company) -> None:
    second = new_company(new_user("other"))
    join(second, acme.owner, "viewer")
    token = link_for(acme.owner.email, tenant=second.slug)
    assert f"tenant={second.slug}" in link_in(mails_to(acme.owner.email)[-1])
    assert reset(token, tenant=acme.slug).status_code == 422
    assert reset(token, tenant=second.slug).status_code == 204
    before = len(mails_to(acme.owner.email))
    forgot(acme.owner.email, tenant="no-such-company")
    assert len(mails_to(acme.owner.email)) == before


@pytest.mark.parametrize("what", ["expired", "user", "membership", "tenant"])
def test_a_link_that_is_over_is_refused_like_one_that_never_was(acme: Company, what: str) -> None:
    token = link_for(acme.owner.email)
    tokens = OneTimeToken.objects.filter(user=acme.owner)
    if what == "expired":
        [row] = tokens
        assert (row.expires_at - row.created_at) == timedelta(hours=1)
        tokens.update(expires_at=row.created_at)
    elif what == "user":
        User.objects.filter(pk=acme.owner.pk).update(is_active=False)
    elif what == "membership":
        Membership.objects.filter(user=acme.owner).update(is_active=False)
    else:
        type(tokens.get().tenant).objects.filter(pk=acme.tenant_id).update(is_active=False)
    refused, unknown = reset(token), reset("never-heard-of")
    assert refused.status_code == 422
    assert refused.content == unknown.content
    assert User.objects.get(pk=acme.owner.pk).check_password(PASSWORD)


def test_tokens_of_links_are_stored_as_hashes_only(acme: Company) -> None:
    from tests.permissions.test_login_api import places_of

    assert places_of(link_for(acme.owner.email)) == []


def test_old_counts_of_wrong_passwords_are_forgotten(acme: Company) -> None:
    log_in(acme.owner.email, "wrong")
    assert reset(link_for(acme.owner.email)).status_code == 204
    assert not AccessAttempt.objects.filter(username=acme.owner.email).exists()

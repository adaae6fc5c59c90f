"""A user is erased: in every company at once, by the platform, and nothing says who he was."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from core.errors import Conflict, Forbidden, NotFound
from core.tenancy.context import PLATFORM
from permissions.models import MailCount, Membership, OneTimeToken, User, UserSession
from permissions.services.erasure import user_erase
from permissions.services.members import user_activate
from permissions.services.passwords import password_forgotten
from permissions.services.purges import sessions_purge, staff_sessions_purge
from permissions.services.sessions import Origin, session_open
from permissions.services.tenants import user_create
from tests.activity.events import ids_of, take, viewed
from tests.audit.log import entries, faults, seal
from tests.cast import PASSWORD, Api, Company, join
from tests.console.test_second_factor import enrolled, log_in
from tests.core.raw import raw, rows
from tests.messaging.talk import say, talk_of
from tests.permissions import rights
from tests.permissions.mails import mails_to
from tests.privacy.markers import places_of


@dataclass
class Dan:
    """A member of two companies, of whom there is something in every table that knows people."""

    user: User
    words: tuple[str, ...]


@pytest.fixture
def pat(acme: Company) -> User:
    return rights.platform_admin(acme)


@pytest.fixture
def dan(acme: Company, globex: Company, alice: Api) -> Dan:
    word = secrets.token_hex(6)
    address = f"2001:db8::1{word[:3]}:1{word[3:6]}"
    names = (f"{word}a@example.test", f"Dan {word}b", f"Phone {word}c", address)
    user = user_create(email=names[0], password=PASSWORD, name=names[1], is_staff=True)
    for company in (acme, globex):
        join(company, user, "viewer")
        device = Origin(names[2], names[3])
        for _ in range(2):
            session_open(company.ctx(user), user_id=user.pk, origin=device)
    User.objects.filter(pk=user.pk).update(name=f"Daniel {word}b")
    talk = talk_of(acme, user)
    say(acme, talk)
    take(acme.ctx(user), viewed())
    enrolled(user)
    log_in(user)
    wrong = {"email": names[0], "password": "wrong"}
    assert alice.post("auth/login/", wrong).status_code == 401
    password_forgotten(datetime.now(UTC), email=names[0], tenant_slug=acme.slug, address=None)
    assert mails_to(names[0])
    member = rights.membership_of(acme, user)
    body = {"is_super_admin": False}
    alice.ok("PATCH", f"memberships/{member.pk}/", body, idempotency_key=word)
    return Dan(user, (names[0], f"{word}b", names[2], names[3]))


def test_who_he_was_is_nowhere(acme: Company, globex: Company, pat: User, dan: Dan) -> None:
    held = places_of(*dan.words)
    assert held == {
        "permissions_user.email", "permissions_user.name", "permissions_usersession.device",
        "permissions_usersession.address", "audit_auditlog.personal", "axes_accessattempt.username",
        "api_idempotencykey.body", "mail_mail.recipient", "mail_mail.text",
    }  # fmt: skip
    user_erase(acme.ctx(pat), user_id=dan.user.pk)
    assert places_of(*dan.words) == set()
    his = {"user": dan.user.pk}
    for kind in (UserSession, OneTimeToken, TOTPDevice, StaticDevice):
        assert not kind.objects.filter(**his).exists(), kind
    assert not AccessAttempt.objects.filter(username=dan.words[0]).exists()
    assert not Membership.objects.filter(**his, is_active=True).exists()


def test_mails_to_him_are_not_counted_any_more(acme: Company, pat: User, dan: Dan) -> None:
    before = MailCount.objects.count()
    user_erase(acme.ctx(pat), user_id=dan.user.pk)
    assert MailCount.objects.count() == before - 1


def test_what_he_said_and_did_stays_under_his_id(acme: Company, pat: User, dan: Dan) -> None:
    events = ids_of(acme)
    user_erase(acme.ctx(pat), user_id=dan.user.pk)
    with raw(acme.tenant_id) as connection:
        said = "SELECT body FROM messaging_message WHERE sender_id = %s"
        assert rows(connection, said, dan.user.pk) == [("Another plan",)]
        assert rows(connection, "SELECT user_id FROM activity_usageevent") == [(None,)]
    assert ids_of(acme) == events


def test_the_logs_still_prove_themselves(
    acme: Company, globex: Company, pat: User, dan: Dan
) -> None:
    scopes = (acme.tenant_id, globex.tenant_id, PLATFORM)
    for scope in scopes:
        seal(scope)
    user_erase(acme.ctx(pat), user_id=dan.user.pk)
    for scope in scopes:
        seal(scope)
        assert faults(scope) == []
    found = entries(PLATFORM, "permissions_user", dan.user.pk)
    assert found[-1].action == "erase"
    assert found[-1].actor_id == pat.pk
    assert found[-1].reason == "erased: requested"


def test_nobody_enters_as_him(acme: Company, pat: User, dan: Dan, nobody: Api) -> None:
    tokens = session_open(acme.ctx(dan.user), user_id=dan.user.pk)
    his = Api(tokens.access)
    assert his.get("auth/me/").status_code == 200
    erased = user_erase(acme.ctx(pat), user_id=dan.user.pk)
    assert his.get("auth/me/").status_code == 401
    for address in (dan.words[0], erased.email):
        body = {"email": address, "password": PASSWORD}
        assert nobody.post("auth/login/", body).status_code == 401
        nobody.ok("POST", "auth/forgot-password/", {"email": address})
        assert len(mails_to(address)) == (address == dan.words[0])
    with pytest.raises(Conflict):
        user_activate(acme.ctx(pat), user_id=dan.user.pk)
    invitation = {"email": erased.email, "roles": ["viewer"]}
    assert (
        Api(session_open(acme.ctx(), user_id=acme.owner.pk).access)
        .post("memberships/", invitation)
        .status_code
        == 422
    )


def test_a_login_that_was_purged_long_ago_is_erased_from_the_log(
    acme: Company, pat: User, dan: Dan
) -> None:
    UserSession.objects.filter(user=dan.user.pk).update(
        refresh_expires_at=datetime(2020, 1, 1, tzinfo=UTC),
        access_expires_at=datetime(2020, 1, 1, tzinfo=UTC),
    )
    sessions_purge(datetime.now(UTC))
    assert "audit_auditlog.personal" in places_of(dan.words[2])
    user_erase(acme.ctx(pat), user_id=dan.user.pk)
    assert places_of(*dan.words) == set()


def test_the_last_owner_stays_and_nothing_was_changed(
    acme: Company, globex: Company, pat: User
) -> None:
    """Even where the company without an owner would be another one."""
    charlie = globex.owner
    join(acme, charlie, "viewer")
    with pytest.raises(Conflict, match="role owner"):
        user_erase(acme.ctx(pat), user_id=charlie.pk)
    charlie.refresh_from_db()
    assert charlie.is_active
    assert Membership.objects.filter(user=charlie, is_active=True).count() == 2


def test_only_the_platform_erases_and_only_members_it_sees(
    acme: Company, globex: Company, pat: User, dan: Dan
) -> None:
    with pytest.raises(Forbidden):
        user_erase(acme.ctx(), user_id=dan.user.pk)
    with pytest.raises(NotFound):
        user_erase(acme.ctx(pat), user_id=globex.owner.pk)
    with pytest.raises(Conflict):
        user_erase(acme.ctx(pat), user_id=pat.pk)


def test_what_was_interrupted_goes_on(
    acme: Company, pat: User, dan: Dan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr("permissions.services.erasure._empty", fail)
        with pytest.raises(RuntimeError):
            user_erase(acme.ctx(pat), user_id=dan.user.pk)
    assert "permissions_user.email" in places_of(*dan.words)
    user_erase(acme.ctx(pat), user_id=dan.user.pk)
    assert places_of(*dan.words) == set()
    with pytest.raises(Conflict):
        user_erase(acme.ctx(pat), user_id=dan.user.pk)


def test_a_company_reads_what_it_holds_of_him(acme: Company, alice: Api, dan: Dan) -> None:
    report = alice.ok("GET", f"users/{dan.user.pk}/personal-data/")
    tables = {one["table"]: one["rows"] for one in report["tables"]}
    assert tables["permissions_user"][0]["email"] == dan.words[0]
    assert {row["device"] for row in tables["permissions_usersession"]} >= {dan.words[2]}
    assert [row["body"] for row in tables["messaging_message"]] == ["Another plan"]
    assert len(tables["activity_usageevent"]) == 1
    assert "otp_totp_totpdevice" not in tables
    assert "argon2" not in str(report)
    assert "\\x" not in str(report)
    [read] = [entry for entry in entries(acme.tenant_id) if entry.action == "read"]
    assert read.new == {"person_report": {"kind": "user", "id": str(dan.user.pk)}}


def test_his_report_tells_nothing_of_the_persons_whom_he_changed(
    acme: Company, alice: Api, globex: Company
) -> None:
    word = secrets.token_hex(6)
    alice.ok("POST", "contacts/", {"name": f"Ann {word}", "email": f"{word}@example.test"})
    session_open(acme.ctx(), user_id=acme.owner.pk, origin=Origin(f"Phone {word}", None))
    report = alice.ok("GET", f"users/{acme.owner.pk}/personal-data/")
    changes = [
        row
        for table in report["tables"]
        if table["table"] == "audit_auditlog"
        for row in table["rows"]
    ]
    made = [row for row in changes if row["operation"] == "contact.create"]
    assert [row["personal"] for row in made] == [None], "that he did it, not of whom"
    said = [row["personal"]["new"] for row in changes if row["personal"]]
    assert f"Phone {word}" in [one.get("device") for one in said], "but what he did himself"
    assert "salt" not in str(changes)


def test_of_somebody_invited_a_company_learns_nothing(acme: Company, alice: Api, dan: Dan) -> None:
    Membership.objects.filter(user=dan.user, tenant=acme.tenant_id).update(
        is_active=False, joined_at=None
    )
    assert alice.get(f"users/{dan.user.pk}/personal-data/").status_code == 404


def test_sessions_of_the_console_do_not_stay(dan: Dan) -> None:
    over = Session.objects.create(
        session_key=secrets.token_hex(16),
        session_data="x",
        expire_date=datetime(2020, 1, 1, tzinfo=UTC),
    )
    assert staff_sessions_purge(datetime.now(UTC)) >= 1
    assert not Session.objects.filter(pk=over.pk).exists()
    assert Session.objects.exists()

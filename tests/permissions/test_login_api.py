"""Who may enter: passwords, locks, tokens. Nobody learns which of them was wrong."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import hashers
from django.contrib.auth.hashers import identify_hasher

from core.tenancy.models import Tenant
from permissions.hashers import CheapArgon2PasswordHasher, TunedArgon2PasswordHasher
from permissions.models import Membership, User, UserSession
from tests.cast import PASSWORD, Api, Company, join, new_company, new_user
from tests.core.raw import raw, rows

pytestmark = pytest.mark.usefixtures("own_database")

WRONG = "wrong horse battery"


def login(email: str, password: str = PASSWORD, **more: Any) -> Any:
    headers = more.pop("headers", {})
    body = {"email": email, "password": password, **more}
    return Api(None).post("auth/login/", body, x_request_id="same", **headers)


def tokens_of(company: Company) -> dict[str, Any]:
    response = login(company.owner.email)
    assert response.status_code == 200, response.content
    return response.data


# --- right and wrong ----------------------------------------------------------------


def test_the_right_password_opens_a_session(acme: Company) -> None:
    tokens = tokens_of(acme)
    me = Api(tokens["access_token"]).ok("GET", "auth/me/")
    assert me["user"]["email"] == acme.owner.email
    assert me["tenant"]["slug"] == acme.slug
    assert me["roles"] == ["owner"]


def test_every_reason_to_refuse_gives_the_same_answer(acme: Company) -> None:
    """Wrong password, unknown e-mail, foreign company, no company, deactivated user."""
    owner, stranger, gone = acme.owner, new_user("nobody"), new_user("gone")
    join(acme, gone, "viewer")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    other = new_company(new_user("other"))
    answers = {
        (response.status_code, response.content)
        for response in (
            login(owner.email, WRONG),
            login("unknown-" + owner.email),
            login(owner.email, tenant=other.slug),
            login(owner.email, tenant="no-such-company"),
            login(stranger.email),
            login(gone.email),
            login(gone.email, WRONG),
        )
    }
    assert len(answers) == 1
    [(status, body)] = answers
    assert status == 401
    assert b"NOT_AUTHENTICATED" in body


def test_an_unknown_e_mail_costs_as_many_hashes_as_a_wrong_password(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the time of the answer would tell who has an account."""
    counted: list[str] = []
    for name in ("encode", "verify"):
        original = getattr(CheapArgon2PasswordHasher, name)

        def wrapped(self: Any, *a: Any, _original: Any = original, **k: Any) -> Any:
            counted.append("hash")
            return _original(self, *a, **k)

        monkeypatch.setattr(CheapArgon2PasswordHasher, name, wrapped)
    costs = []
    for email in (acme.owner.email, "unknown-" + acme.owner.email):
        counted.clear()
        login(email, WRONG)
        costs.append(len(counted))
    assert costs[0] == costs[1] == 1


@pytest.mark.parametrize("spelling", [str.upper, str.title, lambda e: f" {e} "])
def test_an_e_mail_is_known_however_it_is_typed(acme: Company, spelling: Any) -> None:
    assert login(spelling(acme.owner.email)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "x"},
        {"email": "not an address", "password": "x"},
        {"email": "a@example.test", "password": ""},
        {"email": "a@example.test", "password": "x" * 1001},
        {"email": "a\u0000@example.test", "password": "x"},
        {"email": "a@example.test", "password": "x\u0000y"},
        {"email": ["a@example.test"], "password": {"$ne": ""}},
    ],
)
def test_what_is_no_login_is_invalid(nobody: Api, body: Any) -> None:
    assert nobody.post("auth/login/", body).status_code in (401, 422)


def test_a_key_for_idempotency_does_not_break_the_login(acme: Company) -> None:
    """Nor is an answer with tokens kept for a replay."""
    headers = {"idempotency_key": "k"}
    first, second = (login(acme.owner.email, headers=headers) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.data["access_token"] != second.data["access_token"]


def test_a_password_is_not_trimmed_or_cut(acme: Company) -> None:
    for password in (f" {PASSWORD}", f"{PASSWORD} ", PASSWORD[:-1], PASSWORD + "x"):
        assert login(acme.owner.email, password).status_code == 401
        AccessAttempt.objects.filter(username=acme.owner.email).delete()


# --- several companies --------------------------------------------------------------


def test_a_member_of_several_companies_says_which(acme: Company) -> None:
    second = new_company(new_user("other"))
    join(second, acme.owner, "viewer")
    answer = login(acme.owner.email)
    assert (answer.status_code, answer.data["error"]["fields"][0]["name"]) == (422, "tenant")
    for company, role in ((acme, "owner"), (second, "viewer")):
        tokens = login(acme.owner.email, tenant=company.slug).data
        me = Api(tokens["access_token"]).ok("GET", "auth/me/")
        assert (me["tenant"]["slug"], me["roles"]) == (company.slug, [role])


def test_a_left_company_is_not_offered(acme: Company) -> None:
    second = new_company(new_user("other"))
    join(second, acme.owner, "viewer")
    Membership.objects.filter(user=acme.owner, tenant=second.tenant_id).update(is_active=False)
    assert login(acme.owner.email).status_code == 200
    assert login(acme.owner.email, tenant=second.slug).status_code == 401


# --- the lock -----------------------------------------------------------------------


def fail(email: str, times: int, **more: Any) -> list[int]:
    return [login(email, WRONG, **more).status_code for _ in range(times)]


def test_five_failures_lock_even_the_right_password_out(acme: Company) -> None:
    assert set(fail(acme.owner.email, 5)) <= {401, 429}
    answer = login(acme.owner.email)
    assert (answer.status_code, answer.data["error"]["code"]) == (429, "RATE_LIMITED")
    assert int(answer["Retry-After"]) > 0


def test_four_failures_do_not_lock_and_success_starts_again(acme: Company) -> None:
    for _ in range(2):
        assert fail(acme.owner.email, 4) == [401] * 4
        assert login(acme.owner.email).status_code == 200


def test_the_lock_is_on_the_account_however_it_is_spelt_and_wherever_from(acme: Company) -> None:
    email = acme.owner.email
    for number, spelling in enumerate([email, email.upper(), email.title(), email, email.upper()]):
        headers = {"user_agent": f"agent {number}", "x_forwarded_for": f"192.0.2.{number}"}
        login(spelling, WRONG, headers=headers)
    assert login(email, headers={"user_agent": "another"}).status_code == 429


def test_a_lock_harms_nobody_else(acme: Company, globex: Company) -> None:
    fail(acme.owner.email, 6)
    assert login(globex.owner.email).status_code == 200


def test_an_unknown_e_mail_is_locked_alike(acme: Company) -> None:
    """Else five tries would tell whether there is such an account."""
    known = fail(acme.owner.email, 7)
    assert fail("unknown-" + acme.owner.email, 7) == known


def test_a_lock_does_not_end_sessions(acme: Company) -> None:
    tokens = tokens_of(acme)
    fail(acme.owner.email, 6)
    assert Api(tokens["access_token"]).get("auth/me/").status_code == 200


def test_the_count_is_in_the_database_where_every_process_sees_it(acme: Company) -> None:
    fail(acme.owner.email, 3)
    with raw() as connection:
        found = rows(
            connection,
            "SELECT sum(failures_since_start) FROM axes_accessattempt WHERE username = %s",
            acme.owner.email,
        )
    assert found == [(3,)]


def test_a_lock_ends_after_its_time(acme: Company) -> None:
    fail(acme.owner.email, 6)
    attempts = AccessAttempt.objects.filter(username=acme.owner.email)
    for attempt in attempts:
        earlier = attempt.attempt_time - settings.AXES_COOLOFF_TIME - timedelta(seconds=1)
        attempts.filter(pk=attempt.pk).update(attempt_time=earlier)
    assert login(acme.owner.email).status_code == 200


def test_a_wrong_password_is_kept_nowhere(acme: Company) -> None:
    secret = "Tr0ub4dor-and-three"
    login(acme.owner.email, secret)
    assert places_of(secret) == []


# --- tokens -------------------------------------------------------------------------


def places_of(secret: str) -> list[tuple[str, str]]:
    """(table, column) of every global table in which `secret` stands as text or bytes."""
    found = []
    with raw() as connection:
        columns = rows(
            connection,
            "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0"
            " AND NOT a.attisdropped AND has_table_privilege(c.oid, 'SELECT')"
            " AND a.atttypid = ANY('{text,varchar,bpchar,bytea,jsonb}'::regtype[])",
        )
        for table, column in columns:
            hits = connection.execute(
                f'SELECT 1 FROM "{table}" WHERE position(%(hex)s IN'
                f" encode(convert_to(\"{column}\"::text, 'UTF8'), 'hex')) > 0"
                f' OR position(%(nested)s IN "{column}"::text) > 0 LIMIT 1',
                {"hex": secret.encode().hex(), "nested": secret.encode().hex()},
            ).fetchone()
            if hits:
                found.append((table, column))
    return found


def test_tokens_are_stored_as_hashes_only(acme: Company) -> None:
    tokens = tokens_of(acme)
    assert places_of(tokens["access_token"]) == []
    assert places_of(tokens["refresh_token"]) == []
    assert places_of(acme.owner.email), "what is stored in the clear is found"


def test_tokens_are_long_and_never_the_same(acme: Company) -> None:
    seen = [tokens_of(acme) for _ in range(3)]
    values = {t[name] for t in seen for name in ("access_token", "refresh_token")}
    assert len(values) == 6
    assert min(map(len, values)) >= 43, "256 bits in base64"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic dTpw", "bearer {token}", "Token {token}",
     "Bearer {token}x", "Bearer {refresh}", "Bearer  {token}", "Bearer {token} {token}"],
)  # fmt: skip
def test_what_is_no_access_token_does_not_enter(acme: Company, header: str) -> None:
    tokens = tokens_of(acme)
    value = header.format(token=tokens["access_token"], refresh=tokens["refresh_token"])
    response = Api(None).get("auth/me/", authorization=value)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_access_token_does_not_enter_but_is_refreshed(acme: Company) -> None:
    tokens = tokens_of(acme)
    session = UserSession.objects.get(user=acme.owner)
    session.access_expires_at -= timedelta(seconds=settings.ACCESS_TOKEN_SECONDS + 1)
    session.save()
    assert Api(tokens["access_token"]).get("auth/me/").status_code == 401
    fresh = refresh(tokens).data
    assert Api(fresh["access_token"]).get("auth/me/").status_code == 200


def refresh(tokens: dict[str, Any]) -> Any:
    return Api(None).post("auth/refresh/", {"refresh_token": tokens["refresh_token"]})


def test_a_refresh_ends_the_tokens_before_it(acme: Company) -> None:
    old = tokens_of(acme)
    new = refresh(old).data
    assert Api(old["access_token"]).get("auth/me/").status_code == 401
    assert Api(new["access_token"]).get("auth/me/").status_code == 200
    assert refresh(new).status_code == 200


def test_an_access_token_does_not_refresh(acme: Company) -> None:
    tokens = tokens_of(acme)
    assert refresh({"refresh_token": tokens["access_token"]}).status_code == 401


def test_an_expired_refresh_token_is_refused(acme: Company) -> None:
    tokens = tokens_of(acme)
    session = UserSession.objects.get(user=acme.owner)
    session.refresh_expires_at -= timedelta(seconds=settings.REFRESH_TOKEN_SECONDS + 1)
    session.save()
    assert refresh(tokens).status_code == 401


def test_a_logout_ends_both_tokens_and_no_other_session(acme: Company) -> None:
    here, there = tokens_of(acme), tokens_of(acme)
    assert Api(here["access_token"]).post("auth/logout/").status_code == 204
    assert Api(here["access_token"]).get("auth/me/").status_code == 401
    assert Api(here["access_token"]).post("auth/logout/").status_code == 401
    assert refresh(here).status_code == 401
    assert Api(there["access_token"]).get("auth/me/").status_code == 200


@pytest.mark.parametrize("what", ["user", "membership", "tenant"])
def test_whoever_is_deactivated_is_out_at_once(acme: Company, what: str) -> None:
    tokens = tokens_of(acme)
    {
        "user": User.objects.filter(pk=acme.owner.pk),
        "membership": Membership.objects.filter(user=acme.owner),
        "tenant": Tenant.objects.filter(pk=acme.tenant_id),
    }[what].update(is_active=False)
    assert Api(tokens["access_token"]).get("auth/me/").status_code == 401
    assert refresh(tokens).status_code == 401
    assert login(acme.owner.email).status_code == 401


# --- hashing ------------------------------------------------------------------------


def test_passwords_are_hashed_by_argon2id_as_tuned() -> None:
    hasher = TunedArgon2PasswordHasher()
    encoded = hasher.encode("secret", hasher.salt())
    assert encoded.startswith("argon2$argon2id$v=19$m=65536,t=2,p=1$")
    assert hasher.verify("secret", encoded)


def test_the_tuned_hasher_is_the_default_of_the_settings() -> None:
    """These tests choose a cheap one by the environment, and it says so in every hash."""
    assert settings.PASSWORD_HASHERS == ["permissions.hashers.CheapArgon2PasswordHasher"]
    source = (settings.BASE_DIR / "erp" / "settings.py").read_text()
    assert 'default="permissions.hashers.TunedArgon2PasswordHasher"' in source
    assert identify_hasher(hashers.make_password("x")).algorithm == "argon2"

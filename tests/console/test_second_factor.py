"""Between the password and the console: a code of the app, or a recovery code."""

import re
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import get_resolver, reverse
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from core.tenancy.context import PLATFORM, Context
from permissions.checks import staff_have_a_second_factor
from permissions.models import User
from permissions.services.second_factor import second_factor_enrol, secret_new, standing_of
from tests.cast import PASSWORD, Company, join, new_user
from tests.permissions.test_login_api import places_of
from tests.permissions.test_sessions_api import at_once

pytestmark = pytest.mark.usefixtures("own_database")

ENTER, ENROL = "/admin/second-factor/", "/admin/second-factor/enrol/"
#: What answers somebody who gave his password only.
DOOR = {
    "/admin/login/", "/admin/logout/", ENTER, ENROL, "/admin/forgot-password/",
    "/admin/reset-password/", "/admin/accept-invitation/",
}  # fmt: skip


@pytest.fixture
def required(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR_REQUIRED = True


@pytest.fixture
def sam(acme: Company) -> User:
    return join(acme, new_user("sam", is_staff=True), "owner")


def log_in(user: User) -> Client:
    client = Client()
    client.post("/admin/login/", {"username": user.email, "password": PASSWORD})
    return client


def code_of(secret: str, steps_ahead: int = 0) -> str:
    totp = TOTP(bytes.fromhex(secret))
    totp.time = datetime.now(UTC).timestamp() + 30 * steps_ahead
    return f"{totp.token():06d}"


def secret_on(page: str) -> str:
    import base64

    [text] = re.findall(r'id="secret"[^>]*>([A-Z2-7]+)<', page)
    return base64.b32decode(text + "=" * (-len(text) % 8)).hex()


def enrolled(user: User) -> tuple[str, Any]:
    """A secret and recovery codes; the app's clock is a step behind, so its next code is good."""
    secret, now = secret_new(), datetime.now(UTC)
    code = code_of(secret, -1)
    ctx = Context(PLATFORM, user.pk, now, "enrol")
    done = second_factor_enrol(ctx, user=user, secret=secret, code=code)
    return secret, done.recovery_codes


def forgive(user: User) -> None:
    """The time that must pass after wrong codes has passed."""
    for kind in (TOTPDevice, StaticDevice):
        kind.objects.filter(user=user).update(
            throttling_failure_count=0, throttling_failure_timestamp=None
        )


def send(client: Client, code: str) -> Any:
    return client.post(ENTER, {"code": code})


def is_in(client: Client) -> bool:
    return bool(client.get("/admin/").status_code == 200)


# --- enrolling ----------------------------------------------------------------------


def test_staff_without_a_second_factor_are_led_to_enrol(required: None, sam: User) -> None:
    client = log_in(sam)
    assert client.get("/admin/").headers["Location"] == ENROL
    page = client.get(ENROL).content.decode()
    assert "<svg" in page
    assert "Company" not in page, "not even the company is named yet"
    before = client.session.session_key
    done = client.post(ENROL, {"code": code_of(secret_on(page))}).content.decode()
    codes = re.findall(r"<li><code>([a-z2-7-]+)</code></li>", done)
    assert len(codes) == len(set(codes)) == 10
    assert client.session.session_key != before
    assert secret_on(page) not in done
    assert is_in(client)
    # Shown once: not on any later page, and readable nowhere.
    for path in (ENTER, ENROL, "/admin/"):
        text = client.get(path, follow=True).content.decode()
        assert "<svg class" not in text or path == "/admin/"
        assert not [code for code in codes if code in text]
    assert "Recovery codes left: 10" in client.get(ENTER).content.decode()
    assert [places_of(code.replace("-", "")) for code in codes] == [[]] * 10


def test_a_wrong_code_enrols_nobody(required: None, sam: User) -> None:
    client = log_in(sam)
    secret = secret_on(client.get(ENROL).content.decode())
    for code in ("000000" if code_of(secret) != "000000" else "000001", "", "abcdef", "1" * 9):
        page = client.post(ENROL, {"code": code}).content.decode()
        assert secret_on(page) == secret, "a mistyped code does not cost a new picture"
    assert not TOTPDevice.objects.filter(user=sam).exists()
    assert not is_in(client)


def test_what_somebody_else_has_seen_is_not_enrolled(required: None, sam: User) -> None:
    seen = secret_on(log_in(sam).get(ENROL).content.decode())
    mine = log_in(sam)
    assert secret_on(mine.get(ENROL).content.decode()) != seen
    mine.post(ENROL, {"code": code_of(seen)})
    assert not TOTPDevice.objects.filter(user=sam).exists()


def test_who_knows_the_password_only_cannot_enrol_another_app(required: None, sam: User) -> None:
    client = log_in(sam)
    page = client.get(ENROL).content.decode()
    enrolled(sam)
    client.post(ENROL, {"code": code_of(secret_on(page))})
    assert TOTPDevice.objects.filter(user=sam).count() == 1
    assert not is_in(client)
    assert client.get(ENROL).headers["Location"] == ENTER


def test_of_two_enrolments_at_once_one_counts(required: None, sam: User) -> None:
    clients = [log_in(sam) for _ in range(4)]
    codes = [code_of(secret_on(c.get(ENROL).content.decode())) for c in clients]
    at_once([lambda i=i: clients[i].post(ENROL, {"code": codes[i]}) for i in range(4)])
    assert TOTPDevice.objects.filter(user=sam).count() == 1
    assert StaticDevice.objects.filter(user=sam).count() == 1
    assert sum(is_in(client) for client in clients) == 1


def test_on_plain_http_one_may_enrol_and_need_not(sam: User) -> None:
    client = log_in(sam)
    assert is_in(client)
    page = client.get(ENTER).content.decode()
    assert ENROL in page
    client.post(ENROL, {"code": code_of(secret_on(client.get(ENROL).content.decode()))})
    assert is_in(client)
    assert not is_in(log_in(sam)), "who has one is asked for it"


# --- entering -----------------------------------------------------------------------


def test_the_code_opens_the_console_and_gives_the_session_a_new_key(sam: User) -> None:
    secret, _ = enrolled(sam)
    client = log_in(sam)
    assert client.get("/admin/accounting/invoice/").headers["Location"] == ENTER
    before = client.session.session_key
    assert send(client, code_of(secret)).headers["Location"] == "/admin/"
    assert client.session.session_key != before
    assert is_in(client)


def test_a_code_is_good_once(sam: User) -> None:
    secret, _ = enrolled(sam)
    first, second = log_in(sam), log_in(sam)
    code = code_of(secret)
    assert send(first, code).status_code == 302
    assert send(second, code).status_code == 200
    assert not is_in(second)


def test_of_many_who_send_one_code_at_once_one_gets_in(sam: User) -> None:
    secret, recovery = enrolled(sam)
    for code in (code_of(secret), recovery[0]):
        clients = [log_in(sam) for _ in range(6)]
        at_once([lambda c=c, code=code: send(c, code) for c in clients])
        assert sum(is_in(client) for client in clients) == 1
        forgive(sam)


def test_a_recovery_code_is_good_once_however_it_is_typed(sam: User) -> None:
    _, codes = enrolled(sam)
    client = log_in(sam)
    assert send(client, f" {codes[0].upper().replace('-', ' ')} ").status_code == 302
    assert is_in(client)
    again = log_in(sam)
    assert send(again, codes[0]).status_code == 200
    assert not is_in(again)
    assert "Recovery codes left: 9" in client.get(ENTER).content.decode()


def test_new_recovery_codes_void_the_old_ones(sam: User) -> None:
    secret, codes = enrolled(sam)
    client = log_in(sam)
    assert "Recovery codes" not in client.post(ENTER).content.decode(), "not before the code"
    send(client, code_of(secret))
    fresh = re.findall(r"<li><code>([a-z2-7-]+)<", client.post(ENTER).content.decode())
    assert len(fresh) == 10
    assert StaticToken.objects.filter(device__user=sam).count() == 10
    other = log_in(sam)
    assert send(other, codes[0]).status_code == 200
    forgive(sam)
    assert send(other, fresh[0]).status_code == 302


def test_wrong_codes_are_slowed_down_even_for_the_right_one(sam: User) -> None:
    secret, _ = enrolled(sam)
    client = log_in(sam)
    wrong = "000000" if code_of(secret) != "000000" else "000001"
    for _ in range(3):
        send(client, wrong)
        TOTPDevice.objects.filter(user=sam).update(throttling_failure_count=9)
    page = send(client, code_of(secret)).content.decode()
    assert "Too many wrong codes" in page
    assert not is_in(client)
    assert TOTPDevice.objects.get(user=sam).throttling_failure_count == 9
    forgive(sam)
    assert send(client, code_of(secret)).status_code == 302


def test_a_wrong_code_is_counted_although_its_page_fails(sam: User) -> None:
    enrolled(sam)
    for code in ("123", "12345678", "nonsense", "aaaa-bbbb-cccc-dddd", "²²²²²²"):
        forgive(sam)
        assert send(log_in(sam), code).status_code == 200
        assert StaticDevice.objects.get(user=sam).throttling_failure_count == 1


def test_another_persons_code_is_no_code(acme: Company, sam: User) -> None:
    enrolled(sam)
    other, codes = enrolled(join(acme, new_user("eve", is_staff=True), "owner"))
    client = log_in(sam)
    send(client, code_of(other))
    forgive(sam)
    send(client, codes[0])
    assert not is_in(client)


@pytest.mark.parametrize("has_device", [False, True])
def test_nothing_opens_between_password_and_code(
    required: None, sam: User, has_device: bool
) -> None:
    """Every address of the console, as the URLconf has it."""
    if has_device:
        enrolled(sam)
    client = log_in(sam)
    tried = 0
    for path in console_addresses():
        if path in DOOR:
            continue
        for method in ("get", "post"):
            answer = getattr(client, method)(path)
            assert answer.status_code == 302, path
            assert answer.headers["Location"] == (ENTER if has_device else ENROL), path
        tried += 1
    assert tried > 40


def console_addresses() -> list[str]:
    some = "01900000-0000-7000-8000-000000000000"
    found = []
    for pattern in get_resolver().url_patterns:
        if getattr(pattern, "app_name", None) == "admin":
            found = [f"/admin/{one}" for one in _walk(pattern.url_patterns)]
    return sorted({re.sub(r"<[^>]+>", some, path) for path in found if "(" not in path})


def _walk(patterns: Any, prefix: str = "") -> Any:
    for pattern in patterns:
        path = prefix + str(pattern.pattern).removeprefix("^")
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern.url_patterns, path)
        else:
            yield path


def test_the_pages_of_the_second_factor_are_for_staff_only(acme: Company) -> None:
    for client in (Client(), log_in(acme.owner)):
        for path in (ENTER, ENROL):
            assert client.get(path).headers["Location"] == reverse("admin:login")


# --- losing it ----------------------------------------------------------------------


def test_an_operator_forgets_a_lost_device(required: None, sam: User) -> None:
    secret, _ = enrolled(sam)
    client = log_in(sam)
    send(client, code_of(secret))
    assert is_in(client)
    out = StringIO()
    call_command("reset_second_factor", sam.email.upper(), stdout=out)
    assert "Done" in out.getvalue()
    assert client.get("/admin/").headers["Location"] == ENROL, "what was confirmed is forgotten"
    assert not StaticToken.objects.filter(device__user=sam).exists()
    with pytest.raises(CommandError):
        call_command("reset_second_factor", "nobody@example.test")


def test_a_device_of_somebody_else_confirms_nothing(acme: Company, sam: User) -> None:
    other = join(acme, new_user("eve", is_staff=True), "owner")
    enrolled(sam)
    enrolled(other)
    theirs = TOTPDevice.objects.get(user=other)
    assert standing_of(sam, theirs.pk).value == "code"
    assert standing_of(other, theirs.pk).value == "nothing"


# --- settings -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("https", "required", "warned"), [(True, False, 1), (True, True, 0), (False, False, 0)]
)
def test_a_console_on_the_internet_without_it_is_warned_of(
    settings: Any, https: bool, required: bool, warned: int
) -> None:
    settings.HTTPS, settings.STAFF_SECOND_FACTOR_REQUIRED = https, required
    assert len(staff_have_a_second_factor()) == warned


def test_codes_and_secrets_are_not_logged(
    required: None, sam: User, capfd: pytest.CaptureFixture[str]
) -> None:
    client = log_in(sam)
    secret = secret_on(client.get(ENROL).content.decode())
    code = code_of(secret)
    client.post(ENROL, {"code": code})
    said = "".join(capfd.readouterr())
    assert code not in said
    assert secret not in said

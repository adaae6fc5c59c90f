"""Who got or lost a second factor is in the log; what it is, is not."""

from django.core.management import call_command
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from core.tenancy.context import PLATFORM
from permissions.models import User
from tests.audit.log import Entry, entries, faults
from tests.cast import Company, join, new_user
from tests.console.test_second_factor import code_of, enrolled, log_in, send
from tests.core.raw import raw

APP, RECOVERY, CODES = "otp_totp_totpdevice", "otp_static_staticdevice", "otp_static_statictoken"


def about(user: User, table: str) -> list[Entry]:
    return entries(PLATFORM, table, user.pk)


def test_a_factor_that_comes_and_goes_is_an_entry_of_its_user(acme: Company) -> None:
    sam = join(acme, new_user("sam", is_staff=True), "viewer")
    secret, recovery = enrolled(sam)
    [came] = about(sam, APP)
    assert (came.action, came.operation) == ("insert", "second_factor.enrol")
    assert (came.actor_id, came.request_id) == (sam.pk, "enrol")
    assert came.new is not None
    assert (came.new["name"], came.new["key"]) == ("app", "***")

    send(log_in(sam), code_of(secret))
    assert about(sam, APP) == [came], "the code of a login is no change"
    send(log_in(sam), recovery[0])
    used = about(sam, RECOVERY)[-1]
    assert (used.action, used.operation) == ("update", "second_factor_check")
    assert (used.actor_id, used.address) == (sam.pk, "127.0.0.1")
    assert list(used.new or {}) == ["last_used_at"]

    call_command("reset_second_factor", sam.email, verbosity=0)
    went = about(sam, APP)[-1]
    assert (went.action, went.operation, went.actor_id) == ("delete", "second_factor.reset", None)
    assert [entry.action for entry in about(sam, RECOVERY)] == ["insert", "update", "delete"]


def test_a_factor_that_is_typed_into_the_table_is_seen_and_its_secret_is_not(
    acme: Company,
) -> None:
    sam = join(acme, new_user("sam", is_staff=True), "viewer")
    enrolled(sam)
    with raw() as connection:
        connection.execute(f"UPDATE {APP} SET key = 'abcd' WHERE user_id = %s", [sam.pk])
        connection.execute(
            f"INSERT INTO {CODES} (device_id, token) "
            f"SELECT id, 'let-me-in' FROM {RECOVERY} WHERE user_id = %s",
            [sam.pk],
        )
    changed = about(sam, APP)[-1]
    assert (changed.old, changed.new) == ({"key": "***"}, {"key": "***"})
    assert changed.actor_id is None
    added = entries(PLATFORM, CODES)[-1]
    assert (added.row_id, added.operation) == (None, "")
    assert added.new is not None
    assert added.new["token"] == "***"
    log = repr(entries(PLATFORM))
    secrets = {"abcd", "let-me-in", *TOTPDevice.objects.values_list("key", flat=True)}
    secrets |= set(StaticToken.objects.values_list("token", flat=True))
    assert [one for one in secrets if f"'{one}'" in log] == []
    assert faults(PLATFORM) == []

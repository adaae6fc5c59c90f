"""No secret is in the audit log, whatever is done with it."""

import re
import secrets

from django.contrib.auth.hashers import make_password
from django_otp.plugins.otp_static.models import StaticToken

from permissions.models import OneTimeToken, SpentRefreshToken, User, UserSession
from permissions.tokens import token_hash
from tests.cast import PASSWORD, Api, Company, email, join, new_user
from tests.console.test_second_factor import enrolled, log_in
from tests.permissions.mails import token_to
from tests.privacy.markers import places_of

TABLE = "audit_auditlog"


def test_logins_passwords_and_second_factors_leave_no_secret_in_the_log(
    acme: Company, alice: Api, nobody: Api
) -> None:
    sam = join(acme, new_user("sam", is_staff=True), "viewer")
    hashes = {sam.password}
    tokens = nobody.ok("POST", "auth/login/", {"email": sam.email, "password": PASSWORD})
    fresh = nobody.ok("POST", "auth/refresh/", {"refresh_token": tokens["refresh_token"]})
    new_password = f"Aa {secrets.token_hex(12)}"
    body = {"old_password": PASSWORD, "new_password": new_password}
    Api(fresh["access_token"]).ok("POST", "auth/password/", body)
    hashes.add(User.objects.get(pk=sam.pk).password)
    secret, recovery = enrolled(sam)
    log_in(sam)
    nobody.ok("POST", "auth/forgot-password/", {"email": sam.email})
    reset = token_to(sam.email)
    nobody.ok("POST", "auth/reset-password/", {"token": reset, "password": f"{new_password}!"})
    hashes.add(User.objects.get(pk=sam.pk).password)
    guest = email("guest")
    alice.ok("POST", "memberships/", {"email": guest, "roles": ["viewer"]})
    invited = token_to(guest)
    body = {"token": invited, "password": f"{new_password}?", "name": "Guest"}
    nobody.ok("POST", "auth/accept-invitation/", body)
    hashes |= set(User.objects.filter(email=guest).values_list("password", flat=True))
    issued = [*tokens.values(), *fresh.values(), reset, invited]
    texts = [token for token in issued if isinstance(token, str) and len(token) > 30]
    assert len(texts) == 6
    assert len(hashes) == 4
    # The words that stand for people in the log would be found; so would these.
    assert places_of(sam.email, table=TABLE) == {f"{TABLE}.personal"}
    kept = [token_hash(token).hex() for token in texts]
    codes = StaticToken.objects.values_list("token", flat=True)
    words = [*texts, *kept, *hashes, *stored(), secret, *recovery, *codes, new_password, PASSWORD]
    assert places_of(*words, table=TABLE) == set()
    assert places_of(*(one.split("$")[-1] for one in hashes), table=TABLE) == set()


def stored() -> set[str]:
    """Every hash of a token that there is."""
    found = [
        *UserSession.objects.values_list("access_hash", flat=True),
        *UserSession.objects.values_list("refresh_hash", flat=True),
        *OneTimeToken.objects.values_list("token_hash", flat=True),
        *SpentRefreshToken.objects.values_list("token_hash", flat=True),
    ]
    assert found
    return {bytes(one).hex() for one in found}


def test_a_password_typed_into_the_table_is_masked(acme: Company) -> None:
    """Raw SQL as well: the trigger masks it, whoever writes."""
    encoded = make_password(secrets.token_hex(8))
    User.objects.filter(pk=acme.owner.pk).update(password=encoded)
    assert places_of(re.escape(encoded).split("$")[0], encoded, table=TABLE) == set()

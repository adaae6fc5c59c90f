"""The second factor of staff: a code that changes every 30 seconds, or a recovery code.

django-otp keeps the devices and slows down who guesses, in the database. The secret
is shown while it is being enrolled and never again; recovery codes are stored as hashes.
"""

import base64
import hashlib
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db.models import Count
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from core.audit.declared import Audited
from core.errors import Conflict, DomainError, Invalid, require
from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions.models import User

SECRET_BYTES = 20  # RFC 4226 section 4, R6
RECOVERY_CODES = 10
RECOVERY_BYTES = 10
CODE_DIGITS = 6

GUESSES = ("throttling_failure_timestamp", "throttling_failure_count")
#: django-otp's tables: who got or lost a second factor, and when a recovery code was used, is an
#: entry of the user; what the factor is, is recorded nowhere.
AUDITED = {
    "otp_totp.TOTPDevice": Audited(
        masked=("key",), ignored=("drift", "last_t", "last_used_at", *GUESSES), under="user_id"
    ),
    "otp_static.StaticDevice": Audited(ignored=GUESSES, under="user_id"),
    "otp_static.StaticToken": Audited(masked=("token",)),
}


class Standing(Enum):
    """What somebody who gave his password still has to do."""

    NOTHING = "nothing"
    CODE = "code"
    ENROL = "enrol"


class CodeRefused(Invalid):
    def __init__(self) -> None:
        super().__init__("This code is not right, or was used already.")


class CodeThrottled(DomainError):
    code = "RATE_LIMITED"
    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many wrong codes. Try again in {seconds} seconds.")
        self.retry_after_seconds = seconds


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The device, and the recovery codes, which cannot be read again."""

    device_id: int
    recovery_codes: Sequence[str]


def standing_of(user: User, device_id: int | None) -> Standing:
    """`device_id` is the device that this login was confirmed with, if it was."""
    devices = TOTPDevice.objects.filter(user=user, confirmed=True)
    known = set(devices.values_list("pk", flat=True))
    if device_id in known:
        return Standing.NOTHING
    if known:
        return Standing.CODE
    return Standing.ENROL if settings.STAFF_SECOND_FACTOR_REQUIRED else Standing.NOTHING


def is_enrolled(user: User) -> bool:
    found: bool = TOTPDevice.objects.filter(user=user, confirmed=True).exists()
    return found


def recovery_codes_left(user: User) -> int:
    counted = StaticDevice.objects.filter(user=user).aggregate(left=Count("token_set"))
    return int(counted["left"])


# --- enrol --------------------------------------------------------------------------


def secret_new() -> str:
    """A secret for an authenticator app, in hexadecimal."""
    return secrets.token_hex(SECRET_BYTES)


def secret_text(secret: str) -> str:
    """What is typed into an app that cannot see the picture."""
    return base64.b32encode(bytes.fromhex(secret)).decode().rstrip("=")


def secret_address(user: User, secret: str) -> str:
    """What the picture says. Source: Key Uri Format of Google Authenticator."""
    issuer = settings.OTP_TOTP_ISSUER
    asked = urlencode({"secret": secret_text(secret), "issuer": issuer, "digits": CODE_DIGITS})
    return f"otpauth://totp/{quote(issuer)}:{quote(user.email)}?{asked}"


@command
def second_factor_enrol(ctx: Context, *, user: User, secret: str, code: str) -> Enrolled:
    """Confirm that the app shows the codes of `secret`, and require them from now on.

    Locks the user: of two enrolments at once one is refused. Of the platform, as all of this.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    require(not is_enrolled(user), Conflict("You have a second factor already."))
    totp = TOTP(bytes.fromhex(secret), digits=CODE_DIGITS)
    totp.time = ctx.now.timestamp()
    digits = _digits(code)
    require(digits is not None and totp.verify(digits, tolerance=1), CodeRefused())
    # The code that enrols does not also open the door a second time.
    device = TOTPDevice.objects.create(
        user=user, name="app", key=secret, confirmed=True, last_t=totp.t(), drift=totp.drift
    )
    return Enrolled(device.pk, _recovery_codes_make(user))


@command
def recovery_codes_renew(ctx: Context, *, user: User) -> Sequence[str]:
    """New recovery codes; the older ones are worth nothing."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    require(is_enrolled(user), Conflict("You have no second factor yet."))
    return _recovery_codes_make(user)


def _recovery_codes_make(user: User) -> Sequence[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery", confirmed=True)
    codes = [
        base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
        for _ in range(RECOVERY_CODES)
    ]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_stored(c)) for c in codes)
    return ["-".join(code[i : i + 4] for i in range(0, len(code), 4)) for code in codes]


def _stored(code: str) -> str:
    """96 bits of the hash of a recovery code: what fits in django-otp's column."""
    return base64.urlsafe_b64encode(hashlib.sha256(code.encode()).digest())[:16].decode()


# --- verify -------------------------------------------------------------------------


def second_factor_check(ctx: Context, *, user: User, code: str) -> int:
    """The id of the device whose code, or recovery code, this is; spends it."""
    device_id, wait = _second_factor_check(ctx, user, code)
    # Raised outside, because a wrong code must remain counted.
    if device_id is not None:
        return device_id
    raise CodeThrottled(wait) if wait > 1 else CodeRefused()


@command
def second_factor_reset(ctx: Context, *, email: str) -> None:
    """Forget devices and recovery codes of somebody who lost them. For operators."""
    user = User.objects.select_for_update(no_key=True).filter(email=email.lower()).first()
    if user is None:
        raise Invalid.field("email", "There is no such user.")
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


@command
def _second_factor_check(ctx: Context, user: User, code: str) -> tuple[int | None, int]:
    """The device's id if the code is right, and the seconds to wait if it is not.

    Locks the devices, so that a code is good once, and guesses made at once count each.
    """
    device, is_right = _verify(user, code)
    if not is_right:
        return None, _seconds_to_wait(device, ctx.now)
    found = TOTPDevice.objects.filter(user=user, confirmed=True).values_list("pk", flat=True)
    return found.first(), 0


def _verify(user: User, code: str) -> "tuple[TOTPDevice | StaticDevice | None, bool]":
    kind = TOTPDevice if _digits(code) is not None else StaticDevice
    text = code.strip().lower().replace("-", "").replace(" ", "")
    asked = text if kind is TOTPDevice else _stored(text)
    device = kind.objects.select_for_update().filter(user=user, confirmed=True).first()
    return device, bool(device and device.verify_token(asked))


def _seconds_to_wait(device: "TOTPDevice | StaticDevice | None", moment: datetime) -> int:
    """django-otp doubles the time with each wrong code; 0 where another may be tried."""
    if device is None:
        return 0
    allowed, reason = device.verify_is_allowed()
    if allowed or not reason:
        return 0
    return math.ceil((reason["locked_until"] - moment).total_seconds())


def _digits(code: str) -> int | None:
    """The number of a code of the app; None where it does not look like one."""
    text = code.strip().replace(" ", "")
    if len(text) == CODE_DIGITS and text.isascii() and text.isdecimal():
        return int(text)
    return None

"""Secrets of endpoints: made here, kept sealed, and what is signed with them.

They are sealed with a key made of SECRET_KEY, so a copy of the database signs nothing.
Signatures are those of Standard Webhooks (https://www.standardwebhooks.com).
"""

import base64
import hmac
import secrets
from collections.abc import Iterable
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PREFIX = "whsec_"
SECRET_BYTES = 32
PURPOSE = b"core.webhooks.sealing"


class Unsealable(Exception):
    """Sealed with a SECRET_KEY that is neither ours nor one of the fallbacks."""


def secret_make() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def seal(secret: str) -> str:
    return _box().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Raises Unsealable."""
    try:
        return _box().decrypt(sealed).decode()
    except InvalidToken as error:
        raise Unsealable from error


def signature(live: Iterable[str], *, message_id: str, timestamp: int, body: bytes) -> str:
    """What `webhook-signature` says: one of each secret that is live, the newest first."""
    said = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_mark(secret, said)}" for secret in live)


def _mark(secret: str, said: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, said, "sha256")).decode()


def _box() -> MultiFernet:
    return _box_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@cache
def _box_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return base64.urlsafe_b64encode(derive.derive(key.encode()))

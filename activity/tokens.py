"""Tokens for `navigator.sendBeacon`, which can send a body and nothing else.

A token says which login it belongs to and until when, under our signature. It is good for
telling usage events and for nothing else, and only while the login lives: it names the
login by the hash of its access token, so it is looked up as every caller is, and ends
with a logout, a refresh, a revocation. Nothing of it is stored.
"""

import base64
import binascii
import hmac
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings

LIFE = timedelta(hours=1)
PURPOSE = b"usage-events|"
HASH_BYTES, MOMENT_BYTES, MAC_BYTES = 32, 5, 16


class EventToken(NamedTuple):
    token: str
    expires_at: datetime


def token_issue(access_hash: bytes, moment: datetime) -> EventToken:
    """A token for the login with this hash of its access token."""
    expires_at = moment.replace(microsecond=0) + LIFE
    payload = access_hash + int(expires_at.timestamp()).to_bytes(MOMENT_BYTES)
    raw = _mac(payload) + payload
    return EventToken(base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), expires_at)


def token_read(token: str, moment: datetime) -> bytes | None:
    """The hash that `token` names; None where it is not ours, or no longer good."""
    try:
        raw = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    mac, payload = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if len(payload) != HASH_BYTES + MOMENT_BYTES or not hmac.compare_digest(mac, _mac(payload)):
        return None
    expires_at = datetime.fromtimestamp(int.from_bytes(payload[HASH_BYTES:]), UTC)
    return payload[:HASH_BYTES] if moment < expires_at else None


def _mac(payload: bytes) -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode(), PURPOSE + payload, "sha256")[:MAC_BYTES]

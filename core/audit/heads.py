"""The heads of all chains, signed: kept elsewhere, they prove what nobody here can change unseen.

A head names the last block of a tenant's chain and its digest, which covers all that came
before. One JSON object per line; the last line holds the signature of those above it.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import connections

from core.errors import Conflict
from core.tenancy.router import write_alias

HEADS_SQL = "SELECT sequence, encode(digest, 'hex'), covered FROM audit_head_of(%s, %s)"


class HeadsUnsigned(Conflict):
    """There is no key to sign with, or the signature is not by the key that was named."""


@dataclass(frozen=True, slots=True)
class Head:
    tenant_id: UUID
    sequence: int
    digest: str
    rows: int


def head_of(tenant_id: UUID, sequence: int | None = None) -> Head | None:
    """The last block of a chain, or the one with this number; None where there is none."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(HEADS_SQL, [tenant_id, sequence])
        found = cursor.fetchone()
    return Head(tenant_id, *found) if found else None


def heads_signed(heads: Iterator[Head], moment: datetime) -> bytes:
    """A file of heads; raises HeadsUnsigned without AUDIT_SIGNING_KEY."""
    key = _private_key()
    lines = [orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE) for head in heads]
    text = orjson.dumps({"at": moment}, option=orjson.OPT_APPEND_NEWLINE) + b"".join(lines)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = {
        "public_key": base64.b64encode(public).decode(),
        "signature": base64.b64encode(key.sign(text)).decode(),
    }
    return text + orjson.dumps(signature, option=orjson.OPT_APPEND_NEWLINE)


def heads_read(data: bytes, public_key: str) -> list[Head]:
    """The heads of a file that was signed by this key; raises HeadsUnsigned."""
    text, _, last = data.rstrip(b"\n").rpartition(b"\n")
    text += b"\n"
    try:
        signature = base64.b64decode(orjson.loads(last)["signature"], validate=True)
        trusted = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        trusted.verify(signature, text)
        lines = [orjson.loads(line) for line in text.splitlines()[1:]]
        return [Head(UUID(line.pop("tenant_id")), **line) for line in lines]
    except (InvalidSignature, ValueError, KeyError, TypeError) as error:
        raise HeadsUnsigned("The heads are not what the key's owner signed.") from error


def public_key() -> str:
    """What others verify with, in base64; raises HeadsUnsigned without AUDIT_SIGNING_KEY."""
    raw = _private_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def _private_key() -> Ed25519PrivateKey:
    secret = settings.AUDIT_SIGNING_KEY
    if not secret:
        raise HeadsUnsigned("Set AUDIT_SIGNING_KEY to sign the heads of the audit log.")
    # A passphrase of any length is a key as well.
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(secret.encode()).digest())

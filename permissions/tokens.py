"""Opaque tokens: 256 bits, of which only the hash is ever stored."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from uuid import UUID

from django.conf import settings


def new_token() -> str:
    """A token to hand out once."""
    return secrets.token_urlsafe(32)


def link_token(link_id: UUID) -> str:
    """The token of a link that is sent by mail.

    Made from the link's id with the secret key: a job can send the mail, and send the
    same one again, while the database holds nothing that opens the link.
    """
    digest = hmac.digest(settings.SECRET_KEY.encode(), b"link:" + link_id.bytes, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """What is stored and looked up; a fast hash is enough for 256 random bits."""
    return hashlib.sha256(token.encode()).digest()

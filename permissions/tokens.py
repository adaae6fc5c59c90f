"""Opaque tokens: 256 random bits, of which only the hash is ever stored."""

import hashlib
import secrets


def new_token() -> str:
    """A token to hand out once."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored and looked up; a fast hash is enough for 256 random bits."""
    return hashlib.sha256(token.encode()).digest()

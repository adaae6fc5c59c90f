"""Answers kept as they are sent: bytes and their ETag, so that a hit costs no serialisation."""

import hashlib
from typing import NamedTuple

from core.cache.namespaces import Codec, Namespace


class Answer(NamedTuple):
    body: bytes
    etag: str


def etag_of(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'


def _encode(answer: Answer) -> bytes:
    return answer.etag.encode() + b"\n" + answer.body


def _decode(data: bytes) -> Answer:
    etag, _, body = data.partition(b"\n")
    return Answer(body, etag.decode())


def answers(name: str) -> Namespace[Answer]:
    """The namespace `name`, of answers."""
    return Namespace(name, Codec(_encode, _decode))

"""Files in tests: kept, and fetched by somebody who holds nothing but a link."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from core.files.links import file_link
from core.files.models import StoredFile
from core.files.services import FileInput, file_keep
from permissions.models import User
from tests.cast import Api, Company

HOUR = timedelta(hours=1)


def keep(company: Company, content: Any = b"abc", *, by: User | None = None, **about: Any) -> Any:
    values = {"name": "July.pdf", "media_type": "application/pdf", "purpose": "test", "kept": HOUR}
    return file_keep(company.ctx(by), file=FileInput(**(values | about)), content=content)


def path_of(file: StoredFile) -> Path:
    return Path(settings.FILES_DIR) / file.key


def link_of(company: Company, file: StoredFile, user: User | None = None) -> str:
    return file_link(company.ctx(user), file_id=file.pk).address


def path_and_token(link: str) -> str:
    address = urlsplit(link)
    return f"{address.path}?{address.query}"


def follow(link: str, **headers: str) -> Any:
    return Api(None).get(path_and_token(link), **headers)


def body_of(response: Any) -> bytes:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)

"""What the application mailed to somebody, and the tokens of the links in it."""

import re
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core import mail

from permissions.mail import mails_wait


def mails_to(email: str) -> list[str]:
    """The texts that were sent to `email`, the oldest first."""
    mails_wait()
    return [str(one.body) for one in getattr(mail, "outbox", []) if one.to == [email.lower()]]


def link_in(text: str) -> str:
    [found] = re.findall(r"http\S+", text)
    assert found.startswith(f"{settings.PUBLIC_URL}/")
    return str(found)


def token_to(email: str) -> str:
    """The token of the last link sent to `email`."""
    [token] = parse_qs(urlsplit(link_in(mails_to(email)[-1])).query)["token"]
    return token

"""The mails that carry a link, in the system's words, and the addresses of the links."""

from urllib.parse import urlencode

from django.conf import settings

from core.jobs.models import Queue
from core.mail.kinds import MailKind, Secrets

PASSWORD_RESET, INVITATION = "permissions.password_reset", "permissions.invitation"

RESET_WORDS = (
    "Choose a new password",
    """Hello {name},

somebody, we hope you, asked for a new password for your login at {company}. Choose it here; \
the link is good for {lifetime}, and once:

{link}

If it was not you, there is nothing to do: your password stays as it is.
""",
)
INVITATION_WORDS = (
    "Invitation to {company}",
    """Hello,

you are invited to work in the books of {company}. Accept here; the link is good for {lifetime}, \
and once:

{link}

If you do not know what this is about, there is nothing to do.
""",
)


def link(page: str, *, token: str, tenant_slug: str) -> str:
    """The address of one of our pages with a one-time token."""
    return (
        f"{settings.PUBLIC_URL}/admin/{page}/?{urlencode({'tenant': tenant_slug, 'token': token})}"
    )


def kinds(secrets: Secrets) -> tuple[MailKind, MailKind]:
    """A company may invite in its own words; who forgot a password hears from the system."""
    placeholders = ("name", "company", "lifetime")
    return (
        MailKind(
            PASSWORD_RESET, "Forgotten password", placeholders, {"en": RESET_WORDS},
            secret_placeholders=("link",), secrets=secrets, queue=Queue.HIGH, of_platform=True,
        ),
        MailKind(
            INVITATION, "Invitation", placeholders, {"en": INVITATION_WORDS},
            secret_placeholders=("link",), secrets=secrets, queue=Queue.HIGH,
        ),
    )  # fmt: skip

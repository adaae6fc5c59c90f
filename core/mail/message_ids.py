"""The Message-ID of a mail: whose it is, and that we made it.

It comes back in the report of a mail that could not be delivered. Whoever never had the
mail cannot make one up.
"""

import hmac
import re
from hashlib import sha256
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

PROOF_LENGTH = 24
_OURS = re.compile(rf"<([0-9a-f]{{32}})\.([0-9a-f]{{32}})\.([0-9a-f]{{{PROOF_LENGTH}}})@[^<>\s]+>")


def message_id(tenant_id: UUID, mail_id: UUID) -> str:
    host = urlsplit(settings.PUBLIC_URL).hostname
    return f"<{tenant_id.hex}.{mail_id.hex}.{_proof(tenant_id, mail_id)}@{host}>"


def mail_of(message_id_: str) -> tuple[UUID, UUID] | None:
    """Tenant and mail, if it is one of ours."""
    found = _OURS.fullmatch(message_id_.strip())
    if found is None:
        return None
    tenant_id, mail_id = UUID(found[1]), UUID(found[2])
    ours = hmac.compare_digest(found[3], _proof(tenant_id, mail_id))
    return (tenant_id, mail_id) if ours else None


def _proof(tenant_id: UUID, mail_id: UUID) -> str:
    key = f"core.mail.message_id:{settings.SECRET_KEY}".encode()
    return hmac.new(key, tenant_id.bytes + mail_id.bytes, sha256).hexdigest()[:PROOF_LENGTH]

"""Links that open one file for one person of one company, for some minutes.

They are made of the secret key and kept nowhere. Whoever follows one is asked again
whether he may: a link is worth no more than its owner is.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.core import signing

from core.errors import NotFound
from core.tenancy.context import Context

SALT = "core.files.link"


class Link(NamedTuple):
    address: str
    expires_at: datetime


class Holder(NamedTuple):
    """For whom a link was made."""

    tenant_id: UUID
    user_id: UUID


def file_link(ctx: Context, *, file_id: UUID) -> Link:
    """A fresh one for who acts; it is good for as long as he and the file are, too."""
    token = link_token(ctx, file_id=file_id)
    address = f"{settings.PUBLIC_URL}/api/v1/files/{file_id}/content/?token={token}"
    return Link(address, ctx.now + timedelta(seconds=settings.FILE_LINK_SECONDS))


def link_token(ctx: Context, *, file_id: UUID) -> str:
    """What opens it."""
    ids = [ctx.tenant_id.hex, ctx.acting_user.hex, file_id.hex]
    return signing.dumps(ids, salt=SALT)


def link_holder(token: str, *, file_id: UUID) -> Holder:
    """Whose link this is; NotFound for one that is too old, of another file or made up."""
    try:
        tenant, user, file = signing.loads(token, salt=SALT, max_age=settings.FILE_LINK_SECONDS)
    except signing.BadSignature as error:
        raise NotFound from error
    if UUID(file) != file_id:
        raise NotFound
    return Holder(UUID(tenant), UUID(user))

"""Whether logins that entered some time ago may still stay. Many at once, never from memory."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import orjson
from django.db import connections

from core.tenancy.router import write_alias
from permissions.policy import codes_of

LIVING_SQL = (Path(__file__).parent / "sql" / "living.sql").read_text(encoding="utf-8")


def sessions_living(hashes: Collection[bytes], moment: datetime) -> dict[bytes, frozenset[str]]:
    """Hashes of access tokens that are valid at `moment`, with the codes their users hold.

    One statement on the connection that writes, for connections that outlive their
    request: nobody remembers anything, so the answer is the database's.
    """
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(LIVING_SQL, {"hashes": list(hashes), "moment": moment})
        return {bytes(hashed): _codes(held) for hashed, held in cursor.fetchall() if held}


@lru_cache(maxsize=1_000)
def _codes(held: str) -> frozenset[str]:
    """People of one role hold the same."""
    return codes_of(orjson.loads(held))

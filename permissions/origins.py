"""Where a request comes from, as far as it can be known. For doors."""

from ipaddress import ip_address

from django.http import HttpRequest
from rest_framework.throttling import BaseThrottle

from permissions.models.sessions import DEVICE_LENGTH_MAX
from permissions.services.sessions import Origin


def origin_of(request: HttpRequest) -> Origin:
    """Device and network address; the address by the rule that throttles count by."""
    device = request.META.get("HTTP_USER_AGENT", "")
    printable = "".join(character for character in device if character.isprintable())
    return Origin(printable[:DEVICE_LENGTH_MAX], address_of(request))


def address_of(request: HttpRequest) -> str | None:
    """The connection's address, or what our own proxies say it is; None where it is none."""
    found = BaseThrottle().get_ident(request) or ""  # type: ignore[arg-type]
    try:
        return str(ip_address(found))
    except ValueError:
        return None

"""Where a request comes from, as far as it can be known. For doors."""

from django.http import HttpRequest

from core.api.requests import address_of
from permissions.models.sessions import DEVICE_LENGTH_MAX
from permissions.services.sessions import Origin


def origin_of(request: HttpRequest) -> Origin:
    """Device and network address; the address by the rule that throttles count by."""
    device = request.META.get("HTTP_USER_AGENT", "")
    printable = "".join(character for character in device if character.isprintable())
    return Origin(printable[:DEVICE_LENGTH_MAX], address_of(request))

"""System check: a console that the internet can reach asks for a second factor."""

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=True)
def staff_have_a_second_factor(**_: Any) -> list[checks.CheckMessage]:
    if settings.STAFF_SECOND_FACTOR_REQUIRED or not settings.HTTPS:
        return []
    return [
        checks.Warning(
            "Staff open the console with a password alone.",
            hint="Leave STAFF_SECOND_FACTOR_REQUIRED out, or set it to true.",
            id="permissions.W001",
        )
    ]

"""The database's refusals in the words of the services that check the same rules."""

from collections.abc import Callable

from core.errors import Conflict, DomainError

REFUSALS: dict[str, Callable[[], DomainError]] = {
    "permissions_role_code": lambda: Conflict("There is a role with this code."),
    "permissions_grant_once": lambda: Conflict("This role grants this already."),
    "permissions_assignment_once": lambda: Conflict("This member holds this role already."),
    "permissions_membership_once": lambda: Conflict("This user is a member already."),
}

"""What this app wants to be done by two people. Read by the report of duties."""

from permissions.catalog import Duty

DUTIES = (
    Duty(
        "roles: write and hand out",
        "permissions.grants.create",
        "permissions.memberships.update",
        "Who fills a role and gives it to people needs nobody's consent to either.",
    ),
    Duty(
        "people: let in and give roles",
        "permissions.memberships.create",
        "permissions.memberships.update",
        "An account made up can be given whatever its maker holds.",
    ),
)

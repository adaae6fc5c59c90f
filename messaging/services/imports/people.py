"""Who the people of a source are here: members of the company, or placeholders.

Somebody is recognised by his e-mail, among the members of this company only: that
a person has a login elsewhere in the system is nobody's business. Everybody else
becomes a placeholder, a user who is not active and has no password, in a
membership that is not active: he stands beside what he said, and never logs in.
Guests are not recognised, because an imported thread is internal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db.models import QuerySet

from core.tenancy.context import Context
from core.tenancy.transactions import command
from messaging.models import Participant, ParticipantRole
from messaging.services.imports.ids import placeholder_id
from messaging.services.imports.records import Person
from permissions.models import Membership, User

PEOPLE_AT_ONCE = 1_000
#: RFC 2606: no mail is ever delivered there.
PLACEHOLDER_DOMAIN = "imported.invalid"
NAME_LENGTH_MAX = User._meta.get_field("name").max_length or 0


@dataclass(frozen=True, slots=True)
class Found:
    """Users by their key in the source, and how many placeholders had to be made."""

    users: dict[str, UUID]
    created: int


def people_ensure(
    ctx: Context, *, name: str, persons: Sequence[Person], keys_are_ids: bool = False
) -> Found:
    """Everybody of `persons`; `name` tells this source's keys from another's.

    `keys_are_ids` where the source is a table of this system, whose keys are ids of users.
    """
    users: dict[str, UUID] = {}
    created = 0
    for start in range(0, len(persons), PEOPLE_AT_ONCE):
        some = persons[start : start + PEOPLE_AT_ONCE]
        found = people_place(ctx, name=name, persons=some, keys_are_ids=keys_are_ids)
        users |= found.users
        created += found.created
    return Found(users, created)


@command
def people_place(
    ctx: Context, *, name: str, persons: Sequence[Person], keys_are_ids: bool
) -> Found:
    """One chunk of `people_ensure`."""
    emails = {person.key: _email_of(person) for person in persons}
    members = _members_by_email(ctx, filter(None, emails.values()))
    ours = _members_by_id(ctx, persons) if keys_are_ids else {}
    users: dict[str, UUID] = {}
    strangers: dict[UUID, Person] = {}
    for person in persons:
        email = emails[person.key]
        known = ours.get(person.key) or members.get(email)
        if known is None:
            # By e-mail he is the same stranger in every source.
            known = placeholder_id(ctx.tenant_id, "" if email else name, email or person.key)
            strangers.setdefault(known, person)
        users[person.key] = known
    return Found(users, _placeholders(ctx, strangers))


def placeholder_email(user_id: UUID) -> str:
    return f"{user_id.hex}@{PLACEHOLDER_DOMAIN}"


def _email_of(person: Person) -> str:
    email = (person.email or person.key).strip().lower()
    return email if "@" in email else ""


def _members_by_email(ctx: Context, emails: Iterable[str]) -> dict[str, UUID]:
    found = _recognisable(ctx).filter(user__email__in=list(emails))
    return dict(found.values_list("user__email", "user_id"))


def _members_by_id(ctx: Context, persons: Sequence[Person]) -> dict[str, UUID]:
    ids: dict[UUID, str] = {}
    for person in persons:
        try:
            ids[UUID(person.key)] = person.key
        except ValueError:
            continue
    found = _recognisable(ctx).filter(user__in=list(ids)).values_list("user_id", flat=True)
    return {ids[user_id]: user_id for user_id in found}


def _recognisable(ctx: Context) -> QuerySet[Membership]:
    guests = Participant.objects.filter(role=ParticipantRole.GUEST, left_at=None)
    return Membership.objects.filter(tenant=ctx.tenant_id).exclude(
        user__in=guests.values("user_id")
    )


def _placeholders(ctx: Context, strangers: dict[UUID, Person]) -> int:
    """Users and memberships for them; those of an earlier import stay."""
    known = set(
        Membership.objects.filter(tenant=ctx.tenant_id, user__in=list(strangers)).values_list(
            "user_id", flat=True
        )
    )
    new = {user_id: person for user_id, person in strangers.items() if user_id not in known}
    User.objects.bulk_create(
        (
            User(
                id=user_id,
                email=placeholder_email(user_id),
                name=(person.name or person.email or person.key)[:NAME_LENGTH_MAX],
                password=make_password(None),
                is_active=False,
            )
            for user_id, person in sorted(new.items())
        ),
        ignore_conflicts=True,
    )
    # Joined, so that nobody takes it for an invitation that waits to be accepted.
    Membership.objects.bulk_create(
        (
            Membership(tenant_id=ctx.tenant_id, user_id=user_id, is_active=False, joined_at=ctx.now)
            for user_id in sorted(new)
        ),
        ignore_conflicts=True,
    )
    return len(new)

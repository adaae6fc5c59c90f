"""Users as persons, whatever company asks. Global tables, for operators and for erasing."""

from uuid import UUID

from permissions.models import Membership, User, UserSession


def user_by_email(*, email: str) -> User | None:
    return User.objects.filter(email=email.strip().lower()).first()


def companies_of(user_id: UUID) -> list[UUID]:
    """Where he is or was a member, or has logged in; sorted."""
    member = Membership.objects.filter(user=user_id).values_list("tenant_id", flat=True)
    logins = UserSession.objects.filter(user=user_id).values_list("tenant_id", flat=True)
    return sorted({*member, *logins})

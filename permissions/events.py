"""What is announced when somebody may do more or less than before. The names are a contract."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from core.jobs.outbox import Event


@dataclass(frozen=True)
class UserPermissionsChanged(Event):
    """Roles, grants or the membership of this user."""

    name: ClassVar[str] = "USER_PERMISSIONS_CHANGED"
    user_id: UUID


@dataclass(frozen=True)
class ModuleAssignmentsChanged(Event):
    """The platform gave a module to a super admin, or took it."""

    name: ClassVar[str] = "MODULE_ASSIGNMENTS_CHANGED"
    user_id: UUID


@dataclass(frozen=True)
class UserLoggedOut(Event):
    """One session of this user ended."""

    name: ClassVar[str] = "USER_LOGGED_OUT"
    user_id: UUID
    session_id: UUID


@dataclass(frozen=True)
class UserPasswordChanged(Event):
    name: ClassVar[str] = "USER_PASSWORD_CHANGED"
    user_id: UUID


@dataclass(frozen=True)
class SuperAdminDeactivated(Event):
    name: ClassVar[str] = "SUPER_ADMIN_DEACTIVATED"
    user_id: UUID

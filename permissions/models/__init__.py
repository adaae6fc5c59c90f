from permissions.models.fallback import CachedPermission, PermissionStamp
from permissions.models.mails import MailCount, PasswordRequest
from permissions.models.roles import Grant, ModuleAssignment, Permission, Role, RoleAssignment
from permissions.models.sessions import OneTimeToken, SpentRefreshToken, UserSession
from permissions.models.users import Membership, User

__all__ = [
    "CachedPermission",
    "Grant",
    "MailCount",
    "Membership",
    "ModuleAssignment",
    "OneTimeToken",
    "PasswordRequest",
    "Permission",
    "PermissionStamp",
    "Role",
    "RoleAssignment",
    "SpentRefreshToken",
    "User",
    "UserSession",
]

from permissions.models.fallback import CachedPermission, PermissionStamp
from permissions.models.mails import MailCount
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
    "Permission",
    "PermissionStamp",
    "Role",
    "RoleAssignment",
    "SpentRefreshToken",
    "User",
    "UserSession",
]

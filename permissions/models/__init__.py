from permissions.models.roles import Grant, Role, RoleAssignment
from permissions.models.sessions import UserSession
from permissions.models.users import Membership, User

__all__ = ["Grant", "Membership", "Role", "RoleAssignment", "User", "UserSession"]

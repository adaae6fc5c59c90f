from django.urls import path

from permissions.views import (
    auth,
    invitations,
    members,
    modules,
    passwords,
    permissions,
    roles,
    sessions,
)

urlpatterns = [
    path("auth/login/", auth.LoginView.as_view()),
    path("auth/refresh/", auth.RefreshView.as_view()),
    path("auth/logout/", auth.LogoutView.as_view()),
    path("auth/me/", auth.MeView.as_view()),
    path("auth/password/", passwords.PasswordView.as_view()),
    path("auth/forgot-password/", passwords.ForgotPasswordView.as_view()),
    path("auth/reset-password/", passwords.ResetPasswordView.as_view()),
    path("auth/sessions/", sessions.OwnSessionsView.as_view()),
    path("auth/sessions/<uuid:id>/", sessions.OwnSessionView.as_view()),
    path("auth/accept-invitation/", invitations.AcceptInvitationView.as_view()),
    path("users/<uuid:id>/sessions/", sessions.UserSessionsView.as_view()),
    path("users/", members.UsersView.as_view()),
    path("users/<uuid:id>/", members.UserView.as_view()),
    path("memberships/", members.MembershipsView.as_view()),
    path("memberships/<uuid:id>/", members.MembershipView.as_view()),
    path("roles/", roles.RolesView.as_view()),
    path("roles/<uuid:id>/", roles.RoleView.as_view()),
    path("grants/", roles.GrantsView.as_view()),
    path("grants/<uuid:id>/", roles.GrantView.as_view()),
    path("modules/", modules.ModulesView.as_view()),
    path("permissions/explain/", permissions.ExplainView.as_view()),
    path("permissions/duties/", permissions.DutiesView.as_view()),
    path("memberships/<uuid:id>/invite/", invitations.InviteAgainView.as_view()),
]

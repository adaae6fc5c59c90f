"""The staff console: one site for all apps, on django-unfold."""

from django.contrib.admin.apps import AdminConfig
from unfold.sites import UnfoldAdminSite


class StaffConsoleConfig(AdminConfig):
    default_site = "erp.admin.StaffConsole"


class StaffConsole(UnfoldAdminSite):
    site_header = "ERP"
    site_title = "ERP"
    index_title = "Books"

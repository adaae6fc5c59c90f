"""Django's cookie middlewares, acting on the staff console's addresses only.

An API request carries a bearer token; sessions, messages and files would cost
it time and give it nothing.
"""

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

STAFF_PREFIX = "/admin/"
STATIC_PREFIX = "/static/"


class _StaffOnly:
    prefix = STAFF_PREFIX

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(self.prefix):
            return super().__call__(request)  # type: ignore[misc]
        response: HttpResponse = self.get_response(request)  # type: ignore[attr-defined]
        return response


class StaffStaticFiles(_StaffOnly, WhiteNoiseMiddleware):
    prefix = STATIC_PREFIX


class StaffSession(_StaffOnly, SessionMiddleware):
    pass


class StaffAuthentication(_StaffOnly, AuthenticationMiddleware):
    pass


class StaffMessages(_StaffOnly, MessageMiddleware):
    pass

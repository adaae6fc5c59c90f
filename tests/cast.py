"""Alice owns a company, Bob is her colleague, Charlie a stranger, Sam is staff."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.test import Client

from accounting.services.companies import CompanyInput, company_open
from core.ids import uuid7
from core.tenancy.context import Context
from permissions.models import User
from permissions.services.sessions import session_open
from permissions.services.tenants import member_add, user_create

PASSWORD = "correct horse battery"


@dataclass
class Company:
    """A fresh tenant, and contexts to act in it."""

    tenant_id: UUID
    slug: str
    owner: User

    def ctx(self, user: User | None = None, **changes: Any) -> Context:
        values = {
            "tenant_id": self.tenant_id,
            "actor_id": (user or self.owner).pk,
            "now": datetime.now(UTC),
            "request_id": "test",
        }
        return Context(**(values | changes))


@dataclass
class Api:
    """A client that is logged in as one person: JSON in, JSON out."""

    token: str | None
    client: Client = field(default_factory=Client)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        address = path if path.startswith("/") else f"/api/v1/{path}"
        extra: dict[str, Any] = {}
        if self.token:
            extra["HTTP_AUTHORIZATION"] = f"Bearer {self.token}"
        for name, value in headers.items():
            extra[f"HTTP_{name.upper()}"] = value
        data = b"" if body is None else orjson.dumps(body, default=str)
        response = self.client.generic(
            method, address, data, content_type="application/json", **extra
        )
        streamed = getattr(response, "streaming", False)
        is_json = response.get("Content-Type", "").startswith("application/json")
        response.data = orjson.loads(response.content) if not streamed and is_json else None
        return response

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)

    def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The body of a call that must succeed."""
        response = self.call(method, path, body, **headers)
        assert response.status_code < 400, response.content
        return response.data


def email(name: str) -> str:
    return f"{name}-{secrets.token_hex(6)}@example.test"


def new_user(name: str, **values: Any) -> User:
    return user_create(email=email(name), password=PASSWORD, name=name, **values)


def new_company(owner: User, *, currency: str = "GBP", **values: Any) -> Company:
    slug = f"c-{secrets.token_hex(8)}"
    ctx = Context(uuid7(), owner.pk, datetime.now(UTC), "test")
    company_open(
        ctx,
        company=CompanyInput(slug=slug, name=f"Company {slug}", base_currency=currency, **values),
        owner_id=owner.pk,
    )
    return Company(ctx.tenant_id, slug, owner)


def join(company: Company, user: User, role: str) -> User:
    member_add(company.ctx(), user_id=user.pk, role=role)
    return user


def api_of(company: Company, user: User) -> Api:
    """Logged in without going through the login endpoint, which has tests of its own."""
    return Api(session_open(company.ctx(user), user_id=user.pk).access)

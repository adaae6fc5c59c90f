"""A value in the database that a namespace remembers: the name of a contact."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from accounting.models import Contact
from accounting.services.reference import contact_create
from core.cache.namespaces import Namespace
from core.tenancy.context import Context
from core.tenancy.transactions import command, query
from tests.cast import Company


class Value:
    """Written with a bump of `namespace`, as a service would."""

    def __init__(self, company: Company, first: str = "0") -> None:
        self.company, self.tenant_id = company, company.tenant_id
        self.id: UUID = contact_create(company.ctx(), values={"name": first}).pk

    def write(
        self, namespace: Namespace[Any], new: str, then: Callable[[], None] = lambda: None
    ) -> None:
        """Committed and bumped when it returns; `then` runs within the transaction."""

        @command
        def value_write(ctx: Context) -> None:
            Contact.objects.filter(pk=self.id).update(name=new)
            namespace.bump(ctx.tenant_id)
            then()

        value_write(self.company.ctx())

    def load(self) -> str:
        """As the database has it."""

        @query
        def value_load(ctx: Context) -> str:
            return str(Contact.objects.values_list("name", flat=True).get(pk=self.id))

        return value_load(self.company.ctx())

    def read(self, namespace: Namespace[Any]) -> str:
        return str(namespace.get(self.tenant_id, "name", self.load))

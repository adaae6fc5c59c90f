"""Reference data: forms that take what the API takes, saved by the services that it calls."""

from typing import Any, ClassVar

from rest_framework.serializers import Serializer

from core.api.errors import field_errors
from core.errors import Invalid
from core.tenancy.admin import ServiceForm, Values


class ReferenceForm(ServiceForm):
    """Checks the plain fields by the API's own shape, so that both doors refuse the same."""

    shape: ClassVar[type[Serializer]]

    def clean(self) -> Values:
        cleaned = super().clean()
        declared = self.shape().fields
        plain: dict[str, Any] = {n: v for n, v in cleaned.items() if n in declared}
        body = self.shape(data=plain, partial=True)
        if not body.is_valid():
            self.show(Invalid("Please correct this.", fields=field_errors(body.errors)))
        return cleaned

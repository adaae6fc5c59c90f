"""Forms of the staff console that take what the API takes."""

from typing import ClassVar

from rest_framework.serializers import Serializer

from core.api.errors import field_errors
from core.errors import Invalid
from core.tenancy.admin import ServiceForm, Values


class ShapedForm(ServiceForm):
    """Checks the plain fields by the API's own shape, so that both doors refuse the same."""

    shape: ClassVar[type[Serializer]]

    def clean(self) -> Values:
        cleaned = super().clean()
        body = self.shape(data=cleaned)
        for name in set(body.fields) - set(cleaned):
            del body.fields[name]  # a related record, or refused by the form already
        if not body.is_valid():
            self.show(Invalid("Please correct this.", fields=field_errors(body.errors)))
        return cleaned

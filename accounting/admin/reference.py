"""Reference data: forms that take what the API takes, saved by the services that it calls."""

from core.api.forms import ShapedForm


class ReferenceForm(ShapedForm):
    class Meta:
        labels = {
            "email": "E-mail",
            "is_active": "Active",
            "is_customer": "Customer",
            "is_group": "Group, takes no postings",
            "is_inclusive": "Prices include it",
            "is_supplier": "Supplier",
            "payment_terms_days": "Payment terms in days",
        }

"""Amounts as PostgreSQL keeps them best: exact, with the decimals they were given."""

from typing import Any

from django.db import models

DIGITS_MAX = 19
DECIMALS_MAX = 6


class AmountField(models.DecimalField):
    """An exact decimal stored as plain `numeric`, so `10.00` comes back as `10.00`.

    Services round to the currency's minor unit; a fixed scale in the column
    would show two decimals of yen or hide the third of a dinar.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.update(max_digits=DIGITS_MAX, decimal_places=DECIMALS_MAX)
        super().__init__(**kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, list(args), kwargs

    def db_type(self, connection: Any) -> str:
        return "numeric"

    def cast_db_type(self, connection: Any) -> str:
        return "numeric"

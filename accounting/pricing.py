"""From quantities and prices to amounts: pure arithmetic, exact, rounded once and on purpose.

Amounts are rounded half up (away from zero), as invoices are. Whatever the tax
rounding, the lines add up to the tax groups and those to the total.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from typing import NamedTuple

from core.errors import Invalid

#: Enough for any product of two 19-digit factors, so that nothing is rounded by accident.
PRECISION_DIGITS = 60
#: Ten trillion: beyond it an amount is a mistake in the input.
AMOUNT_MAX = Decimal(10) ** 13
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Priceable:
    """What a line costs before rounding. `tax_key` groups lines that carry the same tax."""

    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_key: object
    tax_rate: Decimal
    tax_inclusive: bool


class Priced(NamedTuple):
    """Net and tax of one line, each in whole minor units."""

    net: Decimal
    tax: Decimal


def price_lines(
    lines: Sequence[Priceable], unit: Decimal, *, tax_per_document: bool
) -> list[Priced]:
    """Net and tax of every line, rounded to `unit` (0.01 for pence)."""
    with localcontext() as context:
        context.prec = PRECISION_DIGITS
        bases = [_round(_amount(line), unit) for line in lines]
        if any(abs(base) >= AMOUNT_MAX for base in bases):
            raise Invalid.field("lines", "An amount is beyond ten trillion.")
        if tax_per_document:
            taxes = _taxes_per_document(lines, bases, unit)
        else:
            taxes = [
                _round(_exact_tax(line, base), unit)
                for line, base in zip(lines, bases, strict=True)
            ]
        return [
            Priced(base - tax if line.tax_inclusive else base, tax)
            for line, base, tax in zip(lines, bases, taxes, strict=True)
        ]


def _amount(line: Priceable) -> Decimal:
    amount = line.quantity * line.unit_price
    if line.discount_percent:
        amount = amount * (HUNDRED - line.discount_percent) / HUNDRED
    return amount


def _exact_tax(line: Priceable, base: Decimal) -> Decimal:
    """The tax on `base`, unrounded; `base` holds the tax already when it is inclusive."""
    if not line.tax_rate:
        return base * 0
    return base * line.tax_rate / (HUNDRED + line.tax_rate * line.tax_inclusive)


def _taxes_per_document(
    lines: Sequence[Priceable], bases: Sequence[Decimal], unit: Decimal
) -> list[Decimal]:
    """Each group's tax rounded once, then dealt out to its lines by largest remainder."""
    groups: dict[object, list[int]] = {}
    for index, line in enumerate(lines):
        groups.setdefault(line.tax_key, []).append(index)
    taxes = [Decimal(0)] * len(lines)
    for members in groups.values():
        exact = [_exact_tax(lines[index], bases[index]) for index in members]
        for index, tax in zip(members, _deal(exact, unit), strict=True):
            taxes[index] = tax
    return taxes


def _deal(exact: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """`exact` in whole units that sum to the rounded sum of `exact`."""
    dealt = [value.quantize(unit, ROUND_FLOOR) for value in exact]
    missing = int((_round(sum(exact, Decimal(0)), unit) - sum(dealt)) / unit)
    by_remainder = sorted(range(len(exact)), key=lambda i: dealt[i] - exact[i])
    for index in by_remainder[:missing]:
        dealt[index] += unit
    return dealt


def _round(value: Decimal, unit: Decimal) -> Decimal:
    return value.quantize(unit, ROUND_HALF_UP) + 0  # `+ 0` makes a negative zero an ordinary one

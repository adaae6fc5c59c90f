"""Prices and taxes, by Hypothesis: whatever is asked for, the parts add up to the whole."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.pricing import AMOUNT_MAX, Priceable, Priced, price_lines
from core.errors import Invalid

UNITS = [Decimal("0.01"), Decimal(1), Decimal("0.001")]
RATES = ["0", "5", "7", "7.7", "19", "20", "8.875", "100"]

units = st.sampled_from(UNITS)
lines = st.lists(
    st.builds(
        Priceable,
        quantity=st.decimals(-1000, 1000, places=3),
        unit_price=st.decimals(-10_000, 10_000, places=4),
        discount_percent=st.sampled_from([Decimal(d) for d in ("0", "0", "5", "33.333333", "100")]),
        tax_key=st.none(),
        tax_rate=st.sampled_from([Decimal(rate) for rate in RATES]),
        tax_inclusive=st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def grouped(priceables: list[Priceable]) -> list[Priceable]:
    """Lines of the same rate carry the same tax."""
    return [
        Priceable(
            p.quantity, p.unit_price, p.discount_percent, (p.tax_rate, p.tax_inclusive),
            p.tax_rate, p.tax_inclusive,
        )
        for p in priceables
    ]  # fmt: skip


def rounded(value: Fraction, unit: Decimal) -> Decimal:
    """Half away from zero, computed without floating point."""
    scaled = value / Fraction(unit)
    whole = int(abs(scaled) + Fraction(1, 2))
    return (whole if scaled >= 0 else -whole) * unit


def exact_tax(line: Priceable, base: Decimal) -> Fraction:
    rate = Fraction(line.tax_rate)
    return Fraction(base) * rate / (100 + (rate if line.tax_inclusive else 0))


def base_of(line: Priceable, unit: Decimal) -> Decimal:
    gross = Fraction(line.quantity) * Fraction(line.unit_price)
    return rounded(gross * (100 - Fraction(line.discount_percent)) / 100, unit)


@settings(deadline=None, database=None)
@given(wanted=lines, unit=units, per_document=st.booleans())
def test_every_amount_is_in_whole_units(
    wanted: list[Priceable], unit: Decimal, per_document: bool
) -> None:
    for priced in price_lines(grouped(wanted), unit, tax_per_document=per_document):
        assert priced.net % unit == priced.tax % unit == 0


@settings(deadline=None, database=None)
@given(wanted=lines, unit=units, per_document=st.booleans())
def test_net_and_tax_add_up_to_the_price(
    wanted: list[Priceable], unit: Decimal, per_document: bool
) -> None:
    """An inclusive line costs what it says; an exclusive one is net what it says."""
    priced = price_lines(grouped(wanted), unit, tax_per_document=per_document)
    for line, (net, tax) in zip(wanted, priced, strict=True):
        assert (net + tax if line.tax_inclusive else net) == base_of(line, unit)


@settings(deadline=None, database=None)
@given(wanted=lines, unit=units)
def test_per_line_each_tax_is_rounded_by_itself(wanted: list[Priceable], unit: Decimal) -> None:
    priced = price_lines(grouped(wanted), unit, tax_per_document=False)
    for line, (_, tax) in zip(wanted, priced, strict=True):
        assert tax == rounded(exact_tax(line, base_of(line, unit)), unit)


@settings(deadline=None, database=None)
@given(wanted=lines, unit=units)
def test_per_document_each_group_is_rounded_once_and_its_lines_add_up_to_it(
    wanted: list[Priceable], unit: Decimal
) -> None:
    sums: dict[object, Decimal] = {}
    exact: dict[object, Fraction] = {}
    wanted = grouped(wanted)
    priced = price_lines(wanted, unit, tax_per_document=True)
    for line, (_, tax) in zip(wanted, priced, strict=True):
        sums[line.tax_key] = sums.get(line.tax_key, Decimal(0)) + tax
        mine = exact_tax(line, base_of(line, unit))
        exact[line.tax_key] = exact.get(line.tax_key, Fraction(0)) + mine
        assert abs(Fraction(tax) - mine) < Fraction(unit), "no line is a whole unit off"
    assert sums == {key: rounded(value, unit) for key, value in exact.items()}


@pytest.mark.parametrize(
    ("price", "unit", "expected"),
    [
        ("0.005", "0.01", "0.01"),
        ("-0.005", "0.01", "-0.01"),
        ("0.0049", "0.01", "0.00"),
        ("2.5", "1", "3"),
        ("1.0005", "0.001", "1.001"),
    ],
)
def test_halves_are_rounded_away_from_zero(price: str, unit: str, expected: str) -> None:
    line = Priceable(Decimal(1), Decimal(price), Decimal(0), None, Decimal(0), False)
    [priced] = price_lines([line], Decimal(unit), tax_per_document=False)
    assert priced.net == Decimal(expected)
    assert priced.net == Decimal(price).quantize(Decimal(unit), ROUND_HALF_UP)


def test_a_textbook_invoice_differs_by_a_penny_between_the_two_roundings() -> None:
    """Three times 0.33 at 20 %: 0.066 each, 0.198 together."""
    tax = Decimal(20)
    wanted = [Priceable(Decimal(1), Decimal("0.33"), Decimal(0), 1, tax, False)] * 3
    penny = Decimal("0.01")
    per_line = price_lines(wanted, penny, tax_per_document=False)
    per_document = price_lines(wanted, penny, tax_per_document=True)
    assert [p.tax for p in per_line] == [Decimal("0.07")] * 3
    assert sorted(p.tax for p in per_document) == [Decimal(t) for t in ("0.06", "0.07", "0.07")]


@pytest.mark.parametrize("per_document", [True, False])
def test_amounts_beyond_reason_are_refused(per_document: bool) -> None:
    huge = Priceable(AMOUNT_MAX, Decimal(1), Decimal(0), None, Decimal(0), False)
    with pytest.raises(Invalid, match="ten trillion"):
        price_lines([huge], Decimal("0.01"), tax_per_document=per_document)


def test_the_largest_factors_lose_no_digit() -> None:
    line = Priceable(
        Decimal("9999999.999999"), Decimal("0.000001"), Decimal(0), None, Decimal(0), False
    )
    assert price_lines([line], Decimal("0.01"), tax_per_document=False) == [
        Priced(Decimal("10.00"), Decimal("0.00"))
    ]

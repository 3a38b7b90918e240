"""Stripe's wire units: exact both ways, or refused."""

import iso4217
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.billing._units import (
    THOUSANDTHS,
    WHOLE,
    WHOLE_AS_HUNDREDTHS,
    from_wire,
    to_wire,
    unit_of,
)
from connectors.errors import Permanent
from models.money import Currency, Money
from tests.connectors.billing.conformance import money
from tests.standins.stripe import currencies

CODES = sorted(c.code for c in iso4217.Currency if c.exponent is not None and c.exponent <= 3)


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("12.34 EUR", 1234),  # x 100
        ("-12.34 EUR", -1234),
        ("0.01 HUF", 1),  # x 100: HUF and TWD are special in payouts only
        ("12.34 TWD", 1234),
        ("500 JPY", 500),  # x 1
        ("5.00 MGA", 5),  # x 1, though ISO 4217 gives it two places
        ("500 ISK", 50_000),  # x 100, multiple of 100
        ("500 UGX", 50_000),
        ("1.230 KWD", 1230),  # x 1000, last digit 0
    ],
)
def test_an_amount_travels_in_stripes_own_units(text, wire):
    """And comes back as the same money."""
    assert to_wire(money(text)) == wire
    assert str(from_wire(wire, money(text).currency.code.lower())) == text


@pytest.mark.parametrize("code", sorted(currencies.KNOWN & {code.lower() for code in CODES}))
def test_every_credit_that_is_rounded_to_be_payable_can_travel(code):
    """The smallest payment of each currency of Stripe's is one that Stripe takes."""
    currency = Currency.of(code.upper())
    smallest = Money(currency.payable_step_minor, currency)
    assert to_wire(smallest) % currencies.step_of(code) == 0


@pytest.mark.parametrize(
    ("text", "step"), [("1.234 KWD", "0.010"), ("5.20 MGA", "1"), ("0.001 BHD", "0.010")]
)
def test_an_amount_that_cannot_travel_exactly_is_refused(text, step):
    """Nothing is rounded on the way."""
    with pytest.raises(Permanent, match=rf"{text} cannot be sent; .* travels in steps of {step}\."):
        to_wire(money(text))


@pytest.mark.parametrize(
    ("wire", "code"),
    [(150, "isk"), (1, "ugx"), (100, "xyz"), (True, "eur"), ("100", "eur"), (None, "eur")],
)
def test_a_number_that_is_no_amount_is_refused(wire, code):
    """Half a króna, an unknown currency, and what is no whole number."""
    with pytest.raises(Permanent, match="stripe: "):
        from_wire(wire, code)


@given(st.sampled_from(CODES), st.integers(-(10**9), 10**9))
def test_whatever_travels_comes_back_the_same(code, steps):
    """For every currency, in its steps."""
    unit, currency = unit_of(code), Currency.of(code)
    wire = steps * unit.step
    if currency.exponent < unit.places and wire % 10 ** (unit.places - currency.exponent):
        return
    amount = from_wire(wire, code)
    assert amount.currency is currency
    assert to_wire(amount) == wire


@given(st.sampled_from(CODES), st.integers(-(10**9), 10**9))
def test_whatever_is_sent_is_exactly_the_amount(code, minor):
    """Decimal places apart, the digits are the amount's."""
    amount = Money(minor, Currency.of(code))
    try:
        wire = to_wire(amount)
    except Permanent:
        return
    assert wire == amount.major.scaleb(unit_of(code).places)


def test_two_hands_wrote_the_same_table():
    """Ours, and the stand-in's from Stripe's page."""
    assert {code.lower() for code in WHOLE} == currencies.WHOLE - currencies.MULTIPLE_OF_100
    assert {code.lower() for code in WHOLE_AS_HUNDREDTHS} == currencies.MULTIPLE_OF_100
    assert {code.lower() for code in THOUSANDTHS} == currencies.LAST_DIGIT_0
    for code in currencies.KNOWN & {one.lower() for one in CODES}:
        assert currencies.step_of(code) == unit_of(code.upper()).step

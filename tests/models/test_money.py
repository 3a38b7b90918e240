"""Whole minor units, and the one place where a cent is rounded."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.money import Currency, Money, Rounding, round_to_payable

EUR, JPY, KWD, ISK = (Currency.of(code) for code in ("EUR", "JPY", "KWD", "ISK"))


def cents(text: str) -> Fraction:
    """An amount of euros as exact cents."""
    return EUR.minor(Decimal(text))


@pytest.mark.parametrize(
    ("code", "exponent"),
    [("EUR", 2), ("USD", 2), ("JPY", 0), ("KWD", 3), ("ISK", 0), ("UGX", 0), ("CLF", 4)],
)
def test_a_currency_has_the_decimal_places_of_iso_4217(code, exponent):
    """Not everything has cents."""
    assert Currency.of(code).exponent == exponent


@pytest.mark.parametrize("code", ["EURO", "eur", "", "XYZ", "€"])
def test_what_is_no_currency_is_refused(code):
    """Three upper-case letters that ISO 4217 knows."""
    with pytest.raises(ValueError, match="is not an ISO 4217 currency code"):
        Currency.of(code)


@pytest.mark.parametrize("code", ["XAU", "XTS"])
def test_nothing_is_paid_in_gold_or_test_codes(code):
    """ISO 4217 lists them without a minor unit."""
    with pytest.raises(ValueError, match="no minor unit"):
        Currency.of(code)


def test_an_amount_in_major_units_becomes_exact_minor_units():
    """12.345 EUR is 1234.5 cents, 12 JPY is 12 yen, 0.0005 KWD is half a fils."""
    assert EUR.minor(Decimal("12.345")) == Fraction("1234.5")
    assert JPY.minor(Decimal(12)) == 12
    assert KWD.minor(Decimal("0.0005")) == Fraction(1, 2)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(100_000, EUR), "1000.00 EUR"),
        (Money(5, EUR), "0.05 EUR"),
        (Money(-5, EUR), "-0.05 EUR"),
        (Money(0, EUR), "0.00 EUR"),
        (Money(1234, JPY), "1234 JPY"),
        (Money(12_350, KWD), "12.350 KWD"),
        (Money(10**40 + 1, EUR), "1" + "0" * 37 + "0.01 EUR"),
    ],
)
def test_money_prints_all_its_places(money, text):
    """However large: no digit is lost to a context of 28."""
    assert str(money) == text


def test_money_adds_in_one_currency_only():
    """Euros and yen have no sum."""
    assert Money(150, EUR) - Money(200, EUR) + Money(1, EUR) == Money(-49, EUR)
    with pytest.raises(ValueError, match="cannot add JPY to EUR"):
        Money(1, EUR) + Money(1, JPY)


@pytest.mark.parametrize(
    ("rounding", "exact", "rounded"),
    [
        (Rounding.HALF_UP, "0.005", "0.01"),
        (Rounding.HALF_UP, "-0.005", "-0.01"),
        (Rounding.HALF_UP, "0.0049", "0.00"),
        (Rounding.HALF_EVEN, "0.005", "0.00"),
        (Rounding.HALF_EVEN, "0.015", "0.02"),
        (Rounding.DOWN, "0.019", "0.01"),
        (Rounding.DOWN, "-0.019", "-0.01"),
        (Rounding.UP, "0.011", "0.02"),
        (Rounding.UP, "-0.011", "-0.02"),
        (Rounding.UP, "0.01", "0.01"),
    ],
)
def test_an_amount_is_rounded_as_the_contract_says(rounding, exact, rounded):
    """Every way mirrors: a reversal rounds as its credit did."""
    assert round_to_payable(cents(exact), EUR, rounding=rounding).money.text == rounded


def test_relative_shortfall_of_a_large_fee_rounds_once():
    """1,850,000 x 65 % x 2 x (99.9 - 99.1) / 99.9 = 19,259.2592... EUR."""
    fee, share = EUR.minor(Decimal(1_850_000)), Fraction(65, 100)
    exact = fee * share * 2 * (Fraction("99.9") - Fraction("99.1")) / Fraction("99.9")
    assert str(round_to_payable(exact, EUR).money) == "19259.26 EUR"


@pytest.mark.parametrize(
    ("currency", "minor", "paid", "why"),
    [
        (KWD, "12344", "12.340", "payment networks settle the dinar in steps of 0.010"),
        (KWD, "12345", "12.350", "payment networks settle the dinar in steps of 0.010"),
        (ISK, "99.5", "100", "whole krónur only"),
        (Currency.of("MGA"), "12345", "123.00", "the ariary without decimals"),
    ],
)
def test_a_currency_pays_in_its_own_steps_and_says_why(currency, minor, paid, why):
    """The smallest payable step is part of the rounding, and of its reason."""
    rounded = round_to_payable(Fraction(minor), currency)
    assert rounded.money.text == paid
    assert why in rounded.reason


def test_an_exact_amount_says_that_nothing_was_rounded():
    """No reason where nothing happened."""
    assert round_to_payable(cents("19.50"), EUR).reason == "exact: 19.50 EUR, nothing to round"


amounts = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6)
currencies = st.sampled_from([EUR, JPY, KWD, ISK])


@given(amounts, currencies, st.sampled_from(Rounding))
def test_rounding_moves_less_than_one_step_and_lands_on_one(exact, currency, rounding):
    """And half a step at most, where it rounds to the nearest."""
    step = currency.payable_step_minor
    money = round_to_payable(exact, currency, rounding=rounding).money
    moved = abs(money.minor - exact)
    assert money.minor % step == 0
    assert moved < step
    if rounding in (Rounding.HALF_UP, Rounding.HALF_EVEN):
        assert moved * 2 <= step


@given(amounts, currencies, st.sampled_from(Rounding))
def test_a_reversal_rounds_to_the_opposite_of_its_credit(exact, currency, rounding):
    """What was credited can be taken back to the cent."""
    credit = round_to_payable(exact, currency, rounding=rounding).money
    reversal = round_to_payable(-exact, currency, rounding=rounding).money
    assert credit.minor == -reversal.minor


@given(amounts, amounts, currencies, st.sampled_from(Rounding))
def test_a_larger_amount_never_rounds_to_less(a, b, currency, rounding):
    """Rounding keeps the order, so that more downtime never pays less by a cent."""
    low, high = sorted((a, b))
    low_money = round_to_payable(low, currency, rounding=rounding).money
    assert low_money.minor <= round_to_payable(high, currency, rounding=rounding).money.minor

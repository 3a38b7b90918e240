"""Credit liability from recurring revenue: the two published examples to the cent, and laws."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.allowance import Window
from models.liability import Exposure, Formula, liability
from models.money import Currency

USD = Currency.of("USD")
MONTH = Window.parse("month")
FIRST = Exposure(
    revenue=Decimal(1_850_000),
    currency=USD,
    commitment_percent=Decimal("99.9"),
    actual_percent=Decimal("99.1"),
    multiplier=Decimal(2),
    impacted_percent=Decimal(65),
)
SECOND = Exposure(
    revenue=Decimal(420_000),
    currency=USD,
    commitment_percent=Decimal("99.5"),
    actual_percent=Decimal("99.62"),
)


def test_the_first_published_example_comes_out_to_the_cent():
    """1,202,500.00 x 2 x 0.8 / 99.9 = 19,259.259..., and 0.9 % of 43,830 minutes is 394.47."""
    found = liability(FIRST, formula=Formula.RELATIVE, window=MONTH)
    assert (found.eligible.text, found.credit.text) == ("1202500.00", "19259.26")
    assert found.net.text == "1830740.74"
    assert found.shortfall == Fraction(8, 999)
    assert found.credit_share == Fraction(16, 999)
    assert found.down_seconds / 60 == Fraction("394.47")
    assert not found.capped


def test_the_second_published_example_comes_out_to_the_cent():
    """99.62 % keeps a promise of 99.5 %: nothing is owed, and never less than nothing."""
    found = liability(SECOND, formula=Formula.RELATIVE, window=MONTH)
    assert (found.credit.text, found.net.text) == ("0.00", "420000.00")
    # 0.38 % of 43,830 minutes; the page prints 166.55.
    assert found.down_seconds / 60 == Fraction("166.554")


@pytest.mark.parametrize(
    ("formula", "credit"),
    [
        # Shown percentages multiplied: 1.60 % of 1,202,500.
        (Formula.POINTS, "19240.00"),
        # The label's own words: two times the pro-rated downtime, 1.80 %.
        (Formula.DOWNTIME, "21645.00"),
    ],
)
def test_the_other_readings_of_the_same_contract_cost_something_else(formula, credit):
    """Three formulas, three amounts; none of them is guessed."""
    assert liability(FIRST, formula=formula, window=MONTH).credit.text == credit


def test_nothing_costs_more_than_the_eligible_revenue():
    """100 times 1 % is all of it; 200 times is cut to it."""
    asked = replace(
        FIRST, commitment_percent=Decimal(100), actual_percent=Decimal(99), multiplier=Decimal(100)
    )
    whole = liability(asked, formula=Formula.POINTS, window=MONTH)
    assert (whole.credit, whole.capped) == (whole.eligible, False)
    cut = liability(replace(asked, multiplier=Decimal(200)), formula=Formula.POINTS, window=MONTH)
    assert (cut.credit, cut.capped) == (cut.eligible, True)


def test_exactly_the_promise_costs_nothing_and_a_hair_less_costs():
    """By all downtime too, which is not nothing at the promise."""
    kept = replace(FIRST, actual_percent=Decimal("99.9"))
    missed = replace(FIRST, actual_percent=Decimal("99.8999999999"))
    for formula in Formula:
        assert liability(kept, formula=formula, window=MONTH).credit.minor == 0
        assert liability(missed, formula=formula, window=MONTH).shortfall > 0


def test_yen_have_no_cents():
    """1,000,000 JPY x 0.1 / 99.9 = 1001.001..., so 1001."""
    asked = Exposure(Decimal(1_000_000), Currency.of("JPY"), Decimal("99.9"), Decimal("99.8"))
    assert str(liability(asked, formula=Formula.RELATIVE, window=MONTH).credit) == "1001 JPY"


def test_a_promise_of_nothing_is_refused():
    """No share of nothing exists."""
    with pytest.raises(ValueError, match="more than 0 %"):
        replace(FIRST, commitment_percent=Decimal(0))


@given(
    st.decimals(min_value="0.01", max_value=100, places=4),
    st.lists(st.decimals(min_value=0, max_value=100, places=4), min_size=2, max_size=2),
    st.sampled_from(Formula),
)
def test_less_uptime_never_costs_less(commitment, actual, formula):
    """Monotone, between nothing and all of it, and what is left adds up."""
    lower, higher = sorted(actual)
    costs = [
        liability(
            replace(FIRST, commitment_percent=commitment, actual_percent=percent),
            formula=formula,
            window=MONTH,
        )
        for percent in (lower, higher)
    ]
    assert costs[0].eligible.minor >= costs[0].credit.minor >= costs[1].credit.minor >= 0
    assert all((one.credit + one.net).minor == 185_000_000 for one in costs)

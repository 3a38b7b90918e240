"""What we owe because of a vendor stands beside what the vendor owes, and is never set off."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from models.claims.dependency import Side, both_sides, link
from models.intervals import MINUTE_MS, IntervalSet
from models.money import Currency, Money

EUR, USD = Currency.of("EUR"), Currency.of("USD")


def side(contract="acme/api", *minutes, period="2026-05", owed=None):
    """A month that was down in these stretches of minutes."""
    down = IntervalSet.of((start * MINUTE_MS, end * MINUTE_MS) for start, end in minutes)
    return Side(contract, period, contract.title(), down, owed)


def linked(ours, vendor):
    """The link of two months, which there is."""
    found = link(ours, vendor)
    assert found is not None
    return found


def test_two_months_that_were_down_together_are_linked():
    """30 of our 40 minutes lie within the vendor's hour: three quarters."""
    ours = side("acme/api", (30, 60), (100, 110))
    found = linked(ours, side("aws/dynamodb", (0, 60)))
    assert (found.overlap_ms, found.share) == (30 * MINUTE_MS, Fraction(3, 4))


def test_months_that_were_down_at_different_times_are_not_linked():
    """Touching is no overlap: one ends where the other begins."""
    assert link(side("acme/api", (0, 60)), side("aws/dynamodb", (60, 90))) is None
    assert link(side("acme/api"), side("aws/dynamodb", (60, 90))) is None


def test_no_month_counts_twice_and_currencies_stay_apart():
    """Two vendors behind one month of ours, one vendor behind two of our contracts, two months."""
    acme = side("acme/api", (0, 60), owed=Money(50_000, EUR))
    june = side("acme/api", (0, 60), period="2026-06", owed=Money(20_000, EUR))
    bluefin = side("bluefin/api", (0, 60), owed=Money(90_000, USD))
    aws = side("aws/dynamodb", (0, 60), owed=Money(184_000, USD))
    azure = side("azure/front-door", (0, 60), owed=Money(82_500, USD))
    sides = both_sides(
        [linked(acme, aws), linked(acme, azure), linked(bluefin, aws), linked(june, aws)]
    )
    assert sides.owed == {"EUR": Money(70_000, EUR), "USD": Money(90_000, USD)}
    assert sides.recoverable == {"USD": Money(266_500, USD)}


def test_what_is_withheld_is_in_no_sum():
    """It is not known yet, on either side."""
    sides = both_sides([linked(side("acme/api", (0, 1)), side("aws/dynamodb", (0, 1)))])
    assert (sides.owed, sides.recoverable) == ({}, {})


STRETCHES = st.lists(
    st.tuples(st.integers(0, 500), st.integers(1, 100)).map(lambda t: (t[0], t[0] + t[1])),
    max_size=6,
)


@given(STRETCHES, STRETCHES)
def test_an_overlap_is_never_longer_than_either_side(ours, theirs):
    """And it is the same from both sides."""
    found = link(side("acme/api", *ours), side("aws/dynamodb", *theirs))
    back = link(side("aws/dynamodb", *theirs), side("acme/api", *ours))
    assert (found is None) == (back is None)
    if found is not None and back is not None:
        assert found.overlap_ms == back.overlap_ms
        assert found.overlap_ms <= min(found.ours.down.length, found.vendor.down.length)
        assert 0 < found.share <= 1

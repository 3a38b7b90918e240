"""Business days: Monday to Friday, less a country's public holidays where a contract says so."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.business_days import business_days_after, is_business_day, knows

DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("day", "number", "holidays", "last"),
    [
        # Friday: Mon 23, Tue 24, Wed 25, Thu 26, Fri 27.
        (date(2026, 11, 20), 5, None, date(2026, 11, 27)),
        # Thanksgiving, Thu 26, is none: the fifth is Mon 30.
        (date(2026, 11, 20), 5, "US", date(2026, 11, 30)),
        # From a Saturday and a Sunday the first business day is Monday.
        (date(2026, 11, 21), 1, None, date(2026, 11, 23)),
        (date(2026, 11, 22), 1, None, date(2026, 11, 23)),
        # 1 January 2022 is a Saturday, observed on Friday 31 December 2021: Mon 3 January.
        (date(2021, 12, 30), 1, "US", date(2022, 1, 3)),
        # Epiphany, Tue 6 January 2026, is a holiday in Bavaria and none in Berlin.
        (date(2026, 1, 5), 1, "DE-BY", date(2026, 1, 7)),
        (date(2026, 1, 5), 1, "DE-BE", date(2026, 1, 6)),
    ],
)
def test_business_days_after_a_date(day, number, holidays, last):
    """The date itself never counts, weekends and holidays never count."""
    assert business_days_after(day, number, holidays=holidays) == last


@given(DAYS, st.integers(1, 60))
def test_five_business_days_are_a_week(day, number):
    """Without holidays, five more business days are seven more days, wherever they begin."""
    assert business_days_after(day, number + 5) == business_days_after(day, number) + timedelta(7)


@given(DAYS, st.integers(1, 40), st.sampled_from([None, "US", "DE-BY"]))
def test_the_last_one_is_a_business_day_and_the_number_is_right(day, number, holidays):
    """Counted again one by one, there are as many business days in between as were asked for."""
    last = business_days_after(day, number, holidays=holidays)
    between = [day + timedelta(n) for n in range(1, (last - day).days + 1)]
    assert sum(is_business_day(one, holidays=holidays) for one in between) == number
    assert is_business_day(last, holidays=holidays)


def test_a_number_below_one_is_refused():
    """No business day after a date is no date."""
    with pytest.raises(ValueError, match="at least 1"):
        business_days_after(date(2026, 5, 1), 0)


def test_an_unknown_country_is_refused():
    """A slip does not silently mean no holidays."""
    assert knows("US")
    assert not knows("USA-TX-")
    with pytest.raises(ValueError, match=r"'Xx' is no country"):
        is_business_day(date(2026, 5, 1), holidays="Xx")

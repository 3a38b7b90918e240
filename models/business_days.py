"""Business days: Monday to Friday, and where a contract says so no public holiday of a country.

The holidays are those of the PyPI package `holidays`, which observes each country's law; vendors'
own holidays differ. Nothing is decided here: `models.claims.deadline` counts with it.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

DAY = timedelta(days=1)
SATURDAY = 5


def business_days_after(day: date, number: int, *, holidays: str | None = None) -> date:
    """The n-th business day after a date; the date itself is never counted.

    Args:
        day: Any date, also one of a weekend.
        number: At least 1.
        holidays: A country (`US`) or a part of one (`DE-BY`) whose public holidays are none; None
            counts every Monday to Friday.

    Raises:
        ValueError: The number is less than 1, or nobody knows the country's holidays.

    >>> business_days_after(date(2026, 11, 20), 5)
    datetime.date(2026, 11, 27)
    >>> business_days_after(date(2026, 11, 20), 5, holidays="US")  # Thanksgiving is the 26th.
    datetime.date(2026, 11, 30)
    """
    if number < 1:
        message = f"{number} business days; at least 1 was expected"
        raise ValueError(message)
    left = number
    while left:
        day += DAY
        left -= is_business_day(day, holidays=holidays)
    return day


def is_business_day(day: date, *, holidays: str | None = None) -> bool:
    """Whether a date is a Monday to Friday and no public holiday.

    Raises:
        ValueError: Nobody knows the country's holidays.
    """
    if day.weekday() >= SATURDAY:
        return False
    return holidays is None or day not in _closed(holidays, day.year)


def knows(holidays: str) -> bool:
    """Whether the holidays of `US`, `DE-BY` and the like are known."""
    try:
        _closed(holidays, 2026)
    except ValueError:
        return False
    return True


@cache
def _closed(holidays: str, year: int) -> frozenset[date]:
    # Imported only where business days are counted: it costs a third of a second.
    from holidays import country_holidays, list_supported_countries  # noqa: PLC0415  See above.

    country, _, part = holidays.partition("-")
    parts = list_supported_countries(include_aliases=False).get(country)
    if parts is None or (part and part not in parts) or holidays.endswith("-"):
        message = f"{holidays!r} is no country whose holidays are known, such as US or DE-BY"
        raise ValueError(message)
    return frozenset(country_holidays(country, subdiv=part or None, years=year))

"""As of when claims are looked at: an instant is one everywhere, a date begins where it is."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.claims.present import Present
from models.intervals import instant, utc_text
from models.period import end_of_day

NIGHT = Present(instant(datetime(2025, 10, 31, 1, tzinfo=UTC)))
OCTOBER_30 = Present.on(date(2025, 10, 30))


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", date(2025, 10, 31)),
        ("America/Los_Angeles", date(2025, 10, 30)),
        ("Asia/Tokyo", date(2025, 10, 31)),
    ],
)
def test_one_instant_lies_on_different_dates(zone, day):
    """One in the morning in UTC is ten in Tokyo, and six of the evening before in Los Angeles."""
    assert NIGHT.date_in(zone) == day
    assert NIGHT.instant_in(zone) == NIGHT.at


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("UTC", "2025-10-30T00:00:00Z"),
        ("America/Los_Angeles", "2025-10-30T07:00:00Z"),
        ("Asia/Tokyo", "2025-10-29T15:00:00Z"),
    ],
)
def test_a_date_begins_at_each_zone_s_midnight(zone, begins):
    """And is that date there."""
    assert utc_text(OCTOBER_30.instant_in(zone)) == begins
    assert OCTOBER_30.date_in(zone) == date(2025, 10, 30)


@given(
    st.dates(date(1990, 1, 2), date(2090, 1, 1)),
    st.sampled_from(["UTC", "Africa/Cairo", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia"]),
)
def test_a_date_begins_where_the_day_before_ends(day, zone):
    """Also where clocks skip midnight."""
    before = date.fromordinal(day.toordinal() - 1)
    assert Present.on(day).instant_in(zone) == end_of_day(before, zone)

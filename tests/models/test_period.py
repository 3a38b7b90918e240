"""The service month in a time zone: how many hours it has, and where it begins."""

from datetime import date
from fractions import Fraction
from itertools import pairwise
from zoneinfo import available_timezones

import pytest

from models.intervals import instant, utc, utc_text
from models.period import ServiceMonth, end_of_day, zone


@pytest.mark.parametrize(
    ("month", "time_zone", "hours"),
    [
        ("2026-05", "UTC", 744),
        ("2026-02", "UTC", 672),  # 28 days
        ("2024-02", "UTC", 696),  # a leap year
        ("2000-02", "UTC", 696),  # divisible by 400
        ("1900-02", "UTC", None),  # before 1970
        ("2026-03", "Europe/Berlin", 743),
        ("2026-10", "Europe/Berlin", 745),
        ("2026-03", "America/New_York", 743),
        ("2026-11", "America/New_York", 721),
        ("2026-04", "Australia/Lord_Howe", Fraction(1441, 2)),  # half an hour of summer time
        ("2026-10", "Australia/Lord_Howe", Fraction(1487, 2)),
        ("2026-05", "Asia/Kathmandu", 744),  # +05:45 all year
        ("2017-10", "America/Asuncion", 743),  # its first midnight was skipped
        ("2009-11", "America/St_Johns", 721),  # its first midnight came twice
        ("2011-12", "Pacific/Apia", 720),  # 30 December did not exist
        ("1994-12", "Pacific/Kiritimati", 720),  # nor did 31 December
    ],
)
def test_a_month_has_the_hours_that_its_zone_gives_it(month, time_zone, hours):
    """From local midnight to local midnight, in real time."""
    if hours is None:
        with pytest.raises(ValueError, match="is not a month"):
            ServiceMonth.parse(month)
        return
    assert Fraction(ServiceMonth.parse(month).bounds(time_zone).length, 3_600_000) == hours


def test_where_midnight_is_skipped_the_month_begins_after_the_gap():
    """Paraguay, 1 October 2017: clocks went from 00:00 to 01:00."""
    start = ServiceMonth.parse("2017-10").bounds("America/Asuncion").start
    assert utc(start).astimezone(zone("America/Asuncion")).isoformat() == (
        "2017-10-01T01:00:00-03:00"
    )


def test_where_midnight_comes_twice_the_month_begins_at_the_first():
    """Newfoundland, 1 November 2009: at 00:01 clocks went back to 23:01."""
    start = ServiceMonth.parse("2009-11").bounds("America/St_Johns").start
    assert utc_text(start) == "2009-11-01T02:30:00Z"  # 00:00 at -02:30


def test_months_follow_each_other_without_gap_or_overlap_in_every_zone():
    """Each ends where the next begins, on a first day; Troll station moves its clocks two hours."""
    for name in sorted(available_timezones()):
        bounds = [ServiceMonth(2026, 1).plus(i).bounds(name) for i in range(13)]
        for i, (month, following) in enumerate(pairwise(bounds)):
            assert month.end == following.start, (name, i)
            assert utc(month.start).astimezone(zone(name)).date() == date(2026, i + 1, 1)
            assert 672 <= Fraction(month.length, 3_600_000) <= 746


@pytest.mark.parametrize(
    "text",
    ["2026-13", "2026-00", "2026-5", "26-05", "2026-05-01", " 2026-05", "2026-05\n", "", "9999-01"],
)
def test_what_is_not_a_month_is_refused(text):
    """YYYY-MM and nothing else."""
    with pytest.raises(ValueError, match="write it as YYYY-MM"):
        ServiceMonth.parse(text)


@pytest.mark.parametrize("name", ["Europe/Berlim", "", "../etc/passwd", "/etc/localtime", "Europe"])
def test_an_unknown_zone_is_refused(name):
    """Only IANA names; a path is none."""
    with pytest.raises(ValueError, match="is not an IANA time zone"):
        ServiceMonth.parse("2026-05").bounds(name)


def test_months_count_over_the_turn_of_the_year():
    """13 months after December 2025 is January 2027."""
    assert str(ServiceMonth.parse("2025-12").plus(13)) == "2027-01"
    assert str(ServiceMonth.parse("2026-01").plus(-1)) == "2025-12"
    assert ServiceMonth.parse("2025-12") < ServiceMonth.parse("2026-01")


def test_an_instant_lies_in_the_month_of_its_zone():
    """31 May 23:00 in UTC is already June in Berlin."""
    at = ServiceMonth.parse("2026-06").bounds("UTC").start - 3_600_000
    assert str(ServiceMonth.containing(at, "UTC")) == "2026-05"
    assert str(ServiceMonth.containing(at, "Europe/Berlin")) == "2026-06"


def test_a_month_knows_its_days():
    """First, last and how many."""
    february = ServiceMonth.parse("2024-02")
    assert (february.first_day, february.last_day) == (date(2024, 2, 1), date(2024, 2, 29))
    assert february.days == 29
    assert ServiceMonth.of(date(2024, 2, 17)) == february


def test_a_deadline_on_a_date_is_met_until_that_day_is_over():
    """30 June in Berlin ends at 22:00 UTC, not when it begins."""
    assert utc_text(end_of_day(date(2026, 6, 30), "Europe/Berlin")) == "2026-06-30T22:00:00Z"


def test_a_day_that_did_not_exist_ends_where_it_began():
    """Samoa skipped 30 December 2011, so the 29th ended when the 31st began."""
    apia = "Pacific/Apia"
    assert end_of_day(date(2011, 12, 29), apia) == end_of_day(date(2011, 12, 30), apia)


def test_leap_seconds_do_not_exist():
    """31 December 2016 had 86,401 seconds; here every UTC day has 86,400."""
    assert ServiceMonth.parse("2016-12").bounds("UTC").length == 31 * 86_400_000
    assert instant(utc(0)) == 0

"""Uptime and downtime, each from the other; the figures of `golden.yaml` and of calendars."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.allowance import (
    NAMED,
    Window,
    allowed_downtime,
    length_of,
    uptime_after,
    usual_windows,
)

MINUTES = {
    # 0.05 % of 43,200 min, and of 744 h (October), 745 h in Berlin, where summer time ends.
    ("99.95", "30d", "UTC"): Fraction("21.6"),
    ("99.95", "2026-10", "UTC"): Fraction("22.32"),
    ("99.95", "2026-10", "Europe/Berlin"): Fraction("22.35"),
    # 0.5 % of March's 44,640 min is 3 h 43 min 12 s, not 2 h 11 min; 0.3 % of 43,830 is.
    ("99.5", "2026-03", "UTC"): Fraction("223.2"),
    ("99.5", "2026-04", "UTC"): Fraction(216),
    ("99.5", "month", "UTC"): Fraction("219.15"),
    ("99.7", "month", "UTC"): Fraction("131.49"),
    ("99.9", "2026-03", "UTC"): Fraction("44.64"),
    ("99.9", "43200m", "UTC"): Fraction("43.2"),
    ("99.9", "day", "UTC"): Fraction("1.44"),
    ("99.9", "week", "UTC"): Fraction("10.08"),
    # 365.25 days, a quarter of them; 365 days of 2026, 92 of its last quarter.
    ("99.9", "year", "UTC"): Fraction("525.96"),
    ("99.9", "quarter", "UTC"): Fraction("131.49"),
    ("99.9", "2026", "UTC"): Fraction("525.6"),
    ("99.9", "2028", "UTC"): Fraction("527.04"),
    ("99.9", "2026-Q4", "UTC"): Fraction("132.48"),
    ("100", "year", "UTC"): Fraction(0),
    ("0", "30d", "UTC"): Fraction(43200),
}


@pytest.mark.parametrize("asked", MINUTES)
def test_an_uptime_allows_so_much_downtime(asked):
    """To the last digit, in minutes."""
    percent, over, time_zone = asked
    window = Window.parse(over, time_zone=time_zone)
    assert allowed_downtime(Decimal(percent), window) / 60 == MINUTES[asked]


@pytest.mark.parametrize(
    ("down", "over", "uptime"),
    [
        # The hour of the published Atlassian example, over 30, 31 and 28 days.
        ("1h", "30d", Fraction(719, 720)),
        ("60m", "31d", Fraction(743, 744)),
        ("60 min", "2026-02", Fraction(671, 672)),
        ("22m", "2026-10", Fraction(22309, 22320)),
        ("1h 30m", "day", Fraction(15, 16)),
        ("0.5s", "1s", Fraction(1, 2)),
        ("2d", "2d", Fraction(0)),
    ],
)
def test_a_downtime_leaves_this_uptime(down, over, uptime):
    """As an exact fraction of the window."""
    assert uptime_after(length_of(down), Window.parse(over)) == uptime


@pytest.mark.parametrize(
    "text", ["", "5", "1M", "m", "-5m", "5m3", "2026-13", "2026-Q5", "0d", "0", "1e3d"]
)
def test_what_is_no_window_is_refused(text):
    """Nothing is guessed: `1M` may be a minute or a month, a bare number anything."""
    with pytest.raises(ValueError, match=r".+"):
        Window.parse(text)


def test_more_downtime_than_there_is_time_is_refused():
    """An uptime below nothing does not exist."""
    with pytest.raises(ValueError, match="more than 30d"):
        uptime_after(length_of("31d"), Window.parse("30d"))


def test_the_usual_windows_rise():
    """A table that nobody asked a window for: from a day to a year."""
    lengths = [window.seconds for window in usual_windows()]
    assert lengths == sorted(lengths)
    assert NAMED["year"] == 12 * NAMED["month"] == 4 * NAMED["quarter"]


@given(
    st.decimals(min_value=0, max_value=100, places=6),
    st.sampled_from(["day", "month", "2026-Q1", "365d", "1s"]),
)
def test_percent_and_downtime_are_each_the_other_way_round(percent, over):
    """There and back again, exactly."""
    window = Window.parse(over)
    back = uptime_after(allowed_downtime(percent, window), window)
    assert back * 100 == Fraction(percent)

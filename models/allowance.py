"""Uptime in percent and downtime in time, each from the other, over any window; exact.

It answers what people ask before a contract is signed: how long may it be down? It stands beside
the month and decides nothing. "A month" without a name is the average one of 30.4375 days
(365.25 / 12), as in the published calculators; a named month has its own length in its own zone.

Source: the worked examples of published calculators use 43,830 minutes for a month.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from models.intervals import Interval
from models.ladder import percent_ratio
from models.period import ServiceMonth

DAY = 86_400
YEAR = Fraction(36525, 100) * DAY
NAMED = {
    "day": Fraction(DAY),
    "week": Fraction(7 * DAY),
    "month": YEAR / 12,
    "quarter": YEAR / 4,
    "year": YEAR,
}
"""Windows by name; month, quarter and year are averages over leap years."""

UNITS = {"w": 7 * DAY, "d": DAY, "h": 3600, "m": 60, "min": 60, "s": 1}
NUMBER = r"\d{1,12}(?:\.\d{1,12})?"
LENGTH = re.compile(rf"(?:\s*{NUMBER}\s*(?:min|[wdhms]))+\s*")
PART = re.compile(rf"({NUMBER})\s*(min|[wdhms])")
MONTH = re.compile(r"\d{4}-\d{2}")
QUARTER = re.compile(r"(\d{4})-Q([1-4])")
ONE_YEAR = re.compile(r"\d{4}")

USUAL = ("day", "week", "30d", "month", "quarter", "year")
"""The windows of a table that nobody asked a window for."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time that uptime is a share of.

    Attributes:
        name: As it was asked for: `30d`, `month`, `2026-10`.
        seconds: Its exact length, more than zero.
    """

    name: str
    seconds: Fraction

    @classmethod
    def parse(cls, text: str, *, time_zone: str = "UTC") -> Window:
        """Read a window: a name, a length, or a month, quarter or year of the calendar.

        Args:
            text: `day`, `week`, `month`, `quarter`, `year`; `30d`, `12h`, `1w 2d`; `2026-10`,
                `2026-Q4`, `2026`.
            time_zone: The IANA zone of calendar months, quarters and years.

        Raises:
            ValueError: It is none of these, or has no length.

        >>> Window.parse("2026-03", time_zone="Europe/Berlin").seconds / 3600
        Fraction(743, 1)
        >>> Window.parse("month").seconds / 60
        Fraction(43830, 1)
        """
        bounds = _calendar(text, time_zone)
        if bounds is not None:
            return cls(text, Fraction(bounds.length, 1000))
        found = NAMED.get(text) or length_of(text)
        if not found:
            message = f"{text!r} has no length"
            raise ValueError(message)
        return cls(text, found)


def length_of(text: str) -> Fraction:
    """Read a length of time in seconds: `22m`, `1h 30m`, `2.5 s`.

    Raises:
        ValueError: It is none.

    >>> length_of("1h30m"), length_of("0.5 s")
    (Fraction(5400, 1), Fraction(1, 2))
    """
    if not LENGTH.fullmatch(text):
        message = f"{text!r} is no length of time such as 22m or 1h 30m"
        raise ValueError(message)
    return sum((Fraction(n) * UNITS[unit] for n, unit in PART.findall(text)), Fraction(0))


def allowed_downtime(uptime_percent: Decimal, window: Window) -> Fraction:
    """The seconds that a service may be down without falling below an uptime.

    >>> allowed_downtime(Decimal("99.95"), Window.parse("30d")) / 60
    Fraction(108, 5)
    """
    return (1 - percent_ratio(uptime_percent)) * window.seconds


def uptime_after(down_seconds: Fraction, window: Window) -> Fraction:
    """The uptime, 0 to 1, of a window with so much downtime.

    Raises:
        ValueError: It is down for longer than the window is long.

    >>> uptime_after(length_of("22m"), Window.parse("2026-10"))
    Fraction(22309, 22320)
    """
    if down_seconds > window.seconds:
        message = f"more than {window.name}"
        raise ValueError(message)
    return 1 - down_seconds / window.seconds


def usual_windows() -> Iterator[Window]:
    """The windows that people compare."""
    return (Window.parse(name) for name in USUAL)


def _calendar(text: str, time_zone: str) -> Interval | None:
    """The bounds of a month, quarter or year of the calendar; None when it is none."""
    if MONTH.fullmatch(text):
        return ServiceMonth.parse(text).bounds(time_zone)
    quarter = QUARTER.fullmatch(text)
    if quarter:
        return _months(int(quarter[1]), 3 * int(quarter[2]) - 2, 3, time_zone)
    return _months(int(text), 1, 12, time_zone) if ONE_YEAR.fullmatch(text) else None


def _months(year: int, month: int, count: int, time_zone: str) -> Interval:
    first = ServiceMonth.parse(f"{year:04d}-{month:02d}")
    last = first.plus(count - 1)
    return Interval(first.bounds(time_zone).start, last.bounds(time_zone).end)

"""The service month: the calendar month in a contract's time zone, half-open.

A month has 672 to 746 hours, because leap years and daylight-saving time are real. Its bounds are
found once with the IANA zone and are plain instants afterwards.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.findings import refuse
from models.intervals import Interval, instant, utc

MONTH_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])$"
MOST_MONTHS = 120
"""Months that may be asked for at once: ten years."""

OPTIONAL_MONTH = f"^$|{MONTH_PATTERN}"

LAST_ZONE = "Etc/GMT+12"
"""Where a month ends last of all."""


@dataclass(frozen=True, slots=True, order=True)
class ServiceMonth:
    """A calendar month, not yet in any zone; written `2026-05`."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `YYYY-MM`.

        Raises:
            ValueError: The text is not a month from 1970-01 to 9998-12.
        """
        if not re.fullmatch(MONTH_PATTERN, text) or not "1970-01" <= text <= "9998-12":
            message = f"{text!r} is not a month; write it as YYYY-MM, such as 2026-05"
            raise ValueError(message)
        return cls(int(text[:4]), int(text[5:]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The month that a date lies in."""
        return cls(day.year, day.month)

    @classmethod
    def containing(cls, at: int, time_zone: str) -> Self:
        """The month that an instant lies in, seen from a zone."""
        return cls.of(utc(at).astimezone(zone(time_zone)).date())

    def __str__(self) -> str:
        """`YYYY-MM`."""
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def days(self) -> int:
        """Calendar days, 28 to 31."""
        return monthrange(self.year, self.month)[1]

    @property
    def first_day(self) -> date:
        """The month's first date."""
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        """The month's last date."""
        return date(self.year, self.month, self.days)

    def plus(self, months: int) -> ServiceMonth:
        """The month so many months later (or earlier, when negative)."""
        years, month = divmod(self.month - 1 + months, 12)
        return ServiceMonth(self.year + years, month + 1)

    def bounds(self, time_zone: str) -> Interval:
        """From local midnight of the first to local midnight of the next month's first.

        Where a zone skips that midnight the month starts at the first instant after the gap; where
        it repeats midnight, at the earlier one.

        Raises:
            ValueError: The zone is not an IANA time zone.

        >>> ServiceMonth.parse("2026-03").bounds("Europe/Berlin").length // 3_600_000
        743
        """
        tz = zone(time_zone)
        following = self.plus(1)
        start = datetime(self.year, self.month, 1, tzinfo=tz)
        end = datetime(following.year, following.month, 1, tzinfo=tz)
        return Interval(instant(start), instant(end))


def last_month_over(zones: Iterable[str], at: int) -> ServiceMonth:
    """The latest month that is over in each of these zones; without any, over everywhere.

    >>> from datetime import UTC, datetime
    >>> may = instant(datetime(2026, 5, 31, 23, tzinfo=UTC))
    >>> str(last_month_over(["Europe/Berlin"], may))
    '2026-05'
    >>> str(last_month_over(["Europe/Berlin", "UTC"], may))
    '2026-04'

    Args:
        zones: IANA time zones, as contracts name them.
        at: The present instant.
    """
    running = [ServiceMonth.containing(at, name) for name in set(zones) or {LAST_ZONE}]
    return min(running).plus(-1)


@cache
def zone(time_zone: str) -> ZoneInfo:
    """The IANA zone of that name.

    Raises:
        ValueError: There is no such zone.
    """
    try:
        return ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{time_zone!r} is not an IANA time zone such as UTC or Europe/Berlin"
        raise ValueError(message) from None


def end_of_day(day: date, time_zone: str) -> int:
    """The first instant after a date in a zone: a deadline on that date is met before it."""
    following = date.fromordinal(day.toordinal() + 1)
    return instant(datetime(following.year, following.month, following.day, tzinfo=zone(time_zone)))


def months_between(first: ServiceMonth, last: ServiceMonth) -> tuple[ServiceMonth, ...]:
    """The months from the first to the last, both included.

    Raises:
        UnusableInputError: The last one is before the first, or there are too many.
    """
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    if count < 1:
        raise refuse(
            "--to",
            f"is {last}, before {first}",
            expected="a month not before --from",
            remedy="Exchange the two.",
        )
    if count > MOST_MONTHS:
        raise refuse(
            "--to",
            f"is {last}, {count} months from {first}",
            expected=f"at most {MOST_MONTHS} months",
            remedy="Ask for fewer at a time.",
        )
    return tuple(first.plus(number) for number in range(count))

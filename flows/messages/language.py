"""How numbers, dates and lengths of time are written in one language.

Pure functions of exact values. A further language is one more `Language` and one more folder of
templates; nothing else knows in which language a message is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from babel.dates import format_date
from babel.numbers import format_decimal

from models.intervals import Interval, utc
from models.money import Money
from models.period import ServiceMonth, zone
from models.printing import duration_text

TIER = re.compile(r"(?:(?P<low>[\d.]+) (?P<from><=?) )?uptime (?P<to><=?) (?P<high>[\d.]+)")
"""How a determination names a tier of uptime: `99 <= uptime < 99.9`."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    Attributes:
        code: BCP 47, and the name of the templates' folder.
        locale: Unicode CLDR, for grouping, decimal signs and the names of months.
        day_pattern: How a date is written.
        percent_sign: With the space before it, where there is one.
        bounds: "at least", "above", "below", "at most", in this language.
        both: Joins two bounds.
    """

    code: str
    locale: str
    day_pattern: str
    percent_sign: str
    bounds: tuple[str, str, str, str]
    both: str

    def number(self, digits: str) -> str:
        """Plain digits with grouping and the language's decimal sign, every place kept."""
        number, places = Decimal(digits), len(digits.partition(".")[2])
        pattern = f"#,##0.{'0' * places}" if places else "#,##0"
        return str(format_decimal(number, pattern, locale=self.locale))

    def money(self, amount: Money) -> str:
        """Grouped, with the currency's decimal places and its code: `1,240.00 EUR`."""
        return f"{self.number(amount.text)} {amount.currency.code}"

    def owed_back(self, amount: Money) -> str:
        """A negative amount without its sign."""
        return self.money(Money(-amount.minor, amount.currency))

    def amounts(self, amounts: tuple[Money, ...]) -> str:
        """Several amounts, one after the other."""
        return ", ".join(self.money(amount) for amount in amounts)

    def percent(self, digits: str) -> str:
        """Plain digits as a percentage; not a place is rounded away."""
        return f"{self.number(digits)}{self.percent_sign}"

    def day(self, day: date) -> str:
        """A date with the month's name: `30 June 2026`."""
        return str(format_date(day, self.day_pattern, locale=self.locale))

    def month(self, month: ServiceMonth) -> str:
        """`May 2026`."""
        return str(format_date(month.first_day, "LLLL y", locale=self.locale))

    def duration(self, milliseconds: int) -> str:
        """A length of time in hours, minutes and seconds: `1 h 24 min`."""
        return duration_text(Fraction(milliseconds, 1000))

    def span(self, whole: Interval, time_zone: str) -> str:
        """From when to when, in one zone; seconds only where there are any, cut to the second.

        >>> ENGLISH.span(Interval(1760940480000, 1760945520000), "Europe/Berlin")
        '20 October 2025, 08:08 – 09:32 CEST'
        """
        start, end = (utc(at).astimezone(zone(time_zone)) for at in (whole.start, whole.end))
        exact = bool(start.second or end.second)
        after = f"{_clock(end, exact=exact)} {end.tzname()}"
        same_offset = start.tzname() == end.tzname()
        before = _clock(start, exact=exact) + ("" if same_offset else f" {start.tzname()}")
        if start.date() == end.date():
            return f"{self.day(start.date())}, {before} – {after}"
        return f"{self.day(start.date())}, {before} – {self.day(end.date())}, {after}"

    def tier(self, tier: str) -> str:
        """A tier of uptime in words; any other tier as it is named.

        >>> ENGLISH.tier("99 <= uptime < 99.9"), ENGLISH.tier("uptime < 95")
        ('at least 99% and below 99.9%', 'below 95%')
        """
        if not (found := TIER.fullmatch(tier)):
            return tier
        at_least, above, below, at_most = self.bounds
        high = f"{below if found['to'] == '<' else at_most} {self.percent(found['high'])}"
        if found["low"] is None:
            return high
        low = f"{at_least if found['from'] == '<=' else above} {self.percent(found['low'])}"
        return f"{low} {self.both} {high}"


def is_uptime_tier(tier: str) -> bool:
    """Whether the tier is a range of uptime, which a sentence can name."""
    return bool(TIER.fullmatch(tier))


def told_in_utc(whole: Interval, time_zone: str) -> bool:
    """Whether the zone's clocks show UTC during the interval, so that one line says it all."""
    ends = (utc(at).astimezone(zone(time_zone)) for at in (whole.start, whole.end))
    return all(end.tzname() == "UTC" for end in ends)


def _clock(at: datetime, *, exact: bool) -> str:
    return f"{at:%H:%M:%S}" if exact else f"{at:%H:%M}"


ENGLISH = Language(
    code="en",
    locale="en",
    day_pattern="d MMMM y",
    percent_sign="%",
    bounds=("at least", "above", "below", "at most"),
    both="and",
)

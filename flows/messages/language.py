"""How numbers, dates and lengths of time are written in one language, and what it calls a thing.

Pure functions of exact values; signs, grouping and names are those of Unicode's CLDR. Nothing else
knows in which language a message is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.dates import format_date, format_skeleton, get_timezone_name
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, get_currency_symbol
from babel.units import format_unit

from flows.messages.catalog import SOURCE, translations
from flows.messages.tiers import rarer_tier
from models.intervals import Interval, utc
from models.ledger import LedgerStatus
from models.money import Money
from models.period import ServiceMonth, zone

TIER = re.compile(r"(?:(?P<low>[\d.]+) (?P<from><=?) )?uptime (?P<to><=?) (?P<high>[\d.]+)")
"""How a determination names a tier of uptime: `99 <= uptime < 99.9`."""
BLOCKS = re.compile(r"(?P<blocks>\d+) x (?P<minutes>[\d.]+) min of downtime")
EVENTS = re.compile(
    r"(?P<events>\d+) outages that lasted (?P<than>at least|longer than) (?P<minutes>[\d.]+) min"
)
PRO_RATA = re.compile(
    r"pro rata by (?P<basis>downtime|percentage points|relative shortfall)"
    r"(?P<excess>, excess only)?, (?P<times>[\d.]+)x"
)

DATES = {SOURCE: "en_GB"}
"""Whose dates a language without a country writes: `30 June 2026`, not `June 30, 2026`."""

NOT_BREAKING = str.maketrans(dict.fromkeys("\u00a0\u202f", " "))
"""The spaces that CLDR puts into numbers; only a page knows what to do with them."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    Attributes:
        code: BCP 47, and the name of its folder in `catalogs/`.
    """

    code: str

    @property
    def locale(self) -> Locale:
        """Whose numbers and units it writes."""
        return _locale(self.code)

    @property
    def dates(self) -> Locale:
        """Whose dates and names of time zones it writes."""
        return _locale(DATES.get(self.code, self.code))

    def said(self, sentence: str) -> str:
        """What the language says for an English sentence, its places still open."""
        return translations(self.code).gettext(sentence)

    def said_of(self, one: str, many: str, count: int) -> str:
        """The same for a sentence that is said otherwise of one thing than of many."""
        return translations(self.code).ngettext(one, many, count)

    def gettext(self, sentence: str, /, **values: object) -> str:
        """What the language says for an English sentence, with the values in their places."""
        return self.said(sentence) % values

    def ngettext(self, one: str, many: str, count: int, /, **values: object) -> str:
        """The same for a number of things, which the sentence may name as `num`."""
        return self.said_of(one, many, count) % {"num": self.number(str(count)), **values}

    def number(self, digits: str) -> str:
        """Plain digits with grouping and the language's decimal sign, every place kept."""
        written = format_decimal(Decimal(digits), _pattern(digits), locale=self.locale)
        return str(written).translate(NOT_BREAKING)

    def money(self, amount: Money) -> str:
        """Grouped, with the currency's own decimal places and its sign: `€1,240.00`."""
        code = amount.currency.code
        pattern = self.locale.currency_formats["standard"].pattern.split(";")[0]
        exact = pattern.replace("#,##0.00", _pattern(amount.text))
        written = format_currency(
            Decimal(amount.text),
            code,
            # A code of letters does not stick to the number; Babel leaves that rule of CLDR out.
            exact.replace("¤#", "¤ #") if get_currency_symbol(code, self.locale) == code else exact,
            locale=self.locale,
            currency_digits=False,  # CLDR's places are not always those of ISO 4217.
        )
        return str(written).translate(NOT_BREAKING)

    def owed_back(self, amount: Money) -> str:
        """A negative amount without its sign."""
        return self.money(Money(-amount.minor, amount.currency))

    def listed(self, parts: Sequence[str]) -> str:
        """Several things, the last one after an "and"."""
        return str(format_list(parts, locale=self.dates)) if parts else ""

    def percent(self, digits: str) -> str:
        """Plain digits as a percentage; not a place is rounded away."""
        pattern = self.locale.percent_formats[None].pattern
        sign = pattern.removeprefix("#,##0").translate(NOT_BREAKING)
        return f"{self.number(digits)}{sign}"

    def day(self, day: date) -> str:
        """A date with the month's name: `30 June 2026`."""
        return str(format_date(day, "long", locale=self.dates))

    def weekday(self, day: date) -> str:
        """A date with the day of the week before it: `Tuesday 30 June 2026`."""
        return str(format_date(day, "full", locale=self.dates))

    def month(self, month: ServiceMonth) -> str:
        """`May 2026`."""
        return str(format_skeleton("yMMMM", month.first_day, locale=self.dates))

    def duration(self, milliseconds: int) -> str:
        """A length of time in hours, minutes and seconds: `1 hr 24 min`."""
        minutes, rest = divmod(milliseconds, 60_000)
        hours, minutes = divmod(minutes, 60)
        named = (("hour", hours), ("minute", minutes), ("second", Decimal(rest).scaleb(-3)))
        parts = [self._unit(unit, amount) for unit, amount in named if amount]
        return " ".join(parts) or self._unit("second", 0)

    def minutes(self, digits: str) -> str:
        """Minutes in plain digits as a length of time."""
        return self.duration(int(Decimal(digits) * 60_000))

    def days_of_service(self, digits: str) -> str:
        """Days of service in plain digits: `15 days of service`."""
        plural = 1 if Decimal(digits) == 1 else 2
        return self.ngettext(
            "%(days)s day of service",
            "%(days)s days of service",
            plural,
            days=self.number(digits),
        )

    def _unit(self, unit: str, amount: Decimal | int) -> str:
        written = format_unit(amount, f"duration-{unit}", "short", locale=self.locale)
        return str(written).translate(NOT_BREAKING)

    def span(self, whole: Interval, time_zone: str) -> str:
        """From when to when, in one zone; seconds only where there are any, cut to the second.

        >>> ENGLISH.span(Interval(1760940480000, 1760945520000), "Europe/Berlin")
        '20 October 2025, 08:08 – 09:32 CEST'
        """
        start, end = (utc(at).astimezone(zone(time_zone)) for at in (whole.start, whole.end))
        exact = bool(start.second or end.second)
        values = {
            "day": self.day(start.date()),
            "start": _clock(start, exact=exact),
            "zone": self._zone_name(start),
            "end_day": self.day(end.date()),
            "end": _clock(end, exact=exact),
            "end_zone": self._zone_name(end),
        }
        return self._span_over(same_day=start.date() == end.date(), values=values)

    def _span_over(self, *, same_day: bool, values: dict[str, str]) -> str:
        same_zone = values["zone"] == values["end_zone"]
        if same_day and same_zone:
            return self.gettext("%(day)s, %(start)s – %(end)s %(zone)s", **values)
        if same_day:
            return self.gettext("%(day)s, %(start)s %(zone)s – %(end)s %(end_zone)s", **values)
        if same_zone:
            return self.gettext("%(day)s, %(start)s – %(end_day)s, %(end)s %(zone)s", **values)
        return self.gettext(
            "%(day)s, %(start)s %(zone)s – %(end_day)s, %(end)s %(end_zone)s", **values
        )

    def _zone_name(self, at: datetime) -> str:
        """The zone's short name in this language, or the one that its clocks' makers gave it."""
        named = str(get_timezone_name(at, "short", locale=self.dates))
        return named if named.isalpha() else str(at.tzname())

    def tier(self, tier: str) -> str:
        """A tier in words, as a recorded determination names it; any other text as it stands.

        >>> ENGLISH.tier("99 <= uptime < 99.9"), ENGLISH.tier("uptime < 95")
        ('uptime of at least 99% and below 99.9%', 'uptime below 95%')
        """
        if found := TIER.fullmatch(tier):
            return self._uptime_tier(found)
        if found := BLOCKS.fullmatch(tier):
            return self._blocks(found)
        if found := EVENTS.fullmatch(tier):
            return self._events(found)
        if found := PRO_RATA.fullmatch(tier):
            return self._pro_rata(found)
        if rarer := rarer_tier(tier, self):
            return rarer
        parts = tier.split(" and " if " and " in tier else ", ")
        said = [self.tier(part) for part in parts] if len(parts) > 1 else []
        known = said and all(words != part for words, part in zip(said, parts, strict=True))
        return self.listed(said) if known else tier

    def _uptime_tier(self, found: re.Match[str]) -> str:
        high = self.percent(found["high"])
        below = found["to"] == "<"
        if found["low"] is None:
            if below:
                return self.gettext("uptime below %(high)s", high=high)
            return self.gettext("uptime of at most %(high)s", high=high)
        values = {"low": self.percent(found["low"]), "high": high}
        match found["from"] == "<=", below:
            case True, True:
                return self.gettext("uptime of at least %(low)s and below %(high)s", **values)
            case True, False:
                return self.gettext("uptime of at least %(low)s and at most %(high)s", **values)
            case False, True:
                return self.gettext("uptime above %(low)s and below %(high)s", **values)
            case _:
                return self.gettext("uptime above %(low)s and at most %(high)s", **values)

    def _blocks(self, found: re.Match[str]) -> str:
        return self.ngettext(
            "%(num)s block of %(length)s of downtime",
            "%(num)s blocks of %(length)s of downtime",
            int(found["blocks"]),
            length=self.minutes(found["minutes"]),
        )

    def _events(self, found: re.Match[str]) -> str:
        count, length = int(found["events"]), self.minutes(found["minutes"])
        if found["than"] == "at least":
            return self.ngettext(
                "%(num)s outage of at least %(length)s",
                "%(num)s outages of at least %(length)s",
                count,
                length=length,
            )
        return self.ngettext(
            "%(num)s outage of more than %(length)s",
            "%(num)s outages of more than %(length)s",
            count,
            length=length,
        )

    def _pro_rata(self, found: re.Match[str]) -> str:
        says = {
            "downtime": self.gettext("pro rata by downtime"),
            "percentage points": self.gettext("pro rata by percentage points below the promise"),
            "relative shortfall": self.gettext(
                "pro rata by the share of the promise that is missing"
            ),
        }[found["basis"]]
        values = {"basis": says, "times": self.number(found["times"])}
        if found["excess"]:
            return self.gettext("%(basis)s, beyond the allowance alone, times %(times)s", **values)
        return self.gettext("%(basis)s, times %(times)s", **values)

    def channel(self, channel: str) -> str:
        """How a claim is filed, in words; a word that is unknown here as it stands."""
        return {
            "portal": self.gettext("in the vendor’s portal"),
            "ticket": self.gettext("by support ticket"),
            "email": self.gettext("by e-mail"),
        }.get(channel, channel)

    def status(self, status: LedgerStatus) -> str:
        """Where a claim stands, in words; ledgers keep their own."""
        return {
            LedgerStatus.TO_REVIEW: self.gettext("to review"),
            LedgerStatus.ELIGIBLE: self.gettext("ready to file"),
            LedgerStatus.FILED: self.gettext("filed"),
            LedgerStatus.APPROVED: self.gettext("approved"),
            LedgerStatus.DENIED: self.gettext("denied"),
        }[status]

    def stage(self, stage: str) -> str:
        """What a vendor asks for, in words; a stage that is unknown here as its rule names it."""
        return {
            "claim": self.gettext("File the claim"),
            "notice": self.gettext("Give notice of the outage"),
            "ticket": self.gettext("Open a ticket"),
        }.get(stage, stage)

    def time_left(self, days: int, *, overdue: bool = False) -> str:
        """How many days there are to a last day, which may be overdue before it is over."""
        if overdue and days == 0:
            return self.gettext("overdue since today")
        if days < 0:
            return self.ngettext("%(num)s day overdue", "%(num)s days overdue", -days)
        if days == 0:
            return self.gettext("due today")
        if days == 1:
            return self.gettext("due tomorrow")
        return self.ngettext("due in %(num)s day", "due in %(num)s days", days)

    def last_day(self, day: date, *, until: int | None, time_zone: str) -> str:
        """A deadline: the end of a day, or an instant within it, which is told in UTC as well."""
        if until is None:
            return self.gettext(
                "by the end of %(day)s (%(zone)s)", day=self.weekday(day), zone=time_zone
            )
        moment, in_utc = self.moment(until, time_zone), self.moment(until, "UTC")
        if moment == in_utc:
            return self.gettext("before %(moment)s", moment=moment)
        return self.gettext("before %(moment)s (%(utc)s)", moment=moment, utc=in_utc)

    def moment(self, at: int, time_zone: str) -> str:
        """An instant in one zone, cut to the minute: `8 June 2026, 12:00 CEST`."""
        local = utc(at).astimezone(zone(time_zone))
        return self.gettext(
            "%(day)s, %(time)s %(zone)s",
            day=self.day(local.date()),
            time=_clock(local, exact=False),
            zone=self._zone_name(local),
        )


def told_in_utc(whole: Interval, time_zone: str) -> bool:
    """Whether the zone's clocks show UTC during the interval, so that one line says it all."""
    ends = (utc(at).astimezone(zone(time_zone)) for at in (whole.start, whole.end))
    return all(end.tzname() == "UTC" for end in ends)


@cache
def language_of(code: str) -> Language:
    """A shipped language.

    Raises:
        FileNotFoundError: It is not shipped.
    """
    translations(code)
    return Language(code)


@cache
def _locale(code: str) -> Locale:
    return Locale.parse(code)


def _clock(at: datetime, *, exact: bool) -> str:
    return f"{at:%H:%M:%S}" if exact else f"{at:%H:%M}"


def _pattern(digits: str) -> str:
    places = len(digits.partition(".")[2])
    return f"#,##0.{'0' * places}" if places else "#,##0"


ENGLISH = language_of(SOURCE)

"""Claim deadlines: each vendor's own rule, to the day or to the instant, in the contract's zone.

A rule counts on from an anchor (the month's end, an outage, the moment somebody knew) or names a
stretch that a claim must be made in (a billing cycle, the outage itself). Rules in days, months and
cycles include the whole of their last day; rules in hours end at an instant. Nothing is decided
here: a claim that is late may still be filed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from models.business_days import business_days_after
from models.intervals import MINUTE_MS, Interval, instant, utc, utc_text
from models.period import ServiceMonth, end_of_day, zone
from models.terms import Name, Terms, Whole

CLAIM = "claim"
"""The stage that is the claim itself; others, such as a ticket, come before it."""

HOUR_MS = 60 * MINUTE_MS

MONTHS_OF_A_QUARTER = 3

LAST_DAY_WITH_AN_END = date.max - timedelta(days=1)
"""Nobody can write the instant at which the last day of all ends."""


class Unit(StrEnum):
    """What a rule counts in."""

    HOURS = "hours"
    DAYS = "days"
    BUSINESS_DAYS = "business days"
    MONTHS = "months"


MOST = {Unit.HOURS: 8784, Unit.DAYS: 366, Unit.BUSINESS_DAYS: 250, Unit.MONTHS: 12}
"""No rule is longer than a year."""

WRITTEN = re.compile(r"^(\d{1,4}) +(hour|day|business +day|month)s?$")


class Anchor(StrEnum):
    """Where a rule begins to count.

    Month, quarter and billing cycle are those of the service period's last day; quarters are fiscal
    ones where the period's are. The first outage is
    the month's first one, from where it lies in the month: one deadline for all of them; while no
    outage is known, the month's first day. Awareness is when we knew of an outage: as long as
    nobody recorded that, its start. Eligibility is the month's end: before it nobody knows what the
    month earns.
    """

    MONTH_END = "month_end"
    QUARTER_END = "quarter_end"
    BILLING_CYCLE_END = "billing_cycle_end"
    FIRST_OUTAGE = "first_outage"
    INCIDENT_START = "incident_start"
    INCIDENT_END = "incident_end"
    AWARENESS = "awareness"
    ELIGIBILITY = "eligibility"


OF_AN_OUTAGE = frozenset({Anchor.INCIDENT_START, Anchor.INCIDENT_END, Anchor.AWARENESS})
"""Anchors that every outage has for itself, and that are instants."""


class Stretch(StrEnum):
    """By the end of what a claim is due."""

    BILLING_CYCLE = "billing_cycle"
    CALENDAR_MONTH = "calendar_month"
    QUARTER = "quarter"
    OUTAGE = "outage"
    TERM = "term"


COUNTED = frozenset({Stretch.BILLING_CYCLE, Stretch.CALENDAR_MONTH, Stretch.QUARTER})
"""Stretches that follow each other, so that one of them is meant."""


class LastDay(StrEnum):
    """Whether the last day counts whole, or until the time of day at which the anchor was."""

    WHOLE = "whole"
    SAME_TIME = "same_time"


def _length(text: object) -> object:
    """A length in its one spelling: `30 days`, `1 day`, `5 business days`, `72 hours`."""
    found = WRITTEN.match(text.strip().casefold()) if isinstance(text, str) else None
    if found is None:
        raise _no_length(f"{text!r}")
    number, word = int(found.group(1)), " ".join(found.group(2).split())
    unit = Unit(f"{word}s")
    if not 1 <= number <= MOST[unit]:
        raise _no_length(f"{text!r}")
    return f"{number} {word if number == 1 else unit.value}"


def _no_length(_text: str) -> PydanticCustomError:
    return PydanticCustomError(
        "length",
        "a length up to a year, such as 30 days, 5 business days, 72 hours or 2 months",
        {"remedy": "Write a number and one of these units."},
    )


Length = Annotated[
    str,
    BeforeValidator(_length),
    Field(pattern=r"^[0-9]{1,4} +(hour|day|business +day|month)s?$"),
]
"""A number and a unit: `30 days`."""


def _billing_day(day: int) -> int:
    if 1 <= day <= 31:  # noqa: PLR2004  The days of the longest month.
        return day
    raise PydanticCustomError("billing_day", "a day of the month, from 1 to 31")


BillingDay = Annotated[Whole, AfterValidator(_billing_day)]
"""The day on which billing cycles begin; a month's last one where it has no such day."""


class Deadline(Terms):
    """One rule: within a length after an anchor, or by the end of a stretch.

    Attributes:
        stage: What is due, in the vendor's words; `claim` for the claim itself.
        within: How long after the anchor.
        by_end_of: The stretch in place of a length.
        number: Which one of the stretches after the one that holds the anchor; 0 is that one.
            None for an outage and a term.
        after: The anchor; for an outage and a term it has no meaning. May be written `from`.
        last_day: How much of the last day counts, where it is days or months after an instant.
    """

    stage: Name = CLAIM
    within: Length | None = None
    by_end_of: Stretch | None = None
    number: Annotated[Whole, Field(le=12)] | None = None
    after: Anchor = Anchor.MONTH_END
    last_day: LastDay = LastDay.WHOLE

    @model_validator(mode="before")
    @classmethod
    def _from_is_after(cls, written: object) -> object:
        if isinstance(written, dict) and "from" in written and "after" not in written:
            return {"after" if name == "from" else name: v for name, v in written.items()}
        return written

    @model_validator(mode="after")
    def _one_rule(self) -> Deadline:
        if (self.within is None) == (self.by_end_of is None):
            raise PydanticCustomError("one_rule", "either within or by_end_of")
        counted = self.by_end_of in COUNTED
        if counted == (self.number is None):
            raise PydanticCustomError(
                "numbered",
                "a number with billing_cycle, calendar_month and quarter, and none otherwise",
                {"remedy": "Add number: 1 for the next one." if counted else "Take number out."},
            )
        if self.last_day is LastDay.SAME_TIME and not self._has_a_time_of_day:
            raise PydanticCustomError(
                "same_time",
                "last_day: same_time only for days or months after an outage",
                {"remedy": "Leave last_day out."},
            )
        return self

    @property
    def _has_a_time_of_day(self) -> bool:
        return self.unit in {Unit.DAYS, Unit.MONTHS} and self.after in OF_AN_OUTAGE

    @property
    def amount(self) -> int:
        """How many units it is within; 0 for a stretch."""
        return int(self.within.partition(" ")[0]) if self.within else 0

    @property
    def unit(self) -> Unit | None:
        """The unit of its length; None for a stretch."""
        if self.within is None:
            return None
        word = self.within.partition(" ")[2]
        return Unit(word if word.endswith("s") else f"{word}s")

    @property
    def says(self) -> str:
        """The rule in words.

        >>> Deadline(within="30 days").says
        'within 30 days after the end of the month'
        >>> Deadline(by_end_of=Stretch.BILLING_CYCLE, number=2).says
        'by the end of billing cycle 2 after the service month'
        """
        if self.within:
            return f"within {self.within} after {AFTER[self.after]}"
        if self.by_end_of is Stretch.OUTAGE:
            return "during the outage"
        if self.by_end_of is Stretch.TERM:
            return "by the end of the term"
        stretch = self.by_end_of.value.replace("_", " ") if self.by_end_of else ""
        return f"by the end of {stretch} {self.number} after {SINCE[self.after]}"


AFTER = {
    Anchor.MONTH_END: "the end of the month",
    Anchor.QUARTER_END: "the end of the quarter",
    Anchor.BILLING_CYCLE_END: "the end of the billing cycle",
    Anchor.FIRST_OUTAGE: "the first outage began",
    Anchor.INCIDENT_START: "the outage began",
    Anchor.INCIDENT_END: "the outage ended",
    Anchor.AWARENESS: "we knew of the outage",
    Anchor.ELIGIBILITY: "the credit was earned",
}
SINCE = {
    **AFTER,
    Anchor.MONTH_END: "the service month",
    Anchor.QUARTER_END: "the service month's quarter",
    Anchor.BILLING_CYCLE_END: "the service month's billing cycle",
    Anchor.FIRST_OUTAGE: "the first outage",
    Anchor.INCIDENT_START: "the start of the outage",
    Anchor.INCIDENT_END: "the end of the outage",
    Anchor.AWARENESS: "the outage was known",
}


@dataclass(frozen=True, slots=True)
class Occasion:
    """What deadlines count from.

    Attributes:
        month: The service month.
        time_zone: IANA zone of the contract, in which days begin and end.
        outages: The outages that counted, rising; whole, also outside the month.
        aware_at: When we knew, as somebody recorded it; None for the start of each outage.
        term_ends_on: Last day of the contract's term; None when it is not known.
        billing_day: Day of the month on which billing cycles begin.
        holidays: Country whose holidays are no business days; None for none.
        ends_on: Last day of the service period, where it is not the month's.
        quarters_from: The month in which the first quarter of a year begins, 1 to 12.
    """

    month: ServiceMonth
    time_zone: str = "UTC"
    outages: tuple[Interval, ...] = ()
    aware_at: int | None = None
    term_ends_on: date | None = None
    billing_day: int = 1
    holidays: str | None = None
    ends_on: date | None = None
    quarters_from: int = 1

    @property
    def last_day(self) -> date:
        """The last day of the service period."""
        return self.month.last_day if self.ends_on is None else self.ends_on

    def day_of(self, at: int) -> date:
        """The date of an instant in the zone."""
        return utc(at).astimezone(zone(self.time_zone)).date()


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """Until when one stage is in time.

    Attributes:
        until: The first instant that is too late.
        stage: What is due.
        last_day: The date, in the contract's zone, of the last instant that is in time.
        to_the_minute: Whether the deadline lies within that day, not at its end.
        outage_at: Start of the outage that it hangs on; None when it hangs on none.
        rule: The rule in words.
    """

    until: int
    stage: str
    last_day: date
    to_the_minute: bool
    outage_at: int | None
    rule: str

    @property
    def says(self) -> str:
        """`through 2026-06-30`, or `before 2026-06-08T10:00:00Z`."""
        if self.to_the_minute:
            return f"before {utc_text(self.until)}"
        return f"through {self.last_day.isoformat()}"


@dataclass(frozen=True, slots=True)
class _Start:
    """An anchor found: its date, its instant if it has one, and the outage that it belongs to."""

    day: date
    at: int | None = None
    outage_at: int | None = None


def dues(rules: Iterable[Deadline], occasion: Occasion) -> tuple[Due, ...]:
    """Every deadline that the rules make for a month, the earliest first.

    A rule about outages makes one for each of them; deadlines of one stage that fall together are
    one. A rule about a fact that is not known, such as the end of the term, makes none.
    """
    found: dict[tuple[int, str], Due] = {}
    for rule in rules:
        for due in _dues(rule, occasion):
            found.setdefault((due.until, due.stage), due)
    return tuple(found[key] for key in sorted(found))


def undated(rules: Iterable[Deadline], occasion: Occasion) -> tuple[Deadline, ...]:
    """The rules that make no deadline, because what they count from is not known."""
    return tuple(rule for rule in rules if next(_dues(rule, occasion), None) is None)


def claim_due(found: Iterable[Due]) -> Due | None:
    """The deadline of the claim itself: its earliest; without such a stage the earliest of all."""
    listed = sorted(found)
    of_claim = [due for due in listed if due.stage == CLAIM]
    return next(iter(of_claim or listed), None)


def _dues(rule: Deadline, occasion: Occasion) -> Iterator[Due]:
    if rule.by_end_of is Stretch.OUTAGE:
        yield from (
            _due(rule, occasion, until=outage.end, outage_at=outage.start)
            for outage in occasion.outages
        )
    elif rule.by_end_of is Stretch.TERM:
        if occasion.term_ends_on is not None:
            yield _on(rule, occasion, occasion.term_ends_on)
    else:
        for start in _starts(rule.after, occasion):
            yield _counted(rule, occasion, start)


def _due(rule: Deadline, occasion: Occasion, *, until: int, outage_at: int | None) -> Due:
    """A deadline at an instant."""
    return Due(
        until=until,
        stage=rule.stage,
        last_day=occasion.day_of(until - 1),
        to_the_minute=True,
        outage_at=outage_at,
        rule=rule.says,
    )


def _on(rule: Deadline, occasion: Occasion, last: date, outage_at: int | None = None) -> Due:
    """A deadline at the end of a date."""
    return Due(
        until=end_of_day(min(last, LAST_DAY_WITH_AN_END), occasion.time_zone),
        stage=rule.stage,
        last_day=last,
        to_the_minute=False,
        outage_at=outage_at,
        rule=rule.says,
    )


def _counted(rule: Deadline, occasion: Occasion, start: _Start) -> Due:
    if rule.by_end_of is not None:
        last = _end_of(rule.by_end_of, rule.number or 0, start.day, occasion)
        return _on(rule, occasion, last, start.outage_at)
    if rule.unit is Unit.HOURS:
        begun = start.at if start.at is not None else end_of_day(start.day, occasion.time_zone)
        until = begun + rule.amount * HOUR_MS
        return _due(rule, occasion, until=until, outage_at=start.outage_at)
    last = _days_on(rule, occasion, start.day)
    if rule.last_day is LastDay.SAME_TIME and start.at is not None:
        until = _same_time(start.at, last, occasion.time_zone)
        return _due(rule, occasion, until=until, outage_at=start.outage_at)
    return _on(rule, occasion, last, start.outage_at)


def _days_on(rule: Deadline, occasion: Occasion, day: date) -> date:
    match rule.unit:
        case Unit.BUSINESS_DAYS:
            return business_days_after(day, rule.amount, holidays=occasion.holidays)
        case Unit.MONTHS:
            return _months_after(day, rule.amount)
        case _:
            return day + timedelta(days=rule.amount)


def _same_time(at: int, day: date, time_zone: str) -> int:
    """The time of day of an instant on another date; where clocks skip it, just after."""
    time = utc(at).astimezone(zone(time_zone)).time().replace(fold=0)
    return instant(datetime.combine(day, time, tzinfo=zone(time_zone)))


def _starts(anchor: Anchor, occasion: Occasion) -> Iterator[_Start]:
    last = occasion.last_day
    match anchor:
        case Anchor.MONTH_END | Anchor.ELIGIBILITY:
            yield _Start(last)
        case Anchor.QUARTER_END:
            yield _Start(_end_of(Stretch.QUARTER, 0, last, occasion))
        case Anchor.BILLING_CYCLE_END:
            yield _Start(_end_of(Stretch.BILLING_CYCLE, 0, last, occasion))
        case Anchor.FIRST_OUTAGE:
            yield _Start(_first_day(occasion))
        case Anchor.AWARENESS if occasion.aware_at is not None:
            yield _Start(occasion.day_of(occasion.aware_at), occasion.aware_at)
        case _:
            yield from _of_outages(anchor, occasion)


def _first_day(occasion: Occasion) -> date:
    """The date in the month on which its first outage began, or went on from the month before."""
    begins = occasion.month.first_day
    return max((begins, *(occasion.day_of(each.start) for each in occasion.outages[:1])))


def _of_outages(anchor: Anchor, occasion: Occasion) -> Iterator[_Start]:
    for outage in occasion.outages:
        at = outage.end if anchor is Anchor.INCIDENT_END else outage.start
        yield _Start(occasion.day_of(at), at, outage.start)


def _end_of(stretch: Stretch, number: int, day: date, occasion: Occasion) -> date:
    """The last date of the n-th stretch after the one that holds the date."""
    month, billing_day = ServiceMonth.of(day), occasion.billing_day
    match stretch:
        case Stretch.BILLING_CYCLE if billing_day > 1:
            begun = month if day >= _cycle_start(month, billing_day) else month.plus(-1)
            return _cycle_start(begun.plus(number + 1), billing_day) - timedelta(days=1)
        case Stretch.QUARTER:
            to_its_end = (occasion.quarters_from - 1 - month.month) % MONTHS_OF_A_QUARTER
            return month.plus(to_its_end + MONTHS_OF_A_QUARTER * number).last_day
        case _:
            return month.plus(number).last_day


def _cycle_start(month: ServiceMonth, billing_day: int) -> date:
    """The first date of the billing cycle that begins in a month."""
    return month.first_day.replace(day=min(billing_day, month.days))


def _months_after(day: date, number: int) -> date:
    """The same day of a later month, or its last one: 31 January and one month is 28 February."""
    later = ServiceMonth.of(day).plus(number)
    return later.first_day.replace(day=min(day.day, later.days))

"""Single outages, and the rules that need more of them than a length: reports, weights, days.

A contract may start its clock at the ticket, weigh an outage by the users that it hit, drop partial
minutes, count on business days alone, or know only the part of a period in which it ran. All of
that happens here, to outages that were measured or written down, in this order; what comes out is
the period as ladders are asked about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from models.business_days import is_business_day
from models.intervals import MINUTE_MS, Interval, IntervalSet, instant, utc
from models.ladder import Measured
from models.measurement import (
    ClockStarts,
    CountedOn,
    ExclusionMode,
    MeasurementTerms,
    PartialMinutes,
    PartialPeriod,
    WeightedBy,
)
from models.period import zone
from models.printing import duration_text, percent_text

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OutageFacts:
    """One outage as far as it counts, with what people recorded of it.

    Attributes:
        counted: What of it counts as downtime.
        affected: The share of users that it hit, 0 to 1.
        reported_at: When it was reported; None when nobody did.
        goes_on: Whether it is the rest of the outage before it, told apart because it hit others.
    """

    counted: IntervalSet
    affected: Fraction = Fraction(1)
    reported_at: int | None = None
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Refined:
    """A period after its outages were looked at one by one.

    Attributes:
        measured: The period; None when nothing of it is measurable.
        reasons: What was done, one sentence each.
    """

    measured: Measured | None
    reasons: tuple[str, ...] = ()


def needs_outages(terms: MeasurementTerms) -> bool:
    """Whether the terms ask for single outages at all."""
    return (
        terms.clock_starts is not ClockStarts.OUTAGE
        or terms.weighted_by is not WeightedBy.NOTHING
        or terms.partial_minutes is not PartialMinutes.COUNTED
        or terms.counted_on is not CountedOn.EVERY_DAY
    )


def refine(
    measured: Measured,
    outages: Sequence[OutageFacts],
    terms: MeasurementTerms,
    *,
    active: Interval | None = None,
) -> Refined:
    """The period by the rules that need single outages.

    Args:
        measured: The period as it was measured, with its bounds.
        outages: Its outages, disjoint and rising.
        terms: How the contract counts.
        active: The part of the period in which the contract ran; None for all of it.

    Raises:
        ValueError: The period's bounds are not known.
    """
    if measured.period is None:
        message = "outages are looked at one by one only in a period with bounds"
        raise ValueError(message)
    month = measured.period
    reasons: list[str] = []
    counted = [replace(one, counted=_reported(one, terms)) for one in outages]
    counted, closed = _on_days(counted, measured, month, terms)
    if terms.clock_starts is ClockStarts.REPORT:
        reasons.append("every outage counts from its report")
    if terms.counted_on is CountedOn.BUSINESS_DAYS:
        reasons.append("only business days count")
    if active is not None:
        counted = [replace(one, counted=one.counted.clip(active)) for one in counted]
    lost = closed | _inactive(month, active, terms)
    measurable = measured.measurable_seconds - Fraction(lost.length, 1000)
    if measurable <= 0:
        return Refined(None, ("no part of the period counts, so no time was measurable",))
    return _summed(measured, counted, measurable, terms, reasons)


def _reported(one: OutageFacts, terms: MeasurementTerms) -> IntervalSet:
    """What counts of an outage when the clock starts at its report; nothing without one."""
    if terms.clock_starts is ClockStarts.OUTAGE or not one.counted:
        return one.counted
    start, end = one.counted.spans[0][0], one.counted.spans[-1][1]
    at = end if one.reported_at is None else max(one.reported_at, start)
    return one.counted.clip(Interval(at, end)) if at < end else IntervalSet()


def _on_days(
    outages: list[OutageFacts], measured: Measured, month: Interval, terms: MeasurementTerms
) -> tuple[list[OutageFacts], IntervalSet]:
    """The outages on days that count, and what of the period leaves the divisor for that."""
    if terms.counted_on is CountedOn.EVERY_DAY:
        return outages, IntervalSet()
    closed = IntervalSet.rising(_closed_days(month, measured.time_zone, terms.holidays))
    open_ = [replace(one, counted=one.counted - closed) for one in outages]
    leaves = terms.exclusion_mode is ExclusionMode.LEAVES_BOTH_SIDES
    return open_, closed.clip(month) if leaves else IntervalSet()


def _closed_days(
    month: Interval, time_zone: str, holidays: str | None
) -> Iterator[tuple[int, int]]:
    day = utc(month.start).astimezone(zone(time_zone)).date()
    while (start := _midnight(day, time_zone)) < month.end:
        if not is_business_day(day, holidays=holidays):
            yield start, _midnight(day + DAY, time_zone)
        day += DAY


def _midnight(day: date, time_zone: str) -> int:
    return instant(datetime(day.year, day.month, day.day, tzinfo=zone(time_zone)))


def _inactive(month: Interval, active: Interval | None, terms: MeasurementTerms) -> IntervalSet:
    """What of the period leaves the divisor because the contract did not run then."""
    if active is None or terms.partial_period is not PartialPeriod.ACTIVE_PART:
        return IntervalSet()
    return IntervalSet.of([active]).complement(month)


def _summed(
    measured: Measured,
    outages: Sequence[OutageFacts],
    measurable: Fraction,
    terms: MeasurementTerms,
    reasons: list[str],
) -> Refined:
    kept = list(_whole_ones(outages))
    lengths = [_seconds(parts, terms) for parts in kept]
    down = min(sum(lengths, Fraction(0)), measurable)
    if terms.partial_minutes is PartialMinutes.DROPPED:
        reasons.append("partial minutes of each outage are dropped")
    if terms.weighted_by is WeightedBy.AFFECTED:
        reasons.append(f"weighed by who was affected, {duration_text(down)} count")
    uptime = 1 - down / measurable
    reasons.append(f"so uptime is {percent_text(uptime)} of {duration_text(measurable)}")
    found = replace(
        measured,
        uptime=uptime,
        down_seconds=down,
        measurable_seconds=measurable,
        outage_seconds=tuple(lengths),
        outage_starts=tuple(parts[0].counted.spans[0][0] for parts in kept),
        down=IntervalSet.of(span for parts in kept for one in parts for span in one.counted.spans),
    )
    return Refined(found, tuple(reasons))


def _whole_ones(outages: Sequence[OutageFacts]) -> Iterator[list[OutageFacts]]:
    """The counted parts of each outage; of one that nothing counts of, none."""
    joined: list[list[OutageFacts]] = []
    for one in outages:
        if one.goes_on and joined:
            joined[-1].append(one)
        else:
            joined.append([one])
    counted = ([part for part in parts if part.counted] for parts in joined)
    yield from (parts for parts in counted if parts)


def _seconds(parts: Sequence[OutageFacts], terms: MeasurementTerms) -> Fraction:
    """What counts of one outage; a dropped part of a minute hit whom the outage hit on average."""
    length = sum(one.counted.length for one in parts)
    weighted = terms.weighted_by is WeightedBy.AFFECTED
    hit = sum(
        (one.counted.length * (one.affected if weighted else Fraction(1)) for one in parts),
        Fraction(0),
    )
    dropped = length % MINUTE_MS if terms.partial_minutes is PartialMinutes.DROPPED else 0
    return hit * Fraction(length - dropped, length) / 1000

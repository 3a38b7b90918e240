"""Measure a checks file on its own: no contract, no workspace, nothing written.

This is what `makegood measure` runs, and what a contract's month does first, on the same engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.monitoring import Reading
from connectors.monitoring.checks_files import read_checks
from models.exclusion import ExclusionEvent, ExclusionKind, JudgedExclusion
from models.findings import refuse
from models.intervals import Interval, IntervalSet, utc, utc_text
from models.measurement import Duplicates, MeasurementTerms
from models.period import ServiceMonth
from models.uptime import MonthlyUptime, measure_uptime


@dataclass(frozen=True, slots=True)
class MeasuredMonitor:
    """One monitor's month."""

    monitor: str
    uptime: MonthlyUptime


def measure_checks(
    *,
    path: Path,
    month: ServiceMonth,
    time_zone: str,
    terms: MeasurementTerms,
    exclusions: Sequence[Interval],
    now: int,
) -> tuple[MeasuredMonitor, ...]:
    """Measure every monitor of a checks file in one month, by name.

    Args:
        path: CSV or Parquet with the columns monitor, region (optional), at, up.
        month: The service month; the running month is measured until `now`.
        time_zone: The IANA zone that the month lies in.
        terms: How to measure.
        exclusions: Time that leaves the sum.
        now: The present instant.

    Raises:
        UnusableInputError: The file cannot be used, or the month has not begun.
    """
    bounds = so_far(month, time_zone, now)
    reading = read_checks(
        path,
        gap_floor_ms=terms.stale_after_ms,
        better_wins=terms.conflicting_duplicates is Duplicates.BETTER_WINS,
        repeated=False,
    )
    judged = [_given(interval, bounds) for interval in exclusions]
    return tuple(_measured(reading, name, bounds, terms, judged) for name in _names(reading))


def so_far(month: ServiceMonth, time_zone: str, now: int) -> Interval:
    """The month's bounds, ending now when the month is still running.

    Raises:
        UnusableInputError: The month has not begun in that zone.
    """
    bounds = month.bounds(time_zone)
    if bounds.start >= now:
        raise refuse(
            "--month",
            f"is {month}, which begins at {utc_text(bounds.start)}, after now",
            expected="a month that has begun",
            remedy=f"Give a month up to {ServiceMonth.containing(now, time_zone)}.",
        )
    return Interval(bounds.start, min(bounds.end, now))


def _names(reading: Reading) -> list[str]:
    return sorted(reading.timelines)


def _measured(
    reading: Reading,
    name: str,
    bounds: Interval,
    terms: MeasurementTerms,
    exclusions: Sequence[JudgedExclusion],
) -> MeasuredMonitor:
    uptime = measure_uptime(
        monitors=[reading.timelines[name]], month=bounds, terms=terms, exclusions=exclusions
    )
    return MeasuredMonitor(name, uptime)


def _given(interval: Interval, bounds: Interval) -> JudgedExclusion:
    event = ExclusionEvent(
        id=str(interval),
        kind=ExclusionKind.AD_HOC,
        start=utc(interval.start),
        end=utc(interval.end),
        reason="given by --exclude",
    )
    applied = IntervalSet.of([interval]).clip(bounds)
    return JudgedExclusion(event, applied, (), f"{interval} is excluded: given by --exclude")

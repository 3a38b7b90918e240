"""Monthly uptime: from timelines, exclusions and measurement terms to an exact fraction.

The order of the steps is part of the contract's meaning and is written in `models/README.md`: the
probes' states, staleness, votes, the no-data policy, outages (`models.observed`), their minimum
length, exclusions, the sum (`models.tally`), and the account of it all (`models.account`). Time is
counted in whole milliseconds, or in whole measurement windows, and divided once, exactly. Nothing
here knows money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from models.account import reasons_of, withheld_because
from models.exclusion import JudgedExclusion
from models.facts.outages import OutageFacts
from models.intervals import Interval, IntervalSet
from models.ladder import Measured
from models.measurement import MeasurementTerms
from models.observed import Monitors, observe, stretch_of
from models.outage import Timeline
from models.outages import Outage, Outages
from models.service_period import ServicePeriod
from models.tally import effect_of, seconds, tallied
from models.windows import WindowCounts

__all__ = [
    "Monitors",
    "MonthlyUptime",
    "Outage",
    "WindowCounts",
    "counted_outages",
    "evidence_of",
    "measure_uptime",
    "measured_month",
]


@dataclass(frozen=True, slots=True)
class MonthlyUptime:
    """The measured month of one contract.

    Attributes:
        month: The service month's bounds.
        down: Time that counts as downtime, clipped to the month, exclusions taken out.
        excluded: Time taken out by exclusions (and by no-data policy `excluded`), in the month.
        unknown: Time without a known state that no policy resolved, in the month, not excluded.
        silent_ms: Time without a known state before any no-data policy; coverage is judged on it.
        outages: Every outage that touches the month, rising.
        windows: Window counts when the terms count windows; None when time is exact.
        up_units: Numerator of the uptime fraction (milliseconds or windows); without unknown ones.
        measured_units: Denominator; 0 when nothing was measurable.
        withheld: Why there is no uptime; "" when there is one.
        reasons: How it was measured, one sentence per step, in order.
    """

    month: Interval
    down: IntervalSet
    excluded: IntervalSet
    unknown: IntervalSet
    silent_ms: int
    outages: Outages
    windows: WindowCounts | None
    up_units: int
    measured_units: int
    withheld: str
    reasons: tuple[str, ...]

    @property
    def ratio(self) -> Fraction | None:
        """The exact uptime from 0 to 1; None when the month is withheld."""
        return None if self.withheld else Fraction(self.up_units, self.measured_units)

    @property
    def coverage(self) -> Fraction:
        """The share of the month with a known state, 0 to 1."""
        return 1 - Fraction(self.silent_ms, self.month.length)


def measure_uptime(
    *,
    monitors: Monitors,
    month: Interval,
    terms: MeasurementTerms,
    exclusions: Sequence[JudgedExclusion] = (),
) -> MonthlyUptime:
    """Measure one contract's month.

    Args:
        monitors: The contract's monitors, each as its regions' timelines. A monitor without any
            timeline is unknown all the time.
        month: The service month's bounds; for the running month they end now.
        terms: What counts as down, and what silence means.
        exclusions: Events held against the contract's rules; what they apply leaves the sum.

    Raises:
        ValueError: There is no monitor, or a timeline does not keep gaps as short as
            `stale_after_minutes`.
    """
    observed = observe(monitors, month, terms)
    effect = effect_of(exclusions, observed)
    tally = tallied(observed, effect)
    silent_ms = observed.voted.unknown.clip(month).length
    withheld = withheld_because(observed, tally, silent_ms)
    return MonthlyUptime(
        month=month,
        down=tally.down,
        excluded=tally.excluded,
        unknown=tally.unknown,
        silent_ms=silent_ms,
        outages=tally.outages,
        windows=tally.windows,
        up_units=tally.up_units,
        measured_units=tally.measured_units,
        withheld=withheld,
        reasons=reasons_of(observed, effect, tally, withheld),
    )


def evidence_of(
    *, monitors: Monitors, month: Interval, terms: MeasurementTerms
) -> tuple[tuple[Timeline, ...], ...]:
    """The slices of the timelines that a contract's month depends on, in the same places.

    They hold the month, the whole extent of outages that reach over its edges, what a carried state
    comes from, and the silences that make a state stale. Measuring them gives exactly what
    measuring the whole timelines gives. Other observations, and other contracts that need shorter
    silences, leave them, and so their digests, unchanged.
    """
    stretch = stretch_of(observe(monitors, month, terms))
    return tuple(
        tuple(timeline.keeping(terms.stale_after_ms).within(stretch) for timeline in regions)
        for regions in monitors
    )


def measured_month(
    uptime: MonthlyUptime, *, period: ServicePeriod, time_zone: str, affected: Fraction
) -> Measured | None:
    """The period as ladders ask for it; None when it is withheld.

    Where windows are counted, downtime is the failed windows at their full length, so that uptime
    and downtime tell one story; the lengths of single outages are exact in either mode.

    Args:
        uptime: The measured period.
        period: The calendar's name for it.
        time_zone: The contract's zone.
        affected: The share of the billable amount that its downtime touches, 0 to 1.
    """
    ratio = uptime.ratio
    if ratio is None:
        return None
    unit_ms = uptime.windows.length_ms if uptime.windows else 1
    return Measured(
        uptime=ratio,
        down_seconds=seconds((uptime.measured_units - uptime.up_units) * unit_ms),
        measurable_seconds=seconds(uptime.measured_units * unit_ms),
        period_seconds=seconds(uptime.month.length),
        days=period.days,
        outage_seconds=tuple(seconds(ms) for ms in uptime.outages.counted_ms if ms),
        affected_ratio=affected,
        outage_starts=tuple(
            max(start, uptime.month.start) for start in uptime.outages.counting_starts
        ),
        down=uptime.down,
        period=uptime.month,
        time_zone=time_zone,
        months=period.months,
    )


def counted_outages(uptime: MonthlyUptime) -> tuple[OutageFacts, ...]:
    """The outages as far as they count, for rules that look at them one by one."""
    found = (uptime.down.clip(o.whole) for o in uptime.outages.counting)
    return tuple(OutageFacts(counted) for counted in found)

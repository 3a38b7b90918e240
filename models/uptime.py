"""Monthly uptime: from timelines, exclusions and measurement terms to an exact fraction.

The order of the steps is part of the contract's meaning and is written in `models/README.md`. Time
is counted in whole milliseconds, or in whole measurement windows, and divided once, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from models.intervals import Interval, IntervalSet


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """Counted measurement windows of a month; errors are counted outside excluded windows."""

    total: int
    error: int
    excluded: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Outage:
    """One measured outage.

    Attributes:
        whole: From its start to its end, also outside the month and inside exclusions.
        counted_ms: Milliseconds of it that count as downtime of this month.
        ignored: Why nothing (or not all) of it counts, such as a minimum length; "" when all does.
    """

    whole: Interval
    counted_ms: int
    ignored: str = ""


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
        up_units: Numerator of the uptime fraction (milliseconds or windows).
        measured_units: Denominator; 0 when nothing was measurable.
        withheld: Why there is no uptime; "" when there is one.
        reasons: How it was measured, one sentence per step, in order.
    """

    month: Interval
    down: IntervalSet
    excluded: IntervalSet
    unknown: IntervalSet
    silent_ms: int
    outages: tuple[Outage, ...]
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

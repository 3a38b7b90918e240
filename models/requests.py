"""Counted requests: from how many there were and how many failed to states of a service.

What a service counts of itself corroborates what is seen from outside. A source brings windows of
counts; the rule here, and nothing in a connector, says when the service was down by them. Rates are
compared by cross-multiplication and never divided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Annotated

from pydantic import Field

from models.intervals import MINUTE_MS, Interval, IntervalSet
from models.outage import State, Timeline
from models.terms import Exact, Minutes, Terms, Whole

Change = tuple[int, State]
"""From this instant on, this state."""


class QuietCounts(StrEnum):
    """What a window with too few requests says: nothing, or that the service was up."""

    UNKNOWN = "unknown"
    UP = "up"


class RequestRule(Terms):
    """When counted requests mean that a service was down.

    Attributes:
        error_rate_percent: Down when more than this share of the requests failed; a share of
            exactly this much is still up.
        for_minutes: And for at least so long without a break; shorter stretches are up. Down time
            counts from the first failing window.
        least_requests: A window with fewer requests says nothing against the service.
        quiet_counts: What such a window says instead.
    """

    error_rate_percent: Annotated[Exact, Field(ge=0, lt=100)]
    for_minutes: Minutes = Decimal(1)
    least_requests: Annotated[Whole, Field(ge=1)] = 1
    quiet_counts: QuietCounts = QuietCounts.UNKNOWN


@dataclass(frozen=True, slots=True, order=True)
class RequestWindow:
    """Requests counted over a stretch of time.

    Attributes:
        at: Where the stretch starts, inclusive.
        length_ms: How long it is, at least 1.
        total: Requests in it; servers that extrapolate count parts of one.
        failed: Those that failed. There may be more than `total` where a service counts what it
            turned away as failed alone.
    """

    at: int
    length_ms: int
    total: Decimal
    failed: Decimal

    def __post_init__(self) -> None:
        """Refuse to exist without time, or with counts that nobody can have counted."""
        counts = (self.total, self.failed)
        if self.length_ms < 1 or any(not n.is_finite() or n < 0 for n in counts):
            message = f"requests cannot be counted so: {self}"
            raise ValueError(message)

    @property
    def end(self) -> int:
        """Where the stretch ends, exclusive."""
        return self.at + self.length_ms

    @property
    def seen(self) -> Decimal:
        """Requests that anybody counted."""
        return max(self.total, self.failed)


def states_of(windows: Iterable[RequestWindow], rule: RequestRule) -> tuple[Change, ...]:
    """What counted requests say of a service, as changes of state, rising; neighbours differ.

    A window's verdict holds for all of it. Time that no window covers is unknown, so the last
    change is always to unknown. A failing stretch that is too short is up only when the unknown
    time that it touches could not make it long enough; otherwise it is unknown itself.

    Args:
        windows: In any order; equal ones count once.
        rule: When the service was down.

    Raises:
        ValueError: Two different windows overlap.

    >>> counted = [RequestWindow(0, 60_000, Decimal(200), Decimal(3))]
    >>> states_of(counted, RequestRule(error_rate_percent=Decimal(1)))
    ((0, <State.DOWN: 3>), (60000, <State.UNKNOWN: 0>))
    """
    rising = sorted(set(windows))
    overlap = next(((a, b) for a, b in pairwise(rising) if a.end > b.at), None)
    if overlap is not None:
        message = f"windows of counted requests overlap: {overlap[0]} and {overlap[1]}"
        raise ValueError(message)
    return tuple(_changes(rising, rule))


def timeline_of(
    windows: Iterable[RequestWindow],
    rule: RequestRule,
    *,
    monitor: str,
    region: str = "",
    gap_floor_ms: int | None = None,
) -> Timeline:
    """The timeline of counted requests. Silence is unknown at once in it, so it has no gaps.

    Raises:
        ValueError: Two different windows overlap.
    """
    counted = tuple(windows)
    return Timeline(
        monitor,
        region,
        states_of(counted, rule),
        gap_floor_ms=gap_floor_ms,
        last_observed_at=max((window.end for window in counted), default=None),
    )


def _changes(rising: Sequence[RequestWindow], rule: RequestRule) -> Iterator[Change]:
    if not rising:
        return
    told = Interval(rising[0].at, rising[-1].end)
    verdicts = [(window, _verdict(window, rule)) for window in rising]
    failing, fine = (_time_in(verdicts, state) for state in (State.DOWN, State.UP))
    around = _around(told, rule)
    unseen = (failing | fine).complement(around)
    down = _long_enough(failing, rule)
    doubted = failing & _long_enough(failing | unseen, rule)
    unknown = ((unseen | doubted) - down).clip(Interval(told.start, around.end))
    up = (down | unknown).complement(told)
    named = ((down, State.DOWN), (unknown, State.UNKNOWN), (up, State.UP))
    yield from sorted((start, state) for time, state in named for start, _ in time.spans)


def _around(told: Interval, rule: RequestRule) -> Interval:
    """What is told of, and beside it so much unseen time that no stretch there is too short."""
    reach = ceil(_least_ms(rule))
    return Interval(told.start - reach, told.end + reach)


def _least_ms(rule: RequestRule) -> Fraction:
    return Fraction(rule.for_minutes) * MINUTE_MS


def _verdict(window: RequestWindow, rule: RequestRule) -> State:
    """What one window says by itself: too much failed, not too much failed, or nothing."""
    if window.seen < rule.least_requests:
        return State.UP if rule.quiet_counts is QuietCounts.UP else State.UNKNOWN
    bound = Fraction(rule.error_rate_percent) * Fraction(window.seen)
    return State.DOWN if Fraction(window.failed) * 100 > bound else State.UP


def _time_in(verdicts: Iterable[tuple[RequestWindow, State]], sought: State) -> IntervalSet:
    return IntervalSet.rising((w.at, w.end) for w, state in verdicts if state is sought)


def _long_enough(time: IntervalSet, rule: RequestRule) -> IntervalSet:
    least = _least_ms(rule)
    return IntervalSet(tuple(span for span in time.spans if span[1] - span[0] >= least))

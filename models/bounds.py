"""Uptime as an interval: how much better or worse the month may really have been.

A probe looks only now and then, falls silent, and may disagree with others. What it saw gives one
uptime; what it cannot have seen gives a lower and an upper bound. The month is measured twice more
by the contract's own terms: once with every doubt taken as downtime, once with none of it. Nothing
here decides money; `models.case` asks what the month would earn at both ends.

An outage that began and ended between two looks of a probe leaves no trace and is in no bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from models.exclusion import JudgedExclusion
from models.intervals import Interval
from models.ladder import floor_percent
from models.measurement import Disagreement, DownWhen, MeasurementTerms, NoData
from models.observed import Monitors
from models.outage import State, Timeline
from models.uptime import MonthlyUptime, measure_uptime

BAD = frozenset({State.DOWN, State.DEGRADED})


@dataclass(frozen=True, slots=True)
class UptimeBounds:
    """The ends between which the uptime lies, each as a whole measurement.

    Attributes:
        worst: Every doubt is taken as downtime.
        best: None of it is.
        reasons: Where the doubt comes from, one sentence each; empty when there is none.
    """

    worst: MonthlyUptime
    best: MonthlyUptime
    reasons: tuple[str, ...] = ()

    @property
    def doubtful(self) -> bool:
        """Whether the two ends differ, or one of them has no uptime."""
        return self.worst.ratio is None or self.worst.ratio != self.best.ratio

    @property
    def text(self) -> str:
        """Both ends as percentages; "" when one of them has none."""
        if self.worst.ratio is None or self.best.ratio is None:
            return ""
        worst, best = floor_percent(self.worst.ratio), floor_percent(self.best.ratio)
        return f"{worst} % to {best} %"


def uptime_bounds(
    *,
    monitors: Monitors,
    month: Interval,
    terms: MeasurementTerms,
    exclusions: Sequence[JudgedExclusion],
    measured: MonthlyUptime,
) -> UptimeBounds:
    """The bounds of a measured month.

    Args:
        monitors: What was measured, as in `measure_uptime`.
        month: The service month.
        terms: How it was measured.
        exclusions: What left the sum.
        measured: The measurement itself, which lies between the bounds.
    """
    reasons = tuple(_doubts(monitors, terms, measured))
    if not reasons:
        return UptimeBounds(measured, measured)
    ends = [
        measure_uptime(
            monitors=[[_taken(t, worst=worst) for t in regions] for regions in monitors],
            month=month,
            terms=_terms(terms, worst=worst),
            exclusions=exclusions,
        )
        for worst in (True, False)
    ]
    # An exclusion that forgives whole outages can turn the two around.
    ends = sorted([*ends, *([] if measured.ratio is None else [measured])], key=_uptime)
    return UptimeBounds(ends[0], ends[-1], reasons)


def _uptime(measured: MonthlyUptime) -> Fraction:
    return Fraction(-1) if measured.ratio is None else measured.ratio


def _doubts(monitors: Monitors, terms: MeasurementTerms, measured: MonthlyUptime) -> list[str]:
    found = []
    probes = [timeline for regions in monitors for timeline in regions]
    longest = max((max(t.unseen_ms, default=0) for t in probes), default=0)
    if longest:
        found.append(f"a change of state went unseen for up to {_spelled(longest)}")
    if measured.silent_ms:
        found.append(f"{_spelled(measured.silent_ms)} has no known state")
    if len(probes) > 1 and terms.disagreement is Disagreement.WIDENS:
        found.append("probes may disagree, and each may be right")
    return found


def _spelled(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds} s" if not rest else f"{milliseconds} ms"


def _terms(terms: MeasurementTerms, *, worst: bool) -> MeasurementTerms:
    """The same terms with unknown time, and where it is agreed disagreement, taken one way."""
    taken: dict[str, object] = {"no_data": NoData.DOWN if worst else NoData.UP}
    if terms.disagreement is Disagreement.WIDENS:
        rule = DownWhen.ANY if worst else DownWhen.ALL
        taken |= {"regions_down_when": rule, "monitors_down_when": rule}
    return terms.model_copy(update=taken)


def _taken(timeline: Timeline, *, worst: bool) -> Timeline:
    """The timeline with each change where it makes the most, or the least, downtime.

    A fall is first seen late, so at worst it happened just after the last look before; a recovery
    is seen late as well, so at best it happened then.
    """
    if not any(timeline.unseen_ms):
        return timeline
    moved = [timeline.changes[0]]
    steps = zip(pairwise(timeline.changes), timeline.unseen_ms[1:], strict=True)
    for ((_, was), (at, now)), unseen in steps:
        earlier = at - unseen if (_severity(now) > _severity(was)) is worst else at
        moved.append((max(earlier, moved[-1][0]), now))
    return replace(timeline, changes=tuple(_standing(moved)), unseen_ms=())


def _severity(state: State) -> int:
    return int(state in BAD) * int(state)


def _standing(moved: Sequence[tuple[int, State]]) -> list[tuple[int, State]]:
    """Only the last of the changes at one instant, and only changes."""
    last = dict(moved)
    kept: list[tuple[int, State]] = []
    for at, state in last.items():
        if not kept or kept[-1][1] is not state:
            kept.append((at, state))
    return kept

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

import numpy as np
from numpy.typing import NDArray

from models.changes import Changes
from models.exclusion import JudgedExclusion
from models.intervals import Interval
from models.ladder import floor_percent
from models.measurement import Disagreement, DownWhen, MeasurementTerms, NoData, QuorumBase
from models.observed import Monitors
from models.outage import State, Timeline
from models.spans import Line, Spans
from models.uptime import MonthlyUptime, measure_uptime

AT_WORST = np.array([State.DOWN, 0, State.DEGRADED, State.DOWN], np.int8)
AT_BEST = np.array([0, 0, State.DEGRADED, State.DOWN], np.int8)
"""How bad each state is; what a probe could not tell is as bad as can be at worst."""


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
            monitors=[_assumed(regions, month, terms, worst=worst) for regions in monitors],
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
    longest = max((t.unseen.longest for t in probes), default=0)
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


def _assumed(
    regions: Sequence[Timeline], month: Interval, terms: MeasurementTerms, *, worst: bool
) -> list[Timeline]:
    """A monitor's timelines with every doubt taken one way.

    Where only reporting regions vote, the contract has decided what one silent region among others
    means, and its silence is no doubt.
    """
    decided = terms.quorum_base is QuorumBase.REPORTING and len(regions) > 1
    stale = None if decided else terms.stale_after_ms
    return [_taken(line, _silences(line, month, stale), worst=worst) for line in regions]


def _silences(timeline: Timeline, month: Interval, stale_ms: int | None) -> list[Interval]:
    """The silences that make a state stale, each from its last look on, within what is known."""
    last = timeline.last_observed_at
    if stale_ms is None or last is None:
        return []
    begin = timeline.changes[0][0]
    end = max(month.end, timeline.ends_at or month.end)
    silences = [g for g in timeline.gaps if g.length > stale_ms and g.end > begin]
    silences += [Interval(last, end)] if last + stale_ms < end else []
    return [Interval(max(silence.start, begin), silence.end) for silence in silences]


def _taken(timeline: Timeline, silences: Sequence[Interval], *, worst: bool) -> Timeline:
    """The timeline with each change where it makes the most, or the least, downtime.

    A fall is first seen late, so at worst it happened just after the last look before; a recovery
    is seen late as well, so at best it happened then. Whatever happened in a silence may have begun
    with it, and not only when the state was stale.
    """
    if not silences and not timeline.unseen.longest:
        return timeline
    moved = _moved(timeline, worst=worst)
    if silences:
        moved = _overlaid(moved, timeline, silences, State.DOWN if worst else State.UP)
    return replace(timeline, changes=_standing(moved), unseen_ms=())


def _moved(timeline: Timeline, *, worst: bool) -> Changes:
    changes, unseen = timeline.columns, timeline.unseen
    if not unseen:
        return changes
    severity = (AT_WORST if worst else AT_BEST)[changes.states]
    fell = np.append(not worst, severity[1:] > severity[:-1])
    earlier = np.where(fell == worst, changes.at - unseen.ms, changes.at)
    return Changes(np.maximum.accumulate(earlier), changes.states)


def _overlaid(
    moved: Changes, timeline: Timeline, silences: Sequence[Interval], state: State
) -> Changes:
    """The changes with one state in all silences, and what was seen at the end of each."""
    last, seen = timeline.last_observed_at or 0, timeline.columns
    ends = [(s.end, seen.state_at(s.end)) for s in silences if s.end <= last]
    begun = [(silence.start, state) for silence in silences]
    heard = ~_lie_in(silences, moved.at)
    parts = [Changes.of(ends), Changes(moved.at[heard], moved.states[heard]), Changes.of(begun)]
    at = np.concatenate([part.at for part in parts])
    # Of several at one instant the last stands: a silence that begins where another one ends.
    order = np.argsort(at, kind="stable")
    return Changes(at[order], np.concatenate([part.states for part in parts])[order])


def _lie_in(silences: Sequence[Interval], at: Line) -> NDArray[np.bool_]:
    """Whether each instant lies in one of the rising silences."""
    line = Spans.rising([(silence.start, silence.end) for silence in silences])
    place = np.searchsorted(line.starts, at, side="right") - 1
    return np.asarray((place >= 0) & (at < line.ends[place]), dtype=bool)


def _standing(moved: Changes) -> Changes:
    """Only the last of the changes at one instant, and only changes."""
    last = np.append(moved.at[1:] != moved.at[:-1], True)
    at, states = moved.at[last], moved.states[last]
    turns = np.append(True, states[1:] != states[:-1])
    return Changes(at[turns], states[turns])

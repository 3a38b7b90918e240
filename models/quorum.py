"""Votes: where a monitor stands by its regions, and a service by its monitors.

The third step of measuring, after staleness and before the no-data policy. A voter is down, up,
unknown or absent, and so is the whole. Nothing is guessed here: a vote that unknown voters could
still turn either way is unknown. What unknown time means is decided later, by the contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.intervals import Interval, IntervalSet
from models.measurement import DegradedCounts, DownWhen, QuorumBase
from models.outage import State, Timeline
from models.spans import Line, Spans

NOTHING = IntervalSet()
Verdicts = NDArray[np.int8]
UP, DOWN, UNKNOWN, ABSENT = range(4)
"""What a vote says about a stretch of time."""

Rule = DownWhen | int
"""How many voters must be down: any, the majority, all, or a whole number of them."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one voter, or a whole, stands over a horizon: three disjoint sets, and up elsewhere.

    Attributes:
        down: Known to be down.
        unknown: Neither known to be down nor known to be up.
        absent: Has no vote, because every part of it was taken out of the vote.
    """

    down: IntervalSet = NOTHING
    unknown: IntervalSet = NOTHING
    absent: IntervalSet = NOTHING

    def without(self, time: IntervalSet) -> Standing:
        """The same voter, without a vote during a time."""
        if not time:
            return self
        return Standing(self.down - time, self.unknown - time, self.absent | time)


def standing_of(
    timeline: Timeline, *, horizon: Interval, degraded: DegradedCounts, stale_after_ms: int | None
) -> Standing:
    """Where one probe stands: the state of its last observation, unless that is stale.

    Before its first observation a probe is unknown. It becomes unknown `stale_after_ms` after an
    observation that no other one has followed, until the next.

    Args:
        timeline: The probe's timeline; all its changes lie inside the horizon.
        horizon: The time to answer for.
        degraded: What a degraded state counts as.
        stale_after_ms: Silence after which a state is stale; None never.

    Raises:
        ValueError: The timeline does not keep gaps as short as that.
    """
    silence = _silence(timeline, horizon, stale_after_ms)
    said_down = (State.DOWN, State.DEGRADED) if degraded is DegradedCounts.DOWN else (State.DOWN,)
    down = _time_in(timeline, horizon, said_down)
    unknown = _time_in(timeline, horizon, (State.UNKNOWN,))
    return Standing(down - silence, unknown | silence)


def vote(
    voters: Sequence[Standing], *, down_when: Rule, base: QuorumBase, horizon: Interval
) -> Standing:
    """Where the whole stands.

    With base `all` every voter that has a vote counts, and the whole is down when enough are known
    to be down, up when even the unknown ones could not make enough, and unknown otherwise. With
    base `reporting` only voters with a known state count; with none of them it is unknown, and also
    with fewer than a `down_when` that is a whole number. The majority is strictly more than half.

    >>> up, down = Standing(), Standing(IntervalSet(((0, 5),)))
    >>> rule = {"down_when": DownWhen.MAJORITY, "base": QuorumBase.ALL, "horizon": Interval(0, 9)}
    >>> vote([down, down, up], **rule).down.spans, vote([down, up], **rule).down.spans
    (((0, 5),), ())
    """
    if not voters:
        return Standing(unknown=IntervalSet(((horizon.start, horizon.end),)))
    if len(voters) == 1 and down_when in (*DownWhen, 1):
        return voters[0]
    at, down, unknown, absent = _counted(voters, horizon)
    present = len(voters) - absent
    verdicts = judged(present, down, unknown, down_when=down_when, base=base)
    verdicts[present == 0] = ABSENT
    found = [_stretches(at, verdicts == verdict) for verdict in (DOWN, UNKNOWN, ABSENT)]
    return Standing(*found)


def _silence(timeline: Timeline, horizon: Interval, stale_after_ms: int | None) -> IntervalSet:
    """Time before the first observation, and time in which the last one is stale."""
    if not timeline.changes or timeline.last_observed_at is None:
        return IntervalSet(((horizon.start, horizon.end),))
    first = timeline.changes[0][0]
    before = [(horizon.start, first)] if horizon.start < first else []
    if stale_after_ms is None:
        return IntervalSet.rising(before)
    if timeline.gap_floor_ms is None or timeline.gap_floor_ms > stale_after_ms:
        message = (
            f"the timeline of {timeline.monitor!r} keeps silences from {timeline.gap_floor_ms} ms, "
            f"but its states are stale after {stale_after_ms} ms"
        )
        raise ValueError(message)
    silent = [(gap.start + stale_after_ms, gap.end) for gap in timeline.gaps]
    silent.append((timeline.last_observed_at + stale_after_ms, horizon.end))
    stale = IntervalSet.rising(piece for piece in silent if piece[0] < piece[1])
    return IntervalSet.rising(before) | stale.clip(horizon)


def _time_in(timeline: Timeline, horizon: Interval, states: Sequence[State]) -> IntervalSet:
    changes = timeline.columns
    chosen = changes.states == states[0]
    for state in states[1:]:
        chosen |= changes.states == state
    return _stretches(np.append(changes.at, horizon.end), chosen)


def _stretches(edges: Line, chosen: NDArray[np.bool_]) -> IntervalSet:
    """The chosen ones of the stretches between neighbouring edges."""
    return IntervalSet.on(Spans.of(edges[:-1][chosen], edges[1:][chosen]))


def judged(
    present: Line, down: Line, unknown: Line, *, down_when: Rule, base: QuorumBase
) -> Verdicts:
    """The verdict over each count of voters, of whom so many are down, and so many unknown."""
    every = base is QuorumBase.ALL
    voting = present if every else present - unknown
    needed = _needed(down_when, voting)
    if every:
        hidden = down + unknown >= needed
    else:
        hidden = (voting == 0) | ((voting < needed) & (needed <= present))
    is_down = (down >= needed) & (every | ~hidden)
    return np.where(is_down, DOWN, np.where(hidden, UNKNOWN, UP)).astype(np.int8)


def _needed(down_when: Rule, voters: Line) -> Line:
    """How many down voters make the whole down."""
    match down_when:
        case DownWhen.ANY:
            return np.ones_like(voters)
        case DownWhen.MAJORITY:
            return voters // 2 + 1
        case DownWhen.ALL:
            return voters
        case _:
            return np.full_like(voters, int(down_when))


def _counted(voters: Sequence[Standing], horizon: Interval) -> tuple[Line, Line, Line, Line]:
    """The horizon cut wherever a count changes: edges, and down, unknown, absent in between."""
    at, change = _turns(voters, horizon)
    order = np.argsort(at, kind="stable")
    at, level = at[order], np.cumsum(change[order])
    # Of several changes at one instant, the level after the last one stands.
    last = np.append(at[1:] != at[:-1], True) & (at >= horizon.start)
    level = level[last][:-1]
    counts = [(level >> shift) & COUNT_MASK for shift in (0, COUNT_BITS, 2 * COUNT_BITS)]
    return at[last], counts[0], counts[1], counts[2]


COUNT_BITS = 20
COUNT_MASK = (1 << COUNT_BITS) - 1
"""Three counts of voters are summed as one whole number, which has room for a million of each."""


def _turns(voters: Sequence[Standing], horizon: Interval) -> tuple[Line, Line]:
    """Every instant at which a count changes, by how much; and both ends of the horizon."""
    at: list[Line] = [np.array([horizon.start, horizon.end])]
    change: list[Line] = [np.zeros(2, np.int64)]
    for voter in voters:
        for place, time in enumerate((voter.down, voter.unknown, voter.absent)):
            if time:
                one = 1 << place * COUNT_BITS
                at += [time.line.starts, time.line.ends]
                change.append(np.repeat(np.array([one, -one]), len(time)))
    return np.concatenate(at), np.concatenate(change)

"""Votes: where a monitor stands by its regions, and a service by its monitors.

The third step of measuring, after staleness and before the no-data policy. A voter is down, up,
unknown or absent, and so is the whole. Nothing is guessed here: a vote that unknown voters could
still turn either way is unknown. What unknown time means is decided later, by the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from models.intervals import Interval, IntervalSet
from models.measurement import DegradedCounts, DownWhen, QuorumBase
from models.outage import State, Timeline

NOTHING = IntervalSet()

Rule = DownWhen | int
"""How many voters must be down: any, the majority, all, or a whole number of them."""


class Verdict(Enum):
    """What a vote says about one instant."""

    UP = auto()
    DOWN = auto()
    UNKNOWN = auto()
    ABSENT = auto()


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
    over = _over_all if base is QuorumBase.ALL else _over_reporting
    spans = list(_judged(voters, partial(over, down_when), horizon))
    return Standing(
        down=_where(spans, Verdict.DOWN),
        unknown=_where(spans, Verdict.UNKNOWN),
        absent=_where(spans, Verdict.ABSENT),
    )


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
    changes = timeline.changes
    ends = [at for at, _ in changes[1:]] + [horizon.end]
    return IntervalSet.rising(
        (at, end) for (at, state), end in zip(changes, ends, strict=False) if state in states
    )


def _over_all(down_when: Rule, voters: int, down: int, unknown: int) -> Verdict:
    needed = _needed(down_when, voters)
    if down >= needed:
        return Verdict.DOWN
    return Verdict.UNKNOWN if down + unknown >= needed else Verdict.UP


def _over_reporting(down_when: Rule, voters: int, down: int, unknown: int) -> Verdict:
    reporting = voters - unknown
    needed = _needed(down_when, reporting)
    if reporting == 0 or reporting < needed <= voters:
        return Verdict.UNKNOWN
    return Verdict.DOWN if down >= needed else Verdict.UP


def _needed(down_when: Rule, voters: int) -> int:
    """How many down voters make the whole down."""
    match down_when:
        case DownWhen.ANY:
            return 1
        case DownWhen.MAJORITY:
            return voters // 2 + 1
        case DownWhen.ALL:
            return voters
        case _:
            return int(down_when)


def _judged(
    voters: Sequence[Standing], judge: Callable[[int, int, int], Verdict], horizon: Interval
) -> Iterator[tuple[int, int, Verdict]]:
    """Stretches of the horizon between changes of the count, each with its verdict."""
    present, down, unknown = len(voters), 0, 0
    verdicts: dict[tuple[int, int, int], Verdict] = {}
    start = horizon.start
    for at, more_down, more_unknown, more_absent in _turns(voters, horizon):
        if at > start:
            counts = (present, down, unknown)
            if counts not in verdicts:
                verdicts[counts] = judge(*counts) if present else Verdict.ABSENT
            yield start, at, verdicts[counts]
            start = at
        down, unknown, present = down + more_down, unknown + more_unknown, present - more_absent


def _turns(voters: Sequence[Standing], horizon: Interval) -> list[tuple[int, int, int, int]]:
    """Every instant at which a count changes: instant, and change of down, unknown and absent."""
    turns = [(horizon.end, 0, 0, 0)]
    for voter in voters:
        for start, end in voter.down.spans:
            turns += [(start, 1, 0, 0), (end, -1, 0, 0)]
        for start, end in voter.unknown.spans:
            turns += [(start, 0, 1, 0), (end, 0, -1, 0)]
        for start, end in voter.absent.spans:
            turns += [(start, 0, 0, 1), (end, 0, 0, -1)]
    return sorted(turns)


def _where(spans: Sequence[tuple[int, int, Verdict]], sought: Verdict) -> IntervalSet:
    return IntervalSet.rising((start, end) for start, end, verdict in spans if verdict is sought)

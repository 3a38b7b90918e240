"""What a source that is asked has answered: its runs, united with what it answered before.

Vendors forget, and what they tell at the edges of an answer is less certain than what lies inside.
So an answer stands where it was asked for and something was seen; what was answered before stands
where that was asked for; the rest is told by whoever tells it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter

from models.intervals import MINUTE_MS, Interval, IntervalSet
from models.outage import State, Timeline
from models.runs import Run

Told = Mapping[str, Sequence[Run]]
"""A monitor's runs by region, each in the order of time."""

BESIDE_MS = 31 * 1440 * MINUTE_MS
"""What is answered further from what was asked for counts for less than what was answered before:
a source may not have looked there."""

ALWAYS = IntervalSet(((-(1 << 62), 1 << 62),))


def told_by(timelines: Iterable[Timeline], *, floor_ms: int) -> dict[str, tuple[Run, ...]]:
    """The runs of a monitor's timelines, by region.

    `models.runs.Runs.timelines` makes the same timelines of them, with how long each change went
    unseen said of every one; how often the probe looks and its signal are not told by runs.

    Args:
        timelines: One for each region.
        floor_ms: Silences of at least this length are their gaps.
    """
    return {line.region: tuple(_runs_of(line, floor_ms)) for line in timelines}


def _runs_of(line: Timeline, floor_ms: int) -> Iterator[Run]:
    """A run begins with each change and after each gap, and ends with the last look before."""
    if line.last_observed_at is None:
        return
    unseen = line.unseen_ms or (0,) * len(line.changes)
    begins = {
        at: (state, at - silent, silent >= floor_ms)
        for (at, state), silent in zip(line.changes, unseen, strict=True)
    }
    for gap in line.gaps:
        begins[gap.end] = (_state_at(line, gap.end), gap.start, False)
    rising = sorted(begins.items())
    for (at, (state, _, unbroken)), (_, (_, last, _)) in pairwise(rising):
        yield Run(at, max(last, at), state, unbroken)
    at, (state, _, unbroken) = rising[-1]
    yield Run(at, max(line.last_observed_at, at), state, unbroken)


def _state_at(line: Timeline, at: int) -> State:
    return line.changes[bisect_right(line.changes, at, key=itemgetter(0)) - 1][1]


def beside(span: Interval) -> Interval:
    """What is asked for, and what lies so near that an answer tells of it as well."""
    return Interval(span.start - BESIDE_MS, span.end + BESIDE_MS)


def seen_in(runs: Sequence[Run]) -> IntervalSet:
    """From the first look that saw anything to the last one."""
    seen = [run for run in runs if run.state is not State.UNKNOWN]
    if not seen:
        return IntervalSet()
    return IntervalSet.of([(seen[0].first, seen[-1].last + 1)])


def united(
    kept: Told, fresh: Told, *, asked: IntervalSet, span: Interval, floor_ms: int
) -> dict[str, tuple[Run, ...]]:
    """What was answered now and before, by region.

    Args:
        kept: What was answered before.
        fresh: What is answered now.
        asked: What was asked for before.
        span: What is asked for now.
        floor_ms: Silences of at least this length end a run.
    """
    now, near = IntervalSet.of([span]), IntervalSet.of([beside(span)])
    made = {}
    for region in sorted({*kept, *fresh}):
        mine, before = fresh.get(region, ()), kept.get(region, ())
        layers = (
            (mine, seen_in(mine) & now),
            (before, seen_in(before) & asked),
            (mine, seen_in(mine) & near),
            (before, seen_in(before)),
            (mine, _reach(mine)),
            (before, ALWAYS),
        )
        made[region] = _layered(layers, floor_ms)
    return made


def lent(kept: Told, fresh: Told, *, asked: IntervalSet, span: Interval) -> IntervalSet:
    """The time that is asked for and seen only in what was answered before."""
    now, told = IntervalSet.of([span]) & asked, IntervalSet()
    for region, runs in kept.items():
        told |= (seen_in(runs) & now) - seen_in(fresh.get(region, ()))
    return told


def _reach(runs: Sequence[Run]) -> IntervalSet:
    return IntervalSet.of([(runs[0].first, runs[-1].last + 1)]) if runs else IntervalSet()


def _layered(layers: Iterable[tuple[Sequence[Run], IntervalSet]], floor_ms: int) -> tuple[Run, ...]:
    """The runs of several layers, each where none of those before it tells."""
    free, pieces = ALWAYS, []
    for runs, where in layers:
        pieces += [(piece, runs) for piece in where & free]
        free -= where
    pieces.sort(key=lambda pair: pair[0])
    return joined((run for piece, runs in pieces for run in _cut(runs, piece)), floor_ms=floor_ms)


def within(runs: Sequence[Run], where: IntervalSet, *, floor_ms: int) -> tuple[Run, ...]:
    """The runs inside some stretches, cut at their edges."""
    return joined((run for piece in where for run in _cut(runs, piece)), floor_ms=floor_ms)


def _cut(runs: Sequence[Run], piece: Interval) -> Iterator[Run]:
    for run in runs:
        if run.first < piece.end and run.last >= piece.start:
            first, last = max(run.first, piece.start), min(run.last, piece.end)
            yield Run(first, last, run.state, run.unbroken and first == run.first)


def joined(runs: Iterable[Run], *, floor_ms: int) -> tuple[Run, ...]:
    """Runs in the order of time, those of one state as one where no gap lies between."""
    made: list[Run] = []
    for run in runs:
        if made and made[-1].first == run.first:
            # A run was cut where the next one begins, and no time is left of it.
            made.pop()
        last = made[-1] if made else None
        if last and last.state is run.state and run.first - last.last < floor_ms:
            made[-1] = last._replace(last=max(last.last, run.last))
        else:
            made.append(run)
    return tuple(made)


def retold(kept: Told, now: Told, where: IntervalSet, *, floor_ms: int) -> bool:
    """Whether a stretch is told otherwise than before, and not only for longer.

    Args:
        kept: What was answered before.
        now: What is known now.
        where: What was asked for both times.
        floor_ms: The silences that both tell of.
    """
    for region, before in kept.items():
        seen = [(piece.start, piece.end - 1) for piece in seen_in(before)]
        both = where & IntervalSet.of(seen)
        told = [_plain(within(runs, both, floor_ms=floor_ms)) for runs in (before, now[region])]
        if told[0] != told[1]:
            return True
    return False


def _plain(runs: Iterable[Run]) -> list[tuple[int, int, State]]:
    return [(run.first, run.last, run.state) for run in runs]

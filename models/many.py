"""Many contracts' months at once, from exact runs: the sums of `models.uptime.measure_uptime`.

The same steps in the same order, done for all contracts of equal terms together: states, staleness,
votes, the no-data policy, minimum lengths, exclusions, the sum. Only sums come out, as whole
numbers; what a person is told about a single month is `measure_uptime`'s to say. Terms that are
rare are measured by it as well, so that every contract gets its answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from numpy.typing import NDArray

from models.exclusion import JudgedExclusion
from models.intervals import MINUTE_MS, Interval, IntervalSet
from models.measurement import (
    CountsFrom,
    DegradedCounts,
    DownWhen,
    ExclusionMode,
    JudgedBy,
    LastWindow,
    MeasurementTerms,
    MinimumOutage,
    NoData,
    PartialOverlap,
    Reaches,
    UnknownInOutage,
    WindowFails,
)
from models.outage import State, Timeline
from models.quorum import DOWN, UNKNOWN, UP, judged
from models.runs import Runs
from models.spans import Line, Spans
from models.tally import union
from models.uptime import MonthlyUptime, measure_uptime

LONG_AGO = -(1 << 55)
NEVER = 1 << 44
"""Instants before and after every month; the later one lies in the year 2527."""
MONITORS_AT_ONCE = 128
CHANGE_BITS = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """One contract's month.

    Attributes:
        monitors: Names of its monitors.
        month: The service month.
        terms: How to measure.
        exclusions: What leaves the sum.
    """

    monitors: tuple[str, ...]
    month: Interval
    terms: MeasurementTerms
    exclusions: tuple[JudgedExclusion, ...] = ()


@dataclass(frozen=True, slots=True)
class Sums:
    """What a contract's month comes to; every length in milliseconds.

    Attributes:
        up_units: Numerator of the uptime fraction, see `MonthlyUptime`.
        measured_units: Denominator.
        down_ms: Time that counts as downtime.
        excluded_ms: Time taken out.
        unknown_ms: Time without a known state that no policy resolved.
        silent_ms: Time without a known state before any policy.
        windows: Total, error, excluded and unknown windows; None when time is exact.
    """

    up_units: int
    measured_units: int
    down_ms: int
    excluded_ms: int
    unknown_ms: int
    silent_ms: int
    windows: tuple[int, int, int, int] | None

    @classmethod
    def of(cls, uptime: MonthlyUptime) -> Sums:
        """The sums of a measurement."""
        counts = uptime.windows
        return cls(
            up_units=uptime.up_units,
            measured_units=uptime.measured_units,
            down_ms=uptime.down.length,
            excluded_ms=uptime.excluded.length,
            unknown_ms=uptime.unknown.length,
            silent_ms=uptime.silent_ms,
            windows=None
            if counts is None
            else (counts.total, counts.error, counts.excluded, counts.unknown),
        )


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Where every monitor stands by its regions' vote; a verdict holds until the next one.

    Attributes:
        edges: For each monitor the place of its first verdict, and one more.
        at: Instants, rising within a monitor; the first of each is `LONG_AGO`.
        until: The instant of the monitor's next verdict, or `NEVER`.
        verdicts: UP, DOWN or UNKNOWN; neighbours differ.
        known_from: The first look at each monitor, or `NEVER`.
        known_until: The last look at each monitor, or `LONG_AGO`.
    """

    edges: NDArray[np.int64]
    at: Line
    until: Line
    verdicts: NDArray[np.int8]
    known_from: Line
    known_until: Line


@dataclass(slots=True)
class Fleet:
    """The runs of many monitors, laid out for measuring; shared by all contracts.

    Attributes:
        runs: By the monitor's name.
    """

    runs: Mapping[str, Runs]
    _number: dict[str, int] = field(default_factory=dict)
    _floor_ms: int = 0
    _votes: dict[tuple[object, ...], Verdicts] = field(default_factory=dict)
    _timelines: dict[tuple[str, int | None], tuple[Timeline, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Number the monitors, and find the longest silence that one of them does not tell of."""
        self._number = {name: number for number, name in enumerate(self.runs)}
        self._floor_ms = max((runs.floor_ms for runs in self.runs.values()), default=0)

    def sums(self, asked: Sequence[Asked]) -> list[Sums]:
        """What every contract's month comes to, in the same order.

        Raises:
            ValueError: States are stale after a shorter silence than the runs tell of.
        """
        found: list[Sums | None] = [None] * len(asked)
        groups: dict[tuple[MeasurementTerms, Interval], list[int]] = {}
        for place, contract in enumerate(asked):
            if self._is_common(contract):
                groups.setdefault((contract.terms, contract.month), []).append(place)
        for (terms, month), places in groups.items():
            if _are_common(terms):
                group = self._group([asked[place] for place in places], terms, month)
                for place, sums in zip(places, group.sums(), strict=True):
                    found[place] = sums
        return [
            self._alone(contract) if sums is None else sums
            for contract, sums in zip(asked, found, strict=True)
        ]

    def _is_common(self, asked: Asked) -> bool:
        return (
            len(asked.monitors) == 1
            and asked.monitors[0] in self._number
            and not any(exclusion.regions for exclusion in asked.exclusions)
        )

    def _alone(self, asked: Asked) -> Sums:
        stale = asked.terms.stale_after_ms
        lines = [self._lines(name, stale) for name in asked.monitors]
        return Sums.of(
            measure_uptime(
                monitors=lines, month=asked.month, terms=asked.terms, exclusions=asked.exclusions
            )
        )

    def _lines(self, name: str, stale: int | None) -> tuple[Timeline, ...]:
        known = self._timelines.get((name, stale))
        if known is None:
            runs = self.runs.get(name)
            known = (Timeline(name),) if runs is None else runs.timelines(stale)
            self._timelines[name, stale] = known
        return known

    def _group(self, asked: Sequence[Asked], terms: MeasurementTerms, month: Interval) -> _Group:
        monitors = np.array([self._number[contract.monitors[0]] for contract in asked])
        return _Group(self._verdicts(terms), monitors, month, terms, _taken(asked, month))

    def _verdicts(self, terms: MeasurementTerms) -> Verdicts:
        key = (
            terms.stale_after_ms,
            terms.degraded,
            terms.regions_down_when,
            terms.quorum_base,
        )
        floor = self._floor_ms
        if terms.stale_after_ms is not None and terms.stale_after_ms < floor:
            message = (
                f"the runs tell of silences from {floor} ms, but states are stale after "
                f"{terms.stale_after_ms} ms"
            )
            raise ValueError(message)
        if key not in self._votes:
            self._votes[key] = _voted(list(self.runs.values()), terms)
        return self._votes[key]


def _are_common(terms: MeasurementTerms) -> bool:
    """Whether terms are measured in bulk here."""
    minimum = terms.minimum_outage
    return (
        terms.monitors_down_when in (*DownWhen, 1)
        and terms.corroborated_by is None
        and terms.unknown_in_outage is UnknownInOutage.BREAKS
        and (
            minimum is None
            or minimum.counts_from is CountsFrom.FIRST_SECOND
            or minimum.judged_by is not JudgedBy.COUNTED
        )
    )


def _voted(fleet: Sequence[Runs], terms: MeasurementTerms) -> Verdicts:
    """The vote over regions of every monitor."""
    counts, at, verdicts = [], [], []
    for some in _by_hundreds(fleet):
        monitor, instants, found = _voted_at_once(some, terms)
        counts.append(np.bincount(monitor, minlength=len(some)))
        at.append(instants)
        verdicts.append(found)
    edges = np.append(0, np.cumsum(np.concatenate(counts)))
    line = np.concatenate(at)
    until = np.append(line[1:], NEVER)
    until[edges[1:] - 1] = NEVER
    return Verdicts(
        edges=edges,
        at=line,
        until=until,
        verdicts=np.concatenate(verdicts),
        known_from=np.array([runs.first.min(initial=NEVER) for runs in fleet], np.int64),
        known_until=np.array([runs.last.max(initial=LONG_AGO) for runs in fleet], np.int64),
    )


def _by_hundreds(fleet: Sequence[Runs]) -> Iterator[Sequence[Runs]]:
    """The monitors in parts that the processor's cache holds."""
    for begin in range(0, len(fleet), MONITORS_AT_ONCE):
        yield fleet[begin : begin + MONITORS_AT_ONCE]


def _voted_at_once(
    fleet: Sequence[Runs], terms: MeasurementTerms
) -> tuple[Line, Line, NDArray[np.int8]]:
    """Monitor, instant and verdict of each turn of a vote, in one sweep over all changes."""
    every, probes = np.arange(len(fleet)), _probes(fleet)
    monitor, at, down, unknown = _counted(*_changes(fleet, terms), probes)
    monitor = np.concatenate((every, monitor))
    order = np.argsort(monitor, kind="stable")
    monitor = monitor[order]
    verdicts = judged(
        probes[monitor],
        np.concatenate((np.zeros_like(every), down))[order],
        np.concatenate((probes, unknown))[order],
        down_when=terms.regions_down_when,
        base=terms.quorum_base,
    )
    turns = np.append(True, (monitor[1:] != monitor[:-1]) | (verdicts[1:] != verdicts[:-1]))
    at = np.concatenate((np.full(len(fleet), LONG_AGO), at))[order]
    return monitor[turns], at[turns], verdicts[turns]


def _changes(fleet: Sequence[Runs], terms: MeasurementTerms) -> tuple[Line, Line, Line]:
    """Monitor, instant and number of each change of what a probe says."""
    monitor = np.repeat(np.arange(len(fleet)), [runs.first.size for runs in fleet])
    place = np.concatenate([runs.places for runs in fleet])
    first = np.concatenate([runs.first for runs in fleet])
    last = np.concatenate([runs.last for runs in fleet])
    said = _meaning(terms)[np.concatenate([runs.states for runs in fleet])]
    begins = np.append(True, (monitor[1:] != monitor[:-1]) | (place[1:] != place[:-1]))[: said.size]
    follows = np.append(first[1:], NEVER)[: said.size]
    follows[:-1][begins[1:]] = NEVER
    stale_ms = NEVER if terms.stale_after_ms is None else min(terms.stale_after_ms, NEVER)
    stale_at = last + stale_ms
    silent = stale_at < follows
    was = np.append(UNKNOWN, np.where(silent, UNKNOWN, said)[:-1])[: said.size]
    was[begins] = UNKNOWN
    turns = said != was
    silent &= said != UNKNOWN
    return (
        np.concatenate((monitor[turns], monitor[silent])),
        np.concatenate((first[turns], stale_at[silent])),
        np.concatenate((was[turns] * 3 + said[turns], said[silent] * 3 + UNKNOWN)),
    )


DOWN_CHANGES = np.array([(to == DOWN) - (of == DOWN) for of in range(3) for to in range(3)])
UNKNOWN_CHANGES = np.array(
    [(to == UNKNOWN) - (of == UNKNOWN) for of in range(3) for to in range(3)]
)
"""What a change of number `3 * of + to` adds to the count of down and of unknown probes."""


def _counted(monitor: Line, at: Line, change: Line, probes: Line) -> tuple[Line, Line, Line, Line]:
    """Monitor and instant of each change, and how many probes are down and unknown from then on.

    Monitor, instant and change are sorted as one number.
    """
    low = int(at.min(initial=0))
    reach = int(at.max(initial=0)) - low + 1
    keys = (monitor * reach + (at - low)) << CHANGE_BITS
    keys |= change
    keys.sort()
    change = keys & ((1 << CHANGE_BITS) - 1)
    keys >>= CHANGE_BITS
    edges = np.searchsorted(keys, np.arange(probes.size) * reach)
    last = np.append(keys[1:] != keys[:-1], True)[: keys.size]
    down = _within_each(np.cumsum(DOWN_CHANGES[change]), edges)[last]
    unknown = _within_each(np.cumsum(UNKNOWN_CHANGES[change]), edges)[last]
    keys = keys[last]
    monitor = keys // reach
    return monitor, keys - monitor * reach + low, down, unknown + probes[monitor]


def _within_each(summed: Line, edges: NDArray[np.int64]) -> Line:
    """Running sums over all monitors as running sums within each."""
    before = np.append(0, summed)[edges]
    repeated = np.repeat(before, np.diff(edges, append=summed.size))
    return np.asarray(summed - repeated, dtype=np.int64)


def _probes(fleet: Sequence[Runs]) -> Line:
    return np.array([max(len(runs.regions), 1) for runs in fleet], np.int64)


def _meaning(terms: MeasurementTerms) -> Line:
    """What each state counts as."""
    meaning = np.full(len(State), UP, np.int64)
    meaning[State.DOWN] = DOWN
    meaning[State.UNKNOWN] = UNKNOWN
    if terms.degraded is DegradedCounts.DOWN:
        meaning[State.DEGRADED] = DOWN
    return meaning


def _taken(asked: Sequence[Asked], month: Interval) -> Spans:
    """What exclusions take out of each contract's month, on the line."""
    known: dict[tuple[IntervalSet, ...], IntervalSet] = {}
    starts: list[int] = []
    ends: list[int] = []
    for number, contract in enumerate(asked):
        if not contract.exclusions:
            continue
        applied = tuple(exclusion.applied for exclusion in contract.exclusions)
        if applied not in known:
            known[applied] = union(applied).clip(month)
        origin = number * (month.length + 1) - month.start
        starts += [origin + start for start, _ in known[applied].spans]
        ends += [origin + end for _, end in known[applied].spans]
    return Spans(np.array(starts, np.int64), np.array(ends, np.int64))


@dataclass(slots=True)
class _Group:
    """Contracts of equal terms and month; on the line each has its month and one instant more.

    Attributes:
        votes: Where all monitors stand.
        monitors: The monitor of each contract.
        month: The service month.
        terms: How to measure.
        taken: What exclusions take out.
    """

    votes: Verdicts
    monitors: NDArray[np.int64]
    month: Interval
    terms: MeasurementTerms
    taken: Spans

    @property
    def stride(self) -> int:
        """From one contract's month to the next one's."""
        return self.month.length + 1

    def sums(self) -> Iterator[Sums]:
        """What every contract's month comes to."""
        contract, start, end, verdict = self._standings()
        silent = self._on_line(contract, start, end, verdict == UNKNOWN)
        down_spans, unknown = self._resolved(contract, start, end, verdict)
        down = self._counted(*down_spans)
        excluded, unknown = self.taken, unknown - self.taken
        if self.terms.no_data is NoData.EXCLUDED:
            excluded, unknown = excluded | unknown, Spans.none()
        lengths = [self._total(spans) for spans in (down, excluded, unknown, silent)]
        units = self._windows(down, excluded, unknown)
        return self._as_sums(lengths, units)

    def _standings(self) -> tuple[Line, Line, Line, NDArray[np.int8]]:
        """The verdicts of each contract's monitor, within what is known around the month."""
        edges = self.votes.edges
        counts = edges[self.monitors + 1] - edges[self.monitors]
        contract = np.repeat(np.arange(self.monitors.size), counts)
        ends = np.cumsum(counts)
        rows = np.arange(int(ends[-1])) + np.repeat(edges[self.monitors] - (ends - counts), counts)
        return contract, self.votes.at[rows], self.votes.until[rows], self.votes.verdicts[rows]

    def _on_line(self, contract: Line, start: Line, end: Line, chosen: NDArray[np.bool_]) -> Spans:
        """The chosen stretches within the month, on the line."""
        origin = contract[chosen] * self.stride - self.month.start
        return Spans.of(
            origin + np.clip(start[chosen], self.month.start, self.month.end),
            origin + np.clip(end[chosen], self.month.start, self.month.end),
        )

    def _resolved(
        self, contract: Line, start: Line, end: Line, verdict: NDArray[np.int8]
    ) -> tuple[tuple[Line, Line, Line], Spans]:
        """Whole outages as contract, start and end, and unknown time, after the no-data policy."""
        policy = self.terms.no_data
        unknown = verdict == UNKNOWN
        down = verdict == DOWN
        left = np.zeros_like(unknown)
        if policy is NoData.DOWN:
            down = down | unknown
        elif policy is NoData.CARRY:
            leading = start == LONG_AGO
            after_down = np.append(False, down[:-1]) & ~leading
            down, left = down | (unknown & after_down), unknown & leading
        elif policy is not NoData.UP:
            left = unknown
        left_spans = self._on_line(contract, start, end, left)
        return _merged(contract[down], start[down], end[down]), left_spans

    def _counted(self, contract: Line, start: Line, end: Line) -> Spans:
        """Downtime that counts: outages that are long enough, without what exclusions take."""
        first, after = self.month.start, self.month.end
        start, end = self._within_horizon(contract, start, end)
        touches = (start < after) & (first < end)
        contract, start, end = contract[touches], start[touches], end[touches]
        origin = contract * self.stride - first
        inside, until = np.maximum(start, first), np.minimum(end, after)
        spared = self.taken.within(origin + inside, origin + until)
        kept = np.ones(contract.size, dtype=bool)
        minimum = self.terms.minimum_outage
        if minimum is not None:
            lengths = {
                JudgedBy.WHOLE: end - start,
                JudgedBy.IN_MONTH: until - inside,
                JudgedBy.COUNTED: until - inside - spared,
            }[minimum.judged_by]
            kept = _long_enough(lengths, minimum)
            inside = _counts_from(start, inside, until, minimum)
        if self.terms.partial_overlap is PartialOverlap.WHOLE_OUTAGE:
            kept &= spared == 0
        counted = Spans.of((origin + inside)[kept], (origin + until)[kept])
        return counted - self.taken

    def _within_horizon(self, contract: Line, start: Line, end: Line) -> tuple[Line, Line]:
        """Outages without a beginning or an end begin and end with what is known."""
        begins = np.minimum(self.votes.known_from[self.monitors], self.month.start)[contract]
        ends = np.maximum(self.votes.known_until[self.monitors], self.month.end)[contract]
        return np.maximum(start, begins), np.minimum(end, ends)

    def _total(self, spans: Spans) -> list[int]:
        """The length of a set in each contract's month."""
        edges = np.arange(self.monitors.size + 1) * self.stride
        return [int(length) for length in np.diff(spans.before(edges)).tolist()]

    def _windows(
        self, down: Spans, excluded: Spans, unknown: Spans
    ) -> list[tuple[int, int, int, int]] | None:
        if self.terms.window_minutes is None:
            return None
        grid = _Grid.over(self.month, self.terms, self.monitors.size)
        failing = grid.within if self.terms.window_fails is WindowFails.WHOLE else grid.touched
        error = failing(down)
        possible = failing(down | unknown)
        columns = (error, grid.within(excluded), possible - error)
        return [(grid.total, *row) for row in zip(*(c.tolist() for c in columns), strict=True)]

    def _as_sums(
        self, lengths: Sequence[list[int]], windows: list[tuple[int, int, int, int]] | None
    ) -> Iterator[Sums]:
        leaves = self.terms.exclusion_mode is ExclusionMode.LEAVES_BOTH_SIDES
        for number, (down, excluded, unknown, silent) in enumerate(zip(*lengths, strict=True)):
            counts = None if windows is None else windows[number]
            total, lost, left_out, hidden = counts or (self.month.length, down, excluded, unknown)
            measured = total - left_out if leaves or left_out == total else total
            up = measured - lost - hidden
            yield Sums(up, measured, down, excluded, unknown, silent, counts)


def _merged(contract: Line, start: Line, end: Line) -> tuple[Line, Line, Line]:
    """Outages, where neighbouring stretches of one contract that touch are one."""
    if not contract.size:
        return contract, start, end
    begins = np.append(True, (contract[1:] != contract[:-1]) | (start[1:] > end[:-1]))
    last = np.append(begins[1:], True)
    return contract[begins], start[begins], end[last]


def _long_enough(lengths: Line, minimum: MinimumOutage) -> NDArray[np.bool_]:
    least = minimum.minutes * MINUTE_MS
    whole = int(least)
    if minimum.reaches is Reaches.AT_LEAST:
        return np.asarray(lengths >= ceil(least), dtype=bool)
    return np.asarray(lengths > whole, dtype=bool)


def _counts_from(start: Line, inside: Line, until: Line, minimum: MinimumOutage) -> Line:
    """The first instant of each outage's part in the month that may count."""
    if minimum.counts_from is CountsFrom.FIRST_SECOND:
        return inside
    skipped = ceil(minimum.minutes * MINUTE_MS)
    begun = start if minimum.judged_by is JudgedBy.WHOLE else inside
    return np.minimum(np.maximum(begun + skipped, inside), until)


@dataclass(frozen=True, slots=True)
class _Grid:
    """The windows of a month, for many contracts at once; see `models.windows.Grid`."""

    length: int
    total: int
    end: int
    stride: int
    contracts: int

    @classmethod
    def over(cls, month: Interval, terms: MeasurementTerms, contracts: int) -> _Grid:
        """The grid of a month, with instants counted from its start."""
        length = (terms.window_minutes or 1) * MINUTE_MS
        whole, rest = divmod(month.length, length)
        if rest and terms.last_window is LastWindow.COUNTED:
            return cls(length, whole + 1, month.length, month.length + 1, contracts)
        return cls(length, whole, whole * length, month.length + 1, contracts)

    def within(self, spans: Spans) -> Line:
        """How many windows of each contract lie wholly in a set."""
        contract, start, end = self._apart(spans)
        first = -(-start // self.length)
        after_last = np.where(end == self.end, self.total, end // self.length)
        return self._summed(contract, np.maximum(after_last - first, 0))

    def touched(self, spans: Spans) -> Line:
        """How many windows of each contract share an instant with a set."""
        contract, start, end = self._apart(spans)
        first, after_last = start // self.length, -(-end // self.length)
        before = np.append(-1, contract[:-1]) == contract
        counted_to = np.append(0, after_last[:-1]) * before
        first = np.maximum(first, counted_to)
        return self._summed(contract, np.maximum(after_last - first, 0))

    def _apart(self, spans: Spans) -> tuple[Line, Line, Line]:
        contract = spans.starts // self.stride
        origin = contract * self.stride
        return contract, spans.starts - origin, np.minimum(spans.ends - origin, self.end)

    def _summed(self, contract: Line, counts: Line) -> Line:
        summed = np.zeros(self.contracts, np.int64)
        np.add.at(summed, contract, counts)
        return summed

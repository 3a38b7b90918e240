"""Millions of observations to timelines: the probes of a source in groups, one sort for each group.

What comes out equals `models.outage.compact` of each probe alone; a property test holds the two
together. Probes are small whole numbers here; their names come back with the timelines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.changes import Changes, Lengths
from models.intervals import Interval
from models.outage import State, Timeline

ROWS_AT_ONCE = 1 << 19
"""About so many observations are sorted together, so that memory does not grow with the month."""

STATE_BITS = 2
KEY_BITS = 63
STATE_COUNT = len(State)

Numbers = NDArray[np.uint16] | NDArray[np.int64]
"""Numbers of probes, as small as they fit."""

Probe = tuple[str, str]
"""A monitor and a region."""

Untimed = tuple[int, int]
"""A row whose time cannot be read: its probe, and how many observations were read before it."""


@dataclass(frozen=True, slots=True)
class Observations:
    """Observations of several probes; all arrays have shape (n,).

    Attributes:
        probes: Number of the probe.
        at: Milliseconds since the epoch.
        states: `State` values.
    """

    probes: Numbers
    at: NDArray[np.int64]
    states: NDArray[np.int8]


@dataclass(slots=True)
class Compacted:
    """What became of the observations.

    Attributes:
        timelines: Those of the wanted probes.
        duplicates: Rows that repeated another one exactly.
        conflicting_duplicates: Rows that contradicted another one about the same instant.
        out_of_order: Rows that are earlier than the row of the same probe read before them.
    """

    timelines: list[Timeline]
    duplicates: int = 0
    conflicting_duplicates: int = 0
    out_of_order: int = 0


def compact_all(
    observations: Observations,
    *,
    names: Sequence[Probe],
    wanted: Sequence[bool],
    untimed: Sequence[Untimed] = (),
    gap_floor_ms: int | None,
    better_wins: bool,
) -> Compacted:
    """Compact every probe's observations.

    Args:
        observations: In the order of reading.
        names: Monitor and region of each probe, by its number.
        wanted: Whether to keep a probe's timeline, by its number.
        untimed: Rows whose time cannot be read. The time that they should have told about is
            unknown: from just after the probe's observation read before them (or the one read
            after them, where that is earlier) to its next observation.
        gap_floor_ms: Silences of at least this length are kept; None keeps none.
        better_wins: Of conflicting observations at one instant the better one stands.
    """
    result = Compacted([])
    for group in _groups(observations, len(names), untimed):
        result.out_of_order += _earlier_than_before(group.observations)
        observed = _sort(group.observations, better_wins=better_wins)
        result.duplicates += observed.duplicates
        result.conflicting_duplicates += observed.conflicting_duplicates
        if group.unknown:
            extended = _with_unknown(group)
            observed = _sort(extended, better_wins=better_wins)
        result.timelines += _timelines(observed, names, wanted, gap_floor_ms)
    return result


@dataclass(frozen=True, slots=True)
class _Group:
    """The observations of neighbouring probes, within a probe in the order of reading.

    Attributes:
        observations: Rising by probe.
        unknown: Probe and instant from which time is unknown because of an unreadable row.
    """

    observations: Observations
    unknown: Sequence[tuple[int, int]]


def _groups(
    observations: Observations, probes: int, untimed: Sequence[Untimed]
) -> Iterator[_Group]:
    order = np.argsort(observations.probes, kind="stable")
    ends = np.cumsum(np.bincount(observations.probes, minlength=probes))
    unknown = _unknown_times(observations.at, order, ends, untimed)
    first = 0
    while first < probes:
        begin = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, begin + ROWS_AT_ONCE, side="right")), first + 1)
        rows = order[begin : int(ends[last - 1])]
        yield _Group(
            observations=Observations(
                observations.probes[rows], observations.at[rows], observations.states[rows]
            ),
            unknown=[(probe, at) for probe, at in unknown if first <= probe < last],
        )
        first = last


def _unknown_times(
    at: NDArray[np.int64],
    order: NDArray[np.int64],
    ends: NDArray[np.int64],
    untimed: Sequence[Untimed],
) -> list[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for probe, position in untimed:
        rows = order[int(ends[probe - 1]) if probe else 0 : int(ends[probe])]
        place = int(np.searchsorted(rows, position))
        if place:
            found.add((probe, int(at[rows[place - 1 : place + 1]].min()) + 1))
    return sorted(found)


def with_unknown(
    observations: Observations, probes: int, untimed: Sequence[Untimed]
) -> Observations:
    """The observations, and an unknown one where an unreadable row makes time unknown."""
    if not untimed:
        return observations
    order = np.argsort(observations.probes, kind="stable")
    ends = np.cumsum(np.bincount(observations.probes, minlength=probes))
    unknown = _unknown_times(observations.at, order, ends, untimed)
    return _with_unknown(_Group(observations, unknown))


def _earlier_than_before(observations: Observations) -> int:
    probes, at = observations.probes, observations.at
    return int(np.count_nonzero((at[1:] < at[:-1]) & (probes[1:] == probes[:-1])))


def _with_unknown(group: _Group) -> Observations:
    seen = group.observations
    probes = np.array([probe for probe, _ in group.unknown], dtype=np.int64)
    at = np.array([at for _, at in group.unknown], dtype=np.int64)
    states = np.full(at.size, State.UNKNOWN, dtype=np.int8)
    return Observations(
        probes=np.concatenate([seen.probes.astype(np.int64), probes]),
        at=np.concatenate([seen.at, at]),
        states=np.concatenate([seen.states, states]),
    )


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Observations by probe and instant, one for each of these.

    Attributes:
        probes: Number of the probe, rising, shape (n,).
        at: Instants, rising within a probe, shape (n,).
        states: The state that stands, shape (n,).
        duplicates: Rows that repeated another one exactly.
        conflicting_duplicates: Rows that contradicted another one about the same instant.
    """

    probes: NDArray[np.int64]
    at: NDArray[np.int64]
    states: NDArray[np.int8]
    duplicates: int
    conflicting_duplicates: int


def _sort(seen: Observations, *, better_wins: bool) -> _Sorted:
    """Sort by probe and instant, count duplicates, and let one observation of an instant stand.

    One whole number holds probe, instant and state wherever they fit into 63 bits.
    """
    severity = _severity(seen.states, better_wins=better_wins)
    first, earliest = int(seen.probes.min(initial=0)), int(seen.at.min(initial=2**62))
    time_bits = (int(seen.at.max(initial=earliest)) - earliest).bit_length()
    probe_bits = (int(seen.probes.max(initial=0)) - first).bit_length()
    if probe_bits + time_bits + STATE_BITS > KEY_BITS:
        order = np.lexsort((severity, seen.at, seen.probes))
        return _standing(
            seen.probes[order].astype(np.int64), seen.at[order], severity[order], better_wins
        )
    keys = seen.probes.astype(np.int64) - first
    keys <<= time_bits
    keys |= seen.at - earliest
    keys <<= STATE_BITS
    keys |= severity
    keys.sort()
    moments = keys >> STATE_BITS
    return _standing(
        (moments >> time_bits) + first,
        (moments & ((1 << time_bits) - 1)) + earliest,
        (keys & (2**STATE_BITS - 1)).astype(np.int8),
        better_wins,
    )


def _severity(states: NDArray[np.int8], *, better_wins: bool) -> NDArray[np.int8]:
    """Rank states so that the highest stands; applied twice it gives the states back."""
    ranks = (STATE_COUNT - states) % STATE_COUNT if better_wins else states
    return np.asarray(ranks, dtype=np.int8)


def _standing(
    probes: NDArray[np.int64],
    at: NDArray[np.int64],
    severity: NDArray[np.int8],
    better_wins: bool,  # noqa: FBT001 - every argument is positional here
) -> _Sorted:
    stands = np.ones(at.size, dtype=bool)
    stands[:-1] = (probes[1:] != probes[:-1]) | (at[1:] != at[:-1])
    differs = stands.copy()
    differs[:-1] |= severity[1:] != severity[:-1]
    return _Sorted(
        probes=probes[stands],
        at=at[stands],
        states=_severity(severity[stands], better_wins=better_wins),
        duplicates=int(np.count_nonzero(~differs)),
        conflicting_duplicates=int(np.count_nonzero(differs & ~stands)),
    )


def _timelines(
    observed: _Sorted, names: Sequence[Probe], wanted: Sequence[bool], gap_floor_ms: int | None
) -> Iterator[Timeline]:
    ends = np.flatnonzero(np.append(observed.probes[1:] != observed.probes[:-1], True))
    changed, wide = _turns(observed), _wide(observed, gap_floor_ms)
    begin = 0
    for last in ends.tolist() if observed.at.size else ():
        probe = int(observed.probes[last])
        if wanted[probe]:
            monitor, region = names[probe]
            turns = _between(changed, begin, last)
            yield Timeline(
                monitor=monitor,
                region=region,
                changes=Changes(observed.at[turns], observed.states[turns]),
                gaps=_gaps(observed, _between(wide, begin, last)),
                gap_floor_ms=gap_floor_ms,
                last_observed_at=int(observed.at[last]),
                unseen_ms=_unseen(observed, turns),
            )
        begin = last + 1


def _turns(observed: _Sorted) -> NDArray[np.int64]:
    """The rows at which a probe begins or its state changes."""
    turns = np.ones(observed.at.size, dtype=bool)
    turns[1:] = observed.probes[1:] != observed.probes[:-1]
    turns[1:] |= observed.states[1:] != observed.states[:-1]
    return np.flatnonzero(turns)


def _wide(observed: _Sorted, gap_floor_ms: int | None) -> NDArray[np.int64]:
    """The rows after which a probe is silent for the floor or longer."""
    if gap_floor_ms is None:
        return np.zeros(0, dtype=np.int64)
    silent = np.diff(observed.at) >= max(gap_floor_ms, 1)
    return np.flatnonzero(silent & (observed.probes[1:] == observed.probes[:-1]))


def _between(rows: NDArray[np.int64], begin: int, last: int) -> NDArray[np.int64]:
    return rows[np.searchsorted(rows, begin) : np.searchsorted(rows, last, side="right")]


def _unseen(observed: _Sorted, turns: NDArray[np.int64]) -> Lengths:
    """How long before each change the probe was last asked; 0 for its first observation."""
    before = np.append(turns[:1], turns[1:] - 1)
    return Lengths(observed.at[turns] - observed.at[before])


def _gaps(observed: _Sorted, rows: NDArray[np.int64]) -> tuple[Interval, ...]:
    pairs = zip(observed.at[rows].tolist(), observed.at[rows + 1].tolist(), strict=True)
    return tuple(Interval(start, end) for start, end in pairs)

"""Millions of observations to timelines: every probe of a source at once, with one sort.

What comes out equals `models.outage.compact` of each probe alone; a property test holds the two
together. Probes are small whole numbers here; their names come back with the timelines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.intervals import Interval
from models.outage import State, Timeline

STATE_BITS = 2
KEY_BITS = 63
STATE_COUNT = len(State)

Numbers = NDArray[np.uint16] | NDArray[np.int64]
"""Numbers of probes, as small as they fit."""

Probe = tuple[str, str]
"""A monitor and a region."""


@dataclass(frozen=True, slots=True)
class Observations:
    """Every usable observation, in the order of reading; all arrays have shape (n,).

    Attributes:
        probes: Index of the probe.
        at: Milliseconds since the epoch.
        states: `State` values.
    """

    probes: Numbers
    at: NDArray[np.int64]
    states: NDArray[np.int8]

    def followed_by(self, others: Observations) -> Observations:
        """These and after them the others."""
        return Observations(
            probes=np.concatenate([self.probes.astype(np.int64), others.probes.astype(np.int64)]),
            at=np.concatenate([self.at, others.at]),
            states=np.concatenate([self.states, others.states]),
        )


@dataclass(frozen=True, slots=True)
class Sorted:
    """Observations by probe and instant, one for each of these.

    Attributes:
        probes: Index of the probe, rising, shape (n,).
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


def sort_observations(observations: Observations, *, better_wins: bool) -> Sorted:
    """Sort by probe and instant, count duplicates, and let one observation of an instant stand."""
    if observations.at.size == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return Sorted(nothing, nothing, np.zeros(0, dtype=np.int8), 0, 0)
    earliest = int(observations.at.min())
    time_bits = (int(observations.at.max()) - earliest).bit_length()
    if int(observations.probes.max()).bit_length() + time_bits + STATE_BITS > KEY_BITS:
        return _sorted_by_columns(observations, better_wins=better_wins)
    keys = observations.probes.astype(np.int64)
    keys <<= time_bits
    keys |= observations.at - earliest
    keys <<= STATE_BITS
    keys |= _severity(observations.states, better_wins=better_wins)
    keys.sort()
    return _standing_keys(keys, earliest, time_bits, better_wins=better_wins)


def _severity(states: NDArray[np.int8], *, better_wins: bool) -> NDArray[np.int8]:
    """Rank states so that the highest stands; applied twice it gives the states back."""
    ranks = (STATE_COUNT - states) % STATE_COUNT if better_wins else states
    return np.asarray(ranks, dtype=np.int8)


def _standing_keys(
    keys: NDArray[np.int64], earliest: int, time_bits: int, *, better_wins: bool
) -> Sorted:
    rows = keys.size
    keys = keys[np.append(keys[1:] != keys[:-1], True)]
    moments = keys >> STATE_BITS
    stands = np.append(moments[1:] != moments[:-1], True)
    severity = (keys & (2**STATE_BITS - 1)).astype(np.int8)[stands]
    moments = moments[stands]
    return Sorted(
        probes=moments >> time_bits,
        at=(moments & ((1 << time_bits) - 1)) + earliest,
        states=_severity(severity, better_wins=better_wins),
        duplicates=rows - keys.size,
        conflicting_duplicates=keys.size - moments.size,
    )


def _sorted_by_columns(observations: Observations, *, better_wins: bool) -> Sorted:
    severity = _severity(observations.states, better_wins=better_wins)
    order = np.lexsort((severity, observations.at, observations.probes))
    probes, at = observations.probes[order].astype(np.int64), observations.at[order]
    states = observations.states[order]
    next_moment = np.append((probes[1:] != probes[:-1]) | (at[1:] != at[:-1]), True)
    distinct = next_moment | np.append(states[1:] != states[:-1], True)
    return Sorted(
        probes=probes[next_moment],
        at=at[next_moment],
        states=states[next_moment],
        duplicates=int(np.count_nonzero(~distinct)),
        conflicting_duplicates=int(np.count_nonzero(distinct & ~next_moment)),
    )


def timelines(
    observed: Sorted, *, names: Sequence[Probe], wanted: Sequence[bool], gap_floor_ms: int | None
) -> Iterator[Timeline]:
    """The timeline of every wanted probe that was observed.

    Args:
        observed: Sorted observations.
        names: Monitor and region by index of the probe.
        wanted: Whether to make the timeline, by index of the probe.
        gap_floor_ms: Silences of at least this length are kept; None keeps none.
    """
    if observed.at.size == 0:
        return
    changes = _Slices.of(observed, _turns(observed))
    gaps = _Slices.of(observed, _wide(observed, gap_floor_ms))
    for probe, last in zip(*_last_of_each(observed), strict=True):
        if wanted[probe]:
            monitor, region = names[probe]
            yield Timeline(
                monitor=monitor,
                region=region,
                changes=_changes(observed, changes.of_probe(probe)),
                gaps=_gaps(observed, gaps.of_probe(probe)),
                gap_floor_ms=gap_floor_ms,
                last_observed_at=int(observed.at[last]),
            )


@dataclass(frozen=True, slots=True)
class _Slices:
    """Chosen rows, and where those of each probe begin among them."""

    rows: NDArray[np.int64]
    begins: NDArray[np.int64]

    @classmethod
    def of(cls, observed: Sorted, rows: NDArray[np.int64]) -> _Slices:
        probes = observed.probes[rows]
        begins = np.searchsorted(probes, np.arange(int(observed.probes[-1]) + 2))
        return cls(rows, begins.astype(np.int64))

    def of_probe(self, probe: int) -> NDArray[np.int64]:
        return self.rows[self.begins[probe] : self.begins[probe + 1]]


def _turns(observed: Sorted) -> NDArray[np.int64]:
    other_probe = observed.probes[1:] != observed.probes[:-1]
    other_state = observed.states[1:] != observed.states[:-1]
    return np.flatnonzero(np.concatenate(([True], other_probe | other_state)))


def _wide(observed: Sorted, gap_floor_ms: int | None) -> NDArray[np.int64]:
    if gap_floor_ms is None:
        return np.zeros(0, dtype=np.int64)
    silent = np.diff(observed.at) >= max(gap_floor_ms, 1)
    return np.flatnonzero(silent & (observed.probes[1:] == observed.probes[:-1]))


def _last_of_each(observed: Sorted) -> tuple[list[int], list[int]]:
    last = np.flatnonzero(np.append(observed.probes[1:] != observed.probes[:-1], True))
    return observed.probes[last].tolist(), last.tolist()


def _changes(observed: Sorted, rows: NDArray[np.int64]) -> tuple[tuple[int, State], ...]:
    pairs = zip(observed.at[rows].tolist(), observed.states[rows].tolist(), strict=True)
    return tuple((at, State(state)) for at, state in pairs)


def _gaps(observed: Sorted, rows: NDArray[np.int64]) -> tuple[Interval, ...]:
    pairs = zip(observed.at[rows].tolist(), observed.at[rows + 1].tolist(), strict=True)
    return tuple(Interval(start, end) for start, end in pairs)


@dataclass(frozen=True, slots=True)
class InOrder:
    """Observations by probe, within a probe in the order of reading.

    Attributes:
        order: Index into the observations, shape (n,).
        probes: Index of the probe, rising, shape (n,).
        at: Instants, shape (n,).
    """

    order: NDArray[np.int64]
    probes: Numbers
    at: NDArray[np.int64]

    @classmethod
    def of(cls, observations: Observations) -> InOrder:
        """Bring each probe's observations together without changing their order."""
        order = np.argsort(observations.probes, kind="stable")
        return cls(order, observations.probes[order], observations.at[order])

    @property
    def out_of_order(self) -> int:
        """Rows that are earlier than the row of the same probe before them."""
        earlier = (self.at[1:] < self.at[:-1]) & (self.probes[1:] == self.probes[:-1])
        return int(np.count_nonzero(earlier))

    def unknown_from(self, probe: int, position: int) -> int | None:
        """Where the time begins that an unreadable row should have told about.

        Args:
            probe: The row's probe.
            position: How many observations were read before the row.

        Returns:
            The instant after the probe's neighbouring observation in the order of reading, the
            earlier one of two; None when no observation of the probe comes before the row.
        """
        begin, end = np.searchsorted(self.probes, [probe, probe + 1])
        place = begin + int(np.searchsorted(self.order[begin:end], position))
        if place == begin:
            return None
        neighbours = self.at[place - 1 : min(place + 1, end)]
        return int(neighbours.min()) + 1

"""What was seen: observations of one probe, compacted to a timeline of states.

A timeline is shared by every contract that names its monitor, so it holds no rule of any contract:
only when the state changed, and where the probe was silent for longer than a floor. What silence
means, and what counts as down, is decided in `models.uptime` by the contract's measurement terms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from models.intervals import Interval


class State(IntEnum):
    """What one observation said. The order ranks severity: of two at one instant the worse wins."""

    UNKNOWN = 0
    UP = 1
    DEGRADED = 2
    DOWN = 3


@dataclass(frozen=True, slots=True)
class Observation:
    """One check's answer: at this instant the monitor was in this state."""

    at: int
    state: State


@dataclass(frozen=True, slots=True)
class Timeline:
    """One probe's view of one monitor, as changes of state.

    Attributes:
        monitor: The monitor's name, as contracts write it.
        region: Where the probe stands; "" when the source knows no regions.
        changes: (instant, state) pairs, rising; neighbouring states differ. A state holds from its
            instant to the next change, the last one for ever. Before the first, nothing is known.
        gaps: Stretches between neighbouring observations that are at least `gap_floor_ms` apart,
            as (observed, next observed), rising. The silence after the last one is not listed.
        gap_floor_ms: Shorter silences are not kept; None keeps none (no contract asks for them).
        last_observed_at: The last observation's instant; None when there is none at all.
    """

    monitor: str
    region: str = ""
    changes: tuple[tuple[int, State], ...] = ()
    gaps: tuple[Interval, ...] = ()
    gap_floor_ms: int | None = None
    last_observed_at: int | None = None

    @classmethod
    def of(
        cls,
        observations: Iterable[Observation],
        *,
        monitor: str,
        region: str = "",
        gap_floor_ms: int | None = None,
        better_wins: bool = False,
    ) -> Timeline:
        """The timeline of observations in any order, duplicates included."""
        listed = list(observations)
        at = np.array([o.at for o in listed], dtype=np.int64)
        states = np.array([int(o.state) for o in listed], dtype=np.int8)
        return compact(
            at,
            states,
            monitor=monitor,
            region=region,
            gap_floor_ms=gap_floor_ms,
            better_wins=better_wins,
        )


def compact(
    at: NDArray[np.int64],
    states: NDArray[np.int8],
    *,
    monitor: str,
    region: str = "",
    gap_floor_ms: int | None = None,
    better_wins: bool = False,
) -> Timeline:
    """Compact one probe's observations; order and duplicates do not matter.

    Args:
        at: Instants in milliseconds, any order, shape (n,).
        states: `State` values, shape (n,).
        monitor: The monitor's name.
        region: The probe's region, "" when unknown.
        gap_floor_ms: Silences of at least this length are kept as gaps; None keeps none.
        better_wins: Of conflicting observations at one instant the better one stands; by default
            the worse one does.
    """
    if at.size == 0:
        return Timeline(monitor, region, gap_floor_ms=gap_floor_ms)
    severity = -states if better_wins else states
    order = np.lexsort((severity, at))
    at, states = at[order], states[order]
    last_of_instant = np.append(at[1:] != at[:-1], True)
    at, states = at[last_of_instant], states[last_of_instant]
    turns = np.concatenate(([True], states[1:] != states[:-1]))
    changes = tuple(
        (instant, State(state))
        for instant, state in zip(at[turns].tolist(), states[turns].tolist(), strict=True)
    )
    gaps = _gaps(at, gap_floor_ms)
    return Timeline(monitor, region, changes, gaps, gap_floor_ms, int(at[-1]))


def _gaps(at: NDArray[np.int64], floor_ms: int | None) -> tuple[Interval, ...]:
    if floor_ms is None:
        return ()
    wide = np.flatnonzero(np.diff(at) >= max(floor_ms, 1))
    starts, ends = at[wide].tolist(), at[wide + 1].tolist()
    return tuple(Interval(start, end) for start, end in zip(starts, ends, strict=True))

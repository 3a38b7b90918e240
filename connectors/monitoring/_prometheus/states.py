"""From samples of 0 and 1 to what a probe saw, its silences and its own absence included.

What is not there is said as an observation of an unknown state, so that it is unknown for every
contract: after a staleness marker, when a sample has held for as long as it may, and whenever the
one who looks was not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from connectors.monitoring import Wanted
from connectors.monitoring._prometheus.api import BadValue
from models.intervals import Interval
from models.outage import State, Timeline, compact

STATES = {"1": State.UP, "0": State.DOWN, "NaN": State.UNKNOWN}
EXPECTED = "0 while it is down, 1 while it is up, NaN while nobody knows"
UNUSUAL = 3, 2
"""A pause of more than three halves of the usual one is looked into."""

MOST_PAUSES, NEIGHBOURS = 1000, 30
"""With more long pauses than this, each is compared with so many before it and after it."""

LOOKED_BACK_MS = 300_000
"""The server itself looks for a sample no further back, unless it is told to; beyond that, having
no value is no sign of a staleness marker."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one probe saw.

    Attributes:
        at: Instants in milliseconds, rising, shape (n,).
        states: `State` values, shape (n,).
    """

    at: NDArray[np.int64]
    states: NDArray[np.int8]

    @classmethod
    def of(cls, values: Mapping[int, str]) -> Seen:
        """What values say.

        Raises:
            BadValue: One of them is no state.
        """
        pairs = sorted((at, _state(at, value)) for at, value in values.items())
        return cls._of_pairs(pairs)

    @classmethod
    def _of_pairs(cls, pairs: Sequence[tuple[int, int]]) -> Seen:
        columns = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return cls(columns[:, 0].copy(), columns[:, 1].astype(np.int8))

    def unknown_from(self, instants: Iterable[int]) -> Seen:
        """The same, with nothing known from these instants to the next observation."""
        more = np.array(sorted(instants), dtype=np.int64)
        at = np.concatenate([self.at, more])
        states = np.concatenate([self.states, np.full(more.size, State.UNKNOWN, dtype=np.int8)])
        order = np.lexsort((states, at))
        return Seen(at[order], states[order])

    def holding(self, hold_ms: int) -> Seen:
        """The same, each observation holding no longer than this."""
        if self.at.size == 0:
            return self
        lone = np.append(np.diff(self.at) > hold_ms, True) & (self.states != State.UNKNOWN)
        return self.unknown_from((self.at[lone] + hold_ms).tolist())

    def filled(self, steps: range) -> Seen:
        """The same, unknown at every step at which nothing was seen, and at their end."""
        missing = np.setdiff1d(np.arange(steps.start, steps.stop, steps.step), self.at)
        return self.unknown_from([*missing.tolist(), steps.stop])

    def while_up(self, witness: Seen) -> Seen:
        """The same, unknown while the witness is not up, and from then to the next observation."""
        place = np.searchsorted(witness.at, self.at, side="right") - 1
        there = np.append(witness.states, np.int8(State.UNKNOWN))[place] == State.UP
        states = np.where(there, self.states, np.int8(State.UNKNOWN))
        up = witness.states == State.UP
        leaves = up[:-1] & ~up[1:]
        return Seen(self.at, states).unknown_from(witness.at[1:][leaves].tolist())

    def timeline(self, monitor: str, region: str, wanted: Wanted, spacing_ms: int) -> Timeline:
        """As contracts read it."""
        made = compact(
            self.at,
            self.states,
            monitor=monitor,
            region=region,
            gap_floor_ms=wanted.gap_floor_ms,
            better_wins=wanted.better_wins,
        )
        return replace(made, spacing_ms=spacing_ms)


def long_pauses(at: NDArray[np.int64], end: int, hold_ms: int) -> list[Interval]:
    """Where samples hold unusually long, until the next one, or for as long as they may hold.

    A staleness marker can only be there, because it comes in place of samples.
    """
    if at.size == 0:
        return []
    lengths = np.diff(np.append(at, max(end, int(at[-1]) + 1)))
    long = _unusual(lengths)
    ends = at[long] + np.minimum(lengths[long], min(hold_ms, LOOKED_BACK_MS))
    return [Interval(a, b) for a, b in zip(at[long].tolist(), ends.tolist(), strict=True)]


def _unusual(lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pauses are longer than usual; the last one always is."""
    more, of = UNUSUAL
    usual = np.sort(lengths[:-1])[[(lengths.size - 1) // 2]] if lengths.size > 1 else lengths[:0]
    long = lengths[:-1] * of > usual * more
    if np.count_nonzero(long) > MOST_PAUSES:
        # Somebody scrapes less often since some day: what is usual differs from time to time.
        around = np.pad(lengths[:-1], NEIGHBOURS, mode="edge")
        local = np.sort(sliding_window_view(around, 2 * NEIGHBOURS + 1), axis=1)[:, NEIGHBOURS]
        long &= lengths[:-1] * of > local * more
    return np.append(long, True)


def is_down(value: str) -> bool:
    """Whether a value says down."""
    return STATES.get(value) is State.DOWN


def _state(at: int, value: str) -> State:
    state = STATES.get(value)
    if state is not None:
        return state
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise BadValue(at, value, EXPECTED) from None
    if number.is_nan() or number not in {0, 1}:
        raise BadValue(at, value, EXPECTED)
    return State.UP if number else State.DOWN

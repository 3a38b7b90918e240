"""States, and the changes between them as columns.

Columns read like tuples and equal them, and take a tenth of the room: a probe that flaps changes
its state thirty thousand times a month, and a source has thousands of probes. What is done to all
changes is done on the columns, which are never written to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import overload

import numpy as np
from numpy.typing import NDArray


class State(IntEnum):
    """What one observation said. The order ranks severity: of two at one instant the worse wins."""

    UNKNOWN = 0
    UP = 1
    DEGRADED = 2
    DOWN = 3


STATES = tuple(State)
"""Every state by its number; asking the enumeration takes ten times as long."""


class Lengths(Sequence[int]):
    """Lengths of time in milliseconds.

    >>> Lengths.of((0, 30_000)) == (0, 30_000)
    True
    """

    __slots__ = ("ms",)

    def __init__(self, ms: NDArray[np.int64]) -> None:
        """Take a column of whole numbers, shape (n,), which nobody changes any more."""
        self.ms = ms

    @classmethod
    def of(cls, lengths: Iterable[int]) -> Lengths:
        """These lengths as a column; a column is itself."""
        if isinstance(lengths, Lengths):
            return lengths
        return cls(np.array(tuple(lengths), dtype=np.int64))

    @property
    def longest(self) -> int:
        """The longest of them; 0 when there is none."""
        return int(self.ms.max(initial=0))

    def at_most(self, longest: int) -> Lengths:
        """The same lengths, with longer ones cut to the longest."""
        return Lengths(np.minimum(self.ms, longest))

    def led_by(self, length: int) -> Lengths:
        """The same lengths after another one."""
        return Lengths(np.concatenate((np.array([length], np.int64), self.ms)))

    def __len__(self) -> int:
        """How many there are."""
        return int(self.ms.size)

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> Lengths: ...
    def __getitem__(self, place: int | slice) -> int | Lengths:
        """One length, or several."""
        if isinstance(place, slice):
            return Lengths(self.ms[place])
        return int(self.ms[place])

    def __iter__(self) -> Iterator[int]:
        """The lengths in their order."""
        return iter(self.ms.tolist())

    def __eq__(self, other: object) -> bool:
        """Whether another column, or a tuple, holds the same lengths."""
        if isinstance(other, Lengths):
            return bool(np.array_equal(self.ms, other.ms))
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        """The hash of the tuple that it equals."""
        return hash(tuple(self))

    def __repr__(self) -> str:
        """As a tuple."""
        return repr(tuple(self))


class Changes(Sequence[tuple[int, State]]):
    """Changes of state, as pairs of instant and new state.

    >>> Changes.of(((0, State.UP), (5, State.DOWN)))[1:] == ((5, State.DOWN),)
    True
    """

    __slots__ = ("at", "states")

    def __init__(self, at: NDArray[np.int64], states: NDArray[np.int8]) -> None:
        """Take two columns of shape (n,), which nobody changes any more."""
        self.at = at
        self.states = states

    @classmethod
    def of(cls, changes: Iterable[tuple[int, State]]) -> Changes:
        """These changes as columns; columns are themselves."""
        if isinstance(changes, Changes):
            return changes
        listed = tuple(changes)
        return cls(
            np.array([at for at, _ in listed], dtype=np.int64),
            np.array([int(state) for _, state in listed], dtype=np.int8),
        )

    @property
    def rising(self) -> bool:
        """Whether each change is later than the one before, and to another state."""
        later = self.at[1:] > self.at[:-1]
        return bool((later & (self.states[1:] != self.states[:-1])).all())

    def led_by(self, at: int, state: State) -> Changes:
        """The same changes after an earlier one."""
        return Changes(
            np.concatenate((np.array([at], np.int64), self.at)),
            np.concatenate((np.array([state], np.int8), self.states)),
        )

    def state_at(self, at: int) -> State:
        """The state at an instant that is not before the first change."""
        return self[int(np.searchsorted(self.at, at, side="right")) - 1][1]

    def __len__(self) -> int:
        """How many there are."""
        return int(self.at.size)

    @overload
    def __getitem__(self, place: int) -> tuple[int, State]: ...
    @overload
    def __getitem__(self, place: slice) -> Changes: ...
    def __getitem__(self, place: int | slice) -> tuple[int, State] | Changes:
        """One change, or several."""
        if isinstance(place, slice):
            return Changes(self.at[place], self.states[place])
        return int(self.at[place]), STATES[int(self.states[place])]

    def __iter__(self) -> Iterator[tuple[int, State]]:
        """The changes in the order of time."""
        states = map(STATES.__getitem__, self.states.tolist())
        return zip(self.at.tolist(), states, strict=True)

    def __eq__(self, other: object) -> bool:
        """Whether other columns, or a tuple, hold the same changes."""
        if isinstance(other, Changes):
            same = np.array_equal(self.states, other.states)
            return bool(same and np.array_equal(self.at, other.at))
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        """The hash of the tuple that it equals."""
        return hash(tuple(self))

    def __repr__(self) -> str:
        """As a tuple."""
        return repr(tuple(self))

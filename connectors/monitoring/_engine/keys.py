"""Packing checks into keys, and gathering keys in buckets that can be sorted alone.

A bucket is a UTC day of all probes, or the whole time of one monitor: whichever lets fewer rows be
held at once. A bucket is closed, sorted and forgotten when no unread piece of any file touches it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from connectors.monitoring._engine.kernel import STATE_BITS, Frame, Keys

DAY_MS = 86_400_000
MOST_STRETCHES = 64
"""Up to so many neighbouring stretches, a batch is copied stretch by stretch."""

Instants = NDArray[np.int64]
Numbers = NDArray[np.int32]


class Blocks:
    """Blocks of memory for keys, used again and again: fresh pages cost as much as their content.

    Attributes:
        length: How many keys a block has room for.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._free: list[Keys] = []

    def take(self) -> Keys:
        """A block that nobody uses."""
        try:
            return self._free.pop()
        except IndexError:
            return np.empty(self.length, np.uint64)

    def give_back(self, blocks: Iterable[Keys]) -> None:
        """Let these be used again."""
        self._free.extend(blocks)


class Bucket:
    """Keys that will be sorted together, in blocks."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._filled: list[tuple[Keys, int]] = []
        self.size = 0

    def extend(self, keys: Keys) -> None:
        """Put these keys at the end."""
        self.size += keys.size
        while keys.size:
            block, used = self._last()
            taken = min(keys.size, block.size - used)
            block[used : used + taken] = keys[:taken]
            self._filled[-1] = block, used + taken
            keys = keys[taken:]

    def _last(self) -> tuple[Keys, int]:
        """The block that has room left, and how much of it is used."""
        if not self._filled or self._filled[-1][1] == self._filled[-1][0].size:
            self._filled.append((self._blocks.take(), 0))
        return self._filled[-1]

    def absorb(self, other: Bucket) -> None:
        """Take over another bucket's keys, which it then has no more."""
        self._filled[:0] = other._filled
        self.size += other.size
        other._filled, other.size = [], 0

    @property
    def parts(self) -> list[Keys]:
        """All keys, in no order."""
        return [block[:used] for block, used in self._filled]

    def release(self) -> None:
        """Let the memory be used again; the keys are not needed any more."""
        self._blocks.give_back(block for block, _ in self._filled)
        self._filled, self.size = [], 0


Filled = dict[int, Bucket]
"""Buckets by number: the day since the epoch, or the number of the monitor."""


@dataclass(slots=True)
class Packed:
    """What a batch is packed from; all arrays have shape (n,).

    Attributes:
        keys: Keys as they would be if every instant were the origin, with the severity of the
            state. They are changed in place.
        at: Milliseconds since the epoch.
        monitors: Numbers of monitors; empty where buckets are days.
    """

    keys: NDArray[np.int64]
    at: Instants
    monitors: Numbers

    def packed(self, times: Instants) -> Keys:
        """The keys, given the instants as they count from an origin, which are changed in place."""
        times <<= STATE_BITS
        self.keys += times
        return self.keys.view(np.uint64)


@dataclass(slots=True)
class Packer(ABC):
    """Packs batches into the buckets of one piece of a file."""

    frame: Frame
    blocks: Blocks
    filled: Filled = field(default_factory=dict)

    @abstractmethod
    def add(self, rows: Packed, earliest: int, latest: int) -> None:
        """Take the rows of a batch, given its earliest and latest instant."""

    def _put(self, number: int, keys: Keys) -> None:
        bucket = self.filled.get(number)
        if bucket is None:
            bucket = self.filled[number] = Bucket(self.blocks)
        bucket.extend(keys)


@dataclass(slots=True)
class DayPacker(Packer):
    """A bucket for each UTC day."""

    def add(self, rows: Packed, earliest: int, latest: int) -> None:
        """Take a batch; nearly all batches lie within one day, or nearly so."""
        first, last = earliest // DAY_MS, latest // DAY_MS
        main = first if first == last else int(rows.at[rows.at.size // 2]) // DAY_MS
        times = rows.at - main * DAY_MS
        if first == last:
            self._put(main, rows.packed(times))
            return
        outside = np.flatnonzero(times.view(np.uint64) >= DAY_MS)
        keys = rows.packed(times)
        days = rows.at[outside] // DAY_MS
        others = keys[outside].view(np.int64) + ((main - days) * DAY_MS << STATE_BITS)
        self._put(main, _without(keys, outside))
        for number, chosen in _parts(days):
            self._put(number, others[chosen].view(np.uint64))


@dataclass(slots=True)
class MonitorPacker(Packer):
    """A bucket for each monitor; `origin` is where the time of all buckets begins."""

    origin: int = 0

    def add(self, rows: Packed, earliest: int, latest: int) -> None:
        """Take a batch, which holds few monitors one after the other."""
        keys = rows.packed(rows.at - self.origin)
        for number, chosen in _parts(rows.monitors):
            self._put(number, keys[chosen])


def _without(keys: Keys, dropped: NDArray[np.int64]) -> Keys:
    """Keys but for a few, in another order: the last ones take the places of those."""
    left = keys.size - dropped.size
    holes = dropped[dropped < left]
    kept = np.ones(dropped.size, dtype=bool)
    kept[dropped[holes.size :] - left] = False
    keys[holes] = keys[left:][kept]
    return keys[:left]


def _parts(
    numbers: Instants | Numbers,
) -> Iterator[tuple[int, slice | NDArray[np.int64]]]:
    """The rows of each number: slices where equal ones stand together."""
    if not numbers.size:
        return
    turns = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
    if turns.size <= MOST_STRETCHES:
        for begin, end in pairwise([0, *turns.tolist(), numbers.size]):
            yield int(numbers[begin]), slice(begin, end)
        return
    rows = np.argsort(numbers, kind="stable")
    edges = np.flatnonzero(numbers[rows[1:]] != numbers[rows[:-1]]) + 1
    for part in np.split(rows, edges):
        yield int(numbers[part[0]]), part

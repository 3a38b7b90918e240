"""Sets of time of many contracts at once, as arrays: the algebra of `models.intervals` in bulk.

A span lies on one long line on which every contract has a stretch of its own, so that sorting once
sorts for all of them. Spans of a set are rising, disjoint and do not touch, as in `IntervalSet`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.int64]
KEY_BITS = 64
MINE, ITS = 2, 1
"""What being in this set, and in the other one, adds to an instant's level."""


@dataclass(frozen=True, slots=True)
class Spans:
    """A set of time on the line; both arrays have shape (n,).

    Attributes:
        starts: First instants, rising.
        ends: Instants after the last ones.
    """

    starts: Line
    ends: Line

    @classmethod
    def none(cls) -> Spans:
        """The empty set."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))

    @classmethod
    def of(cls, starts: Line, ends: Line) -> Spans:
        """The union of pieces in any order; empty ones are dropped."""
        there = starts < ends
        starts, ends = starts[there], ends[there]
        if not starts.size:
            return cls.none()
        starts, ends = _rising(starts, ends)
        ends = np.maximum.accumulate(ends)
        begins = np.append(True, starts[1:] > ends[:-1])
        last = np.append(begins[1:], True)
        return cls(starts[begins], ends[last])

    @classmethod
    def rising(cls, pairs: Sequence[tuple[int, int]]) -> Spans:
        """The set of spans that are rising, disjoint and do not touch already."""
        starts, ends = np.array(pairs, dtype=np.int64).reshape(-1, 2).T.copy()
        return cls(starts, ends)

    def __len__(self) -> int:
        """How many spans there are."""
        return int(self.starts.size)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The spans as pairs of start and end."""
        return tuple(zip(self.starts.tolist(), self.ends.tolist(), strict=True))

    @property
    def lengths(self) -> Line:
        """The length of each span."""
        return self.ends - self.starts

    def before(self, at: Line) -> Line:
        """How much of the set lies before each instant."""
        if not self.starts.size:
            return np.zeros(at.shape, np.int64)
        total = np.append(0, np.cumsum(self.lengths))
        place = np.searchsorted(self.starts, at, side="right")
        inside = np.minimum(at, self.ends[place - 1]) - self.starts[place - 1]
        return np.asarray(np.where(place > 0, total[place - 1] + inside, 0), dtype=np.int64)

    def within(self, starts: Line, ends: Line) -> Line:
        """How much of the set lies in each of several pieces."""
        return self.before(ends) - self.before(starts)

    def __or__(self, other: Spans) -> Spans:
        """Union."""
        if not self.starts.size or not other.starts.size:
            return self if self.starts.size else other
        return Spans.of(
            np.concatenate([self.starts, other.starts]), np.concatenate([self.ends, other.ends])
        )

    def __and__(self, other: Spans) -> Spans:
        """Intersection."""
        if not self.starts.size or not other.starts.size:
            return Spans.none()
        return self._where(other, MINE + ITS)

    def __sub__(self, other: Spans) -> Spans:
        """Difference: what is in this set and not in the other."""
        if not self.starts.size or not other.starts.size:
            return self
        return self._where(other, MINE)

    def _where(self, other: Spans, wanted: int) -> Spans:
        """The instants that are in this set alone, or in both."""
        at = np.concatenate([self.starts, self.ends, other.starts, other.ends])
        mine, its = self.starts.size, other.starts.size
        change = np.repeat(np.array([MINE, -MINE, ITS, -ITS], np.int8), [mine, mine, its, its])
        order = np.argsort(at, kind="stable")
        at, level = at[order], np.cumsum(change[order], dtype=np.int8)
        # Several changes at one instant act together.
        there = (level[:-1] == wanted) & (at[:-1] < at[1:])
        return Spans.of(at[:-1][there], at[1:][there])

    def clip(self, start: int, end: int) -> Spans:
        """The part between two instants."""
        inside = self.touching(start, end)
        return Spans(np.maximum(inside.starts, start), np.minimum(inside.ends, end))

    def touching(self, start: int, end: int) -> Spans:
        """The spans that share an instant with the stretch between two instants, each whole."""
        first = int(np.searchsorted(self.ends, start, side="right"))
        rows = slice(first, int(np.searchsorted(self.starts, end)))
        return Spans(self.starts[rows], self.ends[rows])

    def only(self, chosen: Sequence[bool]) -> Spans:
        """The spans that are chosen, given a word about each."""
        rows = np.fromiter(chosen, dtype=bool, count=len(chosen))
        return Spans(self.starts[rows], self.ends[rows])

    def complement(self, start: int, end: int) -> Spans:
        """What lies between two instants and is not in the set."""
        inside = self.clip(start, end)
        starts = np.concatenate(([start], inside.ends))
        ends = np.concatenate((inside.starts, [end]))
        there = starts < ends
        return Spans(starts[there], ends[there])


def _rising(starts: Line, ends: Line) -> tuple[Line, Line]:
    """Pieces by their start: start and length sorted as one number where they fit into one."""
    if bool((starts[1:] >= starts[:-1]).all()):
        return starts, ends
    lengths, low = ends - starts, int(starts.min())
    room = int(lengths.max()).bit_length()
    if (int(starts.max()) - low).bit_length() + room > KEY_BITS:
        order = np.argsort(starts, kind="stable")
        return starts[order], ends[order]
    keys = (starts - low).view(np.uint64) << np.uint64(room)
    keys |= lengths.view(np.uint64)
    keys.sort()
    starts = (keys >> np.uint64(room)).view(np.int64) + low
    return starts, starts + (keys & np.uint64((1 << room) - 1)).view(np.int64)

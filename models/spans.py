"""Sets of time of many contracts at once, as arrays: the algebra of `models.intervals` in bulk.

A span lies on one long line on which every contract has a stretch of its own, so that sorting once
sorts for all of them. Spans of a set are rising, disjoint and do not touch, as in `IntervalSet`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.int64]
KEY_BITS = 64


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
        if not other.starts.size:
            return self
        return Spans.of(
            np.concatenate([self.starts, other.starts]), np.concatenate([self.ends, other.ends])
        )

    def __sub__(self, other: Spans) -> Spans:
        """Difference: what is in this set and not in the other."""
        if not self.starts.size or not other.starts.size:
            return self
        at = np.concatenate([self.starts, self.ends, other.starts, other.ends])
        mine, its = self.starts.size, other.starts.size
        change = np.repeat(np.array([2, -2, -1, 1], np.int64), [mine, mine, its, its])
        order = np.argsort(at, kind="stable")
        at, level = at[order], np.cumsum(change[order])
        # At 2 the instant is in this set alone; several changes at one instant act together.
        there = (level[:-1] == 2) & (at[:-1] < at[1:])  # noqa: PLR2004 - it is said above
        return Spans.of(at[:-1][there], at[1:][there])


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

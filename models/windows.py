"""Counted measurement windows: a month cut into equal pieces, and how many of them failed.

The last step of measuring for contracts that count windows instead of time. The counts are derived
from sets of time by arithmetic; no window is ever looked at by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.intervals import MINUTE_MS, Interval, IntervalSet
from models.measurement import LastWindow, WindowFails

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """Counted measurement windows of a month; errors are counted outside excluded windows.

    Attributes:
        total: All windows.
        error: Windows that failed.
        excluded: Windows that lie wholly in excluded time; none of them is an error.
        unknown: Windows of which unknown time hides whether they failed.
        length_ms: The length of one window; the last one may be cut by the month's end.
    """

    total: int
    error: int
    excluded: int
    unknown: int
    length_ms: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Windows of one length that start at the month's start.

    Attributes:
        start: The month's start.
        length: Milliseconds of a window.
        total: How many windows there are.
        end: The end of the last one: the month's end, or before it when a cut window is ignored.
    """

    start: int
    length: int
    total: int
    end: int

    @classmethod
    def over(cls, month: Interval, *, minutes: int, last_window: LastWindow) -> Grid:
        """The grid of a month; its last window may be cut, and is counted or left out."""
        length = minutes * MINUTE_MS
        whole, rest = divmod(month.length, length)
        if rest and last_window is LastWindow.COUNTED:
            return cls(month.start, length, whole + 1, month.end)
        return cls(month.start, length, whole, month.start + whole * length)

    def within(self, time: IntervalSet) -> int:
        """How many windows lie wholly in a set of time."""
        return sum(self._whole(start, min(end, self.end)) for start, end in time.spans)

    def touched(self, time: IntervalSet) -> int:
        """How many windows share at least one instant with a set of time."""
        count, counted_to = 0, 0
        for start, end in time.spans:
            first = max((start - self.start) // self.length, counted_to)
            after_last = -((self.start - min(end, self.end)) // self.length)
            count += max(after_last - first, 0)
            counted_to = max(counted_to, after_last)
        return count

    def _whole(self, start: int, end: int) -> int:
        """How many windows lie wholly between two instants, the second within the grid."""
        first = -((self.start - start) // self.length)
        after_last = self.total if end == self.end else (end - self.start) // self.length
        return max(after_last - first, 0)


def count_windows(
    grid: Grid,
    *,
    fails: WindowFails,
    down: IntervalSet,
    excluded: IntervalSet,
    unknown: IntervalSet,
) -> WindowCounts:
    """Count the windows of a month by three disjoint sets of time inside it.

    A window that fails when all of it is down is an error when all of it is known to be down, and
    unknown when it might be. A window that fails at any downtime is an error when some of it is
    known to be down, and unknown when some of it might be. A window with excluded time in it is not
    down as a whole, so an exclusion can only take errors away.
    """
    failing = grid.within if fails is WindowFails.WHOLE else grid.touched
    error = failing(down)
    return WindowCounts(
        total=grid.total,
        error=error,
        excluded=grid.within(excluded),
        unknown=failing(down | unknown) - error,
        length_ms=grid.length,
    )

"""Half-open stretches of time and sets of them; overlaps count once.

An instant is an `int`: milliseconds since 1970-01-01T00:00Z, the resolution of all evidence. Leap
seconds do not exist here, as in POSIX time. Outages, exclusions and unknown time are all
`IntervalSet`s, so that union, intersection and difference are the only arithmetic that time needs.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
MINUTE_MS = 60_000


def instant(at: datetime) -> int:
    """Milliseconds since the epoch of an aware datetime, cut (never rounded) to the millisecond.

    Raises:
        ValueError: The datetime has no time zone.
    """
    if at.tzinfo is None:
        message = f"{at.isoformat()} has no time zone"
        raise ValueError(message)
    return (at - EPOCH) // MILLISECOND


def utc(at: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return EPOCH + timedelta(milliseconds=at)


def utc_text(at: int) -> str:
    """An instant as ISO 8601 in UTC, with milliseconds only where there are any.

    >>> utc_text(0), utc_text(1)
    ('1970-01-01T00:00:00Z', '1970-01-01T00:00:00.001Z')
    """
    precision = "milliseconds" if at % 1000 else "seconds"
    return utc(at).isoformat(timespec=precision).replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The instants from `start` (inclusive) to `end` (exclusive); never empty."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse to exist when empty or reversed."""
        if self.start >= self.end:
            message = f"an interval must end after it starts: {self.start} .. {self.end}"
            raise ValueError(message)

    @property
    def length(self) -> int:
        """Milliseconds from start to end, at least 1."""
        return self.end - self.start

    def __str__(self) -> str:
        """ISO 8601 interval notation in UTC: `start/end`."""
        return f"{utc_text(self.start)}/{utc_text(self.end)}"


@dataclass(frozen=True, slots=True)
class IntervalSet:
    """A set of instants, held as the shortest rising list of disjoint, non-touching spans.

    Two sets with the same instants are equal whatever pieces they were made from.

    >>> a, b = IntervalSet.of([(0, 10), (5, 20)]), IntervalSet.of([(8, 12)])
    >>> (a - b).spans, (a & b).length, (a | b).spans
    (((0, 8), (12, 20)), 4, ((0, 20),))
    """

    spans: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, pieces: Iterable[tuple[int, int] | Interval]) -> IntervalSet:
        """The union of half-open pieces in any order; empty pieces are dropped.

        Raises:
            ValueError: A piece ends before it starts.
        """
        pairs = sorted((p.start, p.end) if isinstance(p, Interval) else p for p in pieces)
        return cls(tuple(_merged(pairs)))

    @classmethod
    def rising(cls, pieces: Iterable[tuple[int, int]]) -> IntervalSet:
        """The union of half-open pieces that already rise by their start; empty ones are dropped.

        Raises:
            ValueError: A piece ends before it starts.
        """
        return cls(tuple(_merged(pieces)))

    @property
    def length(self) -> int:
        """Milliseconds in the set."""
        return sum(end - start for start, end in self.spans)

    def __bool__(self) -> bool:
        """Whether the set holds any instant."""
        return bool(self.spans)

    def __iter__(self) -> Iterator[Interval]:
        """The disjoint spans, rising."""
        return (Interval(start, end) for start, end in self.spans)

    def __contains__(self, at: int) -> bool:
        """Whether the instant is in the set."""
        place = bisect_right(self.spans, (at, at)) if self.spans else 0
        inside_next = place < len(self.spans) and self.spans[place][0] <= at
        return inside_next or (place > 0 and at < self.spans[place - 1][1])

    def __or__(self, other: IntervalSet) -> IntervalSet:
        """Union: the instants that are in either set."""
        if not self.spans or not other.spans:
            return self if self.spans else other
        return IntervalSet(tuple(_merged(sorted(self.spans + other.spans))))

    def __and__(self, other: IntervalSet) -> IntervalSet:
        """Intersection: the instants that are in both sets."""
        return IntervalSet(tuple(_overlaps(self.spans, other.spans)))

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        """Difference: the instants of this set that are not in the other."""
        if not self.spans or not other.spans:
            return self
        first, last = self.spans[0][0], self.spans[-1][1]
        return self & other.complement(Interval(first, last))

    def complement(self, within: Interval) -> IntervalSet:
        """The instants of `within` that are not in this set."""
        edges = [within.start]
        for start, end in self.spans:
            edges += [min(max(start, within.start), within.end)]
            edges += [min(max(end, within.start), within.end)]
        edges.append(within.end)
        gaps = zip(edges[::2], edges[1::2], strict=True)
        return IntervalSet(tuple((start, end) for start, end in gaps if start < end))

    def clip(self, within: Interval) -> IntervalSet:
        """The part of this set that lies inside `within`."""
        first = bisect_right(self.spans, within.start, key=itemgetter(1))
        after_last = bisect_left(self.spans, within.end, key=itemgetter(0))
        inside = self.spans[first:after_last]
        if not inside or (inside[0][0] >= within.start and inside[-1][1] <= within.end):
            return IntervalSet(inside)
        return IntervalSet(tuple(_overlaps(inside, ((within.start, within.end),))))

    def earliest(self, length: int) -> IntervalSet:
        """The first so many milliseconds of the set; the whole set when it is no longer."""
        left, kept = length, []
        for start, end in self.spans:
            if left <= 0:
                break
            kept.append((start, min(end, start + left)))
            left -= end - start
        return IntervalSet(tuple(kept))

    def lengths_in(self, pieces: Iterable[tuple[int, int]]) -> list[int]:
        """For each of several disjoint, rising pieces, how many milliseconds of it are in the set.

        >>> IntervalSet.of([(0, 10), (20, 30)]).lengths_in([(5, 8), (9, 25), (40, 50)])
        [3, 6, 0]
        """
        return list(_lengths(self.spans, pieces))


def _merged(rising: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    current: tuple[int, int] | None = None
    for start, end in rising:
        if end < start:
            message = f"a piece must not end before it starts: {start} .. {end}"
            raise ValueError(message)
        if end == start:
            continue
        if current is not None and start <= current[1]:
            current = (current[0], max(current[1], end))
            continue
        if current is not None:
            yield current
        current = (start, end)
    if current is not None:
        yield current


def _overlaps(
    left: tuple[tuple[int, int], ...], right: tuple[tuple[int, int], ...]
) -> Iterator[tuple[int, int]]:
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i][0], right[j][0])
        end = min(left[i][1], right[j][1])
        if start < end:
            yield (start, end)
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1


def _lengths(
    spans: tuple[tuple[int, int], ...], pieces: Iterable[tuple[int, int]]
) -> Iterator[int]:
    first = 0
    for start, end in pieces:
        while first < len(spans) and spans[first][1] <= start:
            first += 1
        length, i = 0, first
        while i < len(spans) and spans[i][0] < end:
            length += min(spans[i][1], end) - max(spans[i][0], start)
            i += 1
        first = max(first, i - 1)
        yield length

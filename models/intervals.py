"""Half-open stretches of time and sets of them; overlaps count once.

An instant is an `int`: milliseconds since 1970-01-01T00:00Z, the resolution of all evidence. Leap
seconds do not exist here, as in POSIX time. Outages, exclusions and unknown time are all
`IntervalSet`s, so that union, intersection and difference are the only arithmetic that time needs.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import compress
from operator import itemgetter

from models.spans import Spans

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
MINUTE_MS = 60_000
MOST_PAIRS = 64
"""Sets with more spans than this are counted through in columns."""


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


class IntervalSet:
    """A set of instants, held as the shortest rising list of disjoint, non-touching spans.

    Two sets with the same instants are equal whatever pieces they were made from. Few spans are
    pairs, many are columns (`models.spans`), which answer in bulk; a set is never changed.

    >>> a, b = IntervalSet.of([(0, 10), (5, 20)]), IntervalSet.of([(8, 12)])
    >>> (a - b).spans, (a & b).length, (a | b).spans
    (((0, 8), (12, 20)), 4, ((0, 20),))
    """

    __slots__ = ("_line", "_spans")

    def __init__(self, spans: tuple[tuple[int, int], ...] = ()) -> None:
        """Take the spans, which are rising, disjoint and do not touch."""
        self._spans: tuple[tuple[int, int], ...] | None = spans
        self._line: Spans | None = None

    @classmethod
    def on(cls, line: Spans) -> IntervalSet:
        """The set of these columns."""
        made = cls()
        made._spans, made._line = None, line
        return made

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The spans as pairs of start and end."""
        if self._spans is None:
            self._spans = self.line.pairs
        return self._spans

    @property
    def line(self) -> Spans:
        """The spans as columns."""
        if self._line is None:
            self._line = Spans.rising(self.spans)
        return self._line

    def __len__(self) -> int:
        """How many spans there are."""
        return len(self.spans) if self._line is None else len(self._line)

    def __eq__(self, other: object) -> bool:
        """Whether the other set has the same instants."""
        return self.spans == other.spans if isinstance(other, IntervalSet) else NotImplemented

    def __hash__(self) -> int:
        """Equal sets have equal hashes."""
        return hash(self.spans)

    def __repr__(self) -> str:
        """The spans."""
        return f"IntervalSet({self.spans!r})"

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
        if self._is_small():
            return sum(end - start for start, end in self.spans)
        return int(self.line.lengths.sum())

    @property
    def lengths(self) -> list[int]:
        """Milliseconds in each span."""
        if self._is_small():
            return [end - start for start, end in self.spans]
        lengths: list[int] = self.line.lengths.tolist()
        return lengths

    def __bool__(self) -> bool:
        """Whether the set holds any instant."""
        return len(self) > 0

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
        if not self or not other:
            return self or other
        if self._is_small(other):
            return IntervalSet(tuple(_merged(sorted(self.spans + other.spans))))
        return IntervalSet.on(self.line | other.line)

    def __and__(self, other: IntervalSet) -> IntervalSet:
        """Intersection: the instants that are in both sets."""
        if not self or not other:
            return other if self else self
        if self._is_small(other):
            return IntervalSet(tuple(_overlaps(self.spans, other.spans)))
        return IntervalSet.on(self.line & other.line)

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        """Difference: the instants of this set that are not in the other."""
        if not self or not other:
            return self
        if self._is_small(other):
            first, last = self.spans[0][0], self.spans[-1][1]
            return self & other.complement(Interval(first, last))
        return IntervalSet.on(self.line - other.line)

    def complement(self, within: Interval) -> IntervalSet:
        """The instants of `within` that are not in this set."""
        if not self._is_small():
            return IntervalSet.on(self.line.complement(within.start, within.end))
        edges = [within.start]
        for start, end in self.spans:
            edges += [min(max(start, within.start), within.end)]
            edges += [min(max(end, within.start), within.end)]
        edges.append(within.end)
        gaps = zip(edges[::2], edges[1::2], strict=True)
        return IntervalSet(tuple((start, end) for start, end in gaps if start < end))

    def clip(self, within: Interval) -> IntervalSet:
        """The part of this set that lies inside `within`."""
        if not self._is_small():
            return IntervalSet.on(self.line.clip(within.start, within.end))
        inside = self.touching(within).spans
        if not inside or (inside[0][0] >= within.start and inside[-1][1] <= within.end):
            return IntervalSet(inside)
        return IntervalSet(tuple(_overlaps(inside, ((within.start, within.end),))))

    def touching(self, within: Interval) -> IntervalSet:
        """The spans that share an instant with `within`, each whole."""
        if not self._is_small():
            return IntervalSet.on(self.line.touching(within.start, within.end))
        first = bisect_right(self.spans, within.start, key=itemgetter(1))
        after_last = bisect_left(self.spans, within.end, key=itemgetter(0))
        return IntervalSet(self.spans[first:after_last])

    def only(self, chosen: Sequence[bool]) -> IntervalSet:
        """The spans that are chosen, given a word about each."""
        if self._is_small():
            return IntervalSet(tuple(compress(self.spans, chosen)))
        return IntervalSet.on(self.line.only(chosen))

    def span(self, place: int) -> Interval:
        """One of the spans, by its place."""
        if self._spans is not None:
            return Interval(*self._spans[place])
        return Interval(int(self.line.starts[place]), int(self.line.ends[place]))

    def earliest(self, length: int) -> IntervalSet:
        """The first so many milliseconds of the set; the whole set when it is no longer."""
        left, kept = length, []
        for start, end in self.spans:
            if left <= 0:
                break
            kept.append((start, min(end, start + left)))
            left -= end - start
        return IntervalSet(tuple(kept))

    def lengths_in(self, pieces: IntervalSet) -> list[int]:
        """For each span of another set, how many milliseconds of it are in this one.

        >>> IntervalSet.of([(0, 10), (20, 30)]).lengths_in(IntervalSet.of([(5, 8), (9, 25)]))
        [3, 6]
        """
        if self._is_small(pieces):
            return list(_lengths(self.spans, pieces.spans))
        lengths: list[int] = self.line.within(pieces.line.starts, pieces.line.ends).tolist()
        return lengths

    def _is_small(self, other: IntervalSet | None = None) -> bool:
        """Whether there are so few spans, of both sets, that pairs answer sooner than columns."""
        return len(self) + (0 if other is None else len(other)) <= MOST_PAIRS


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

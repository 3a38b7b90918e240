"""Measured outages, one by one: what each comes to, and why nothing of it counts where that is so.

A service that flaps has thousands of outages in a month, most of them too short to count. So they
are held as columns, and told one by one only to who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from models.intervals import Interval, IntervalSet


@dataclass(frozen=True, slots=True)
class Outage:
    """One measured outage.

    Attributes:
        whole: From its start to its end, also outside the month and inside exclusions. An outage
            that is still going on ends, for now, with the evidence.
        counted_ms: Milliseconds of it that count as downtime of this month.
        ignored: Why nothing (or not all) of its part in the month counts, such as a minimum
            length; "" when all does.
    """

    whole: Interval
    counted_ms: int
    ignored: str = ""


class Outages(Sequence[Outage]):
    """The outages of a month, rising.

    Attributes:
        counted_ms: Of each, how many milliseconds count.
    """

    __slots__ = ("_counting", "_wholes", "_why", "counted_ms")

    def __init__(
        self, wholes: IntervalSet, counted_ms: Sequence[int], why: Callable[[int], str]
    ) -> None:
        """Take the outages from start to end, what of each counts, and why not by its place."""
        self._wholes = wholes
        self.counted_ms = counted_ms
        self._why = why
        self._counting: tuple[Outage, ...] | None = None

    @property
    def counting(self) -> tuple[Outage, ...]:
        """Those that count, at least in part."""
        if self._counting is None:
            counting = (self[place] for place, ms in enumerate(self.counted_ms) if ms)
            self._counting = tuple(counting)
        return self._counting

    @property
    def counting_starts(self) -> tuple[int, ...]:
        """When each of them began, maybe before the month."""
        counting = (place for place, ms in enumerate(self.counted_ms) if ms)
        return tuple(self._wholes.span(place).start for place in counting)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.counted_ms)

    @overload
    def __getitem__(self, place: int) -> Outage: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Outage, ...]: ...
    def __getitem__(self, place: int | slice) -> Outage | tuple[Outage, ...]:
        """One outage, or several."""
        if isinstance(place, slice):
            return tuple(self[each] for each in range(*place.indices(len(self))))
        at = range(len(self))[place]
        return Outage(self._wholes.span(at), self.counted_ms[at], self._why(at))

    def __iter__(self) -> Iterator[Outage]:
        """The outages in the order of time."""
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether another sequence tells of the same outages."""
        if not isinstance(other, Outages | tuple):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        """The hash of the tuple that it equals."""
        return hash(tuple(self))

    def __repr__(self) -> str:
        """As a tuple."""
        return repr(tuple(self))

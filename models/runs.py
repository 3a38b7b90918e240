"""Exact runs: what probes saw in a month, as stretches of one state between two looks.

The first of the two artifacts that a monitor's month is kept as (`models.minutes` is the other).
A run begins and ends with a look, so that every timeline, with its gaps and with how long each
change went unseen, comes back exactly as `models.outage.compact` makes it from the looks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.changes import Changes, Lengths
from models.intervals import Interval
from models.outage import State, Timeline

MAGIC = b"makegood runs 1\n"
INSTANT = np.dtype("<i8")

UNBROKEN = 8
"""Added to the state of a run that follows a silence which is no gap: a log tells of changes, and
what it does not tell of did not happen, however long nobody looked."""


class CoarseError(ValueError):
    """Shorter silences are asked for than runs tell of."""


class Run(NamedTuple):
    """One run of one probe.

    Attributes:
        first: Instant of its first look.
        last: Instant of its last look.
        state: What was seen.
        unbroken: Whether the silence before it is no gap, although it is as long as one.
    """

    first: int
    last: int
    state: State
    unbroken: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """The runs of one monitor's probes, by region and time; all arrays have shape (n,).

    Attributes:
        monitor: The monitor's name.
        regions: Where its probes stand, rising.
        floor_ms: Silences of at least this length end a run, even where the state stays.
        places: Index of each run's region, rising.
        first: Instant of a run's first look, rising within a region.
        last: Instant of its last look.
        states: `State` values, with `UNBROKEN` where the silence before a run is no gap.
    """

    monitor: str
    regions: tuple[str, ...]
    floor_ms: int
    places: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    states: NDArray[np.int8]

    def canonical(self) -> bytes:
        """The same bytes for the same runs, whatever machine or order they come from."""
        counts = np.bincount(self.places, minlength=len(self.regions)).tolist()
        head = {
            "monitor": self.monitor,
            "regions": list(self.regions),
            "floor_ms": self.floor_ms,
            "runs": counts,
        }
        arrays = (self.first.astype(INSTANT), self.last.astype(INSTANT), self.states)
        text = json.dumps(head, sort_keys=True, separators=(",", ":"))
        return MAGIC + text.encode() + b"\n" + b"".join(array.tobytes() for array in arrays)

    @classmethod
    def parsed(cls, content: bytes) -> Self:
        """The runs of canonical bytes.

        Raises:
            ValueError: They are not canonical bytes of runs.
        """
        if not content.startswith(MAGIC):
            message = f"runs begin with {MAGIC!r}, not with {content[: len(MAGIC)]!r}"
            raise ValueError(message)
        end = content.index(b"\n", len(MAGIC))
        head = json.loads(content[len(MAGIC) : end], parse_float=Decimal)
        counts = np.array(head["runs"], dtype=np.int64)
        total = int(counts.sum())
        first, last = np.frombuffer(content, INSTANT, 2 * total, end + 1).reshape(2, total)
        return cls(
            monitor=head["monitor"],
            regions=tuple(head["regions"]),
            floor_ms=head["floor_ms"],
            places=np.repeat(np.arange(counts.size, dtype=np.int32), counts),
            first=first.astype(np.int64),
            last=last.astype(np.int64),
            states=np.frombuffer(content, np.int8, total, end + 1 + 16 * total),
        )

    @classmethod
    def of(cls, monitor: str, told: Mapping[str, Sequence[Run]], *, floor_ms: int) -> Self:
        """The runs of each region, given in the order of time."""
        regions = tuple(sorted(told))
        listed = [run for region in regions for run in told[region]]
        counts = [len(told[region]) for region in regions]
        states = [run.state + (UNBROKEN if run.unbroken else 0) for run in listed]
        return cls(
            monitor=monitor,
            regions=regions,
            floor_ms=floor_ms,
            places=np.repeat(np.arange(len(regions), dtype=np.int32), counts),
            first=np.array([run.first for run in listed], dtype=np.int64),
            last=np.array([run.last for run in listed], dtype=np.int64),
            states=np.array(states, dtype=np.int8),
        )

    @property
    def told(self) -> dict[str, tuple[Run, ...]]:
        """The runs of each region, in the order of time; the inverse of `of`."""
        columns = (self.first.tolist(), self.last.tolist(), self.states.tolist())
        listed = [
            Run(first, last, State(state % UNBROKEN), state >= UNBROKEN)
            for first, last, state in zip(*columns, strict=True)
        ]
        edges = np.searchsorted(self.places, np.arange(len(self.regions) + 1)).tolist()
        return {
            region: tuple(listed[start:end])
            for region, (start, end) in zip(self.regions, pairwise(edges), strict=True)
        }

    @classmethod
    def joined(cls, months: Sequence[Runs]) -> Runs:
        """The runs of several months, given in the order of time.

        Raises:
            ValueError: There is no month.
        """
        if not months:
            message = "runs are joined from at least one month"
            raise ValueError(message)
        if len(months) == 1:
            return months[0]
        regions = tuple(sorted({region for month in months for region in month.regions}))
        places = np.concatenate([_placed(month, regions) for month in months])
        order = np.argsort(places, kind="stable")
        return cls(
            monitor=months[0].monitor,
            regions=regions,
            floor_ms=max(month.floor_ms for month in months),
            places=places[order],
            first=np.concatenate([month.first for month in months])[order],
            last=np.concatenate([month.last for month in months])[order],
            states=np.concatenate([month.states for month in months])[order],
        )

    @classmethod
    def united(cls, told: Sequence[Runs]) -> Runs:
        """The runs of all looks that several readings of one time hold, repeated or not.

        Raises:
            ValueError: There is no reading, or two of them tell of different states at one time.
        """
        joined = cls.joined(told)
        order = np.lexsort((joined.last, joined.first, joined.places))
        place, state = joined.places[order], joined.states[order]
        first, last = joined.first[order], joined.last[order]
        other = np.append(True, place[1:] != place[:-1])
        reach = _reach(last, other)
        turns = np.append(True, state[1:] != state[:-1])
        apart = first - np.append(first[:1], reach[:-1])
        if bool((turns & ~other & (apart <= 0)).any()):
            message = f"two readings of {joined.monitor!r} contradict each other"
            raise ValueError(message)
        begins = np.flatnonzero(other | turns | (apart >= joined.floor_ms))
        ends = np.append(begins[1:], first.size) - 1
        return cls(
            monitor=joined.monitor,
            regions=joined.regions,
            floor_ms=joined.floor_ms,
            places=place[begins],
            first=first[begins],
            last=reach[ends],
            states=state[begins],
        )

    def timelines(self, gap_floor_ms: int | None) -> tuple[Timeline, ...]:
        """One timeline for each region.

        Args:
            gap_floor_ms: Silences of at least this length are kept as gaps; None keeps none.

        Raises:
            CoarseError: Shorter silences are asked for than the runs tell of.
        """
        if gap_floor_ms is not None and gap_floor_ms < self.floor_ms:
            message = (
                f"the runs of {self.monitor!r} tell of silences from {self.floor_ms} ms, not from "
                f"{gap_floor_ms} ms"
            )
            raise CoarseError(message)
        edges = np.searchsorted(self.places, np.arange(len(self.regions) + 1)).tolist()
        return tuple(
            self._timeline(region, slice(*edge), gap_floor_ms)
            for region, edge in zip(self.regions, pairwise(edges), strict=True)
        )

    def _timeline(self, region: str, rows: slice, gap_floor_ms: int | None) -> Timeline:
        first, last = self.first[rows], self.last[rows]
        states, unbroken = self.states[rows] % UNBROKEN, self.states[rows] >= UNBROKEN
        if not first.size:
            return Timeline(self.monitor, region, gap_floor_ms=gap_floor_ms)
        silent = first[1:] - last[:-1]
        turns = np.append(True, states[1:] != states[:-1])
        wide = np.zeros(0, np.int64)
        if gap_floor_ms is not None:
            wide = np.flatnonzero((silent >= max(gap_floor_ms, 1)) & ~unbroken[1:])
        gaps = zip(last[wide].tolist(), first[wide + 1].tolist(), strict=True)
        return Timeline(
            monitor=self.monitor,
            region=region,
            changes=Changes(first[turns], states[turns]),
            gaps=tuple(Interval(start, end) for start, end in gaps),
            gap_floor_ms=gap_floor_ms,
            last_observed_at=int(last[-1]),
            unseen_ms=Lengths(np.append(0, silent)[turns]),
        )


def _reach(last: NDArray[np.int64], begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The latest end of all rows so far, anew from each beginning on."""
    stretches = np.split(last, np.flatnonzero(begins)[1:])
    return np.concatenate([np.maximum.accumulate(stretch) for stretch in stretches])


def _placed(month: Runs, regions: Sequence[str]) -> NDArray[np.int32]:
    """The places of a month's runs among the regions of all months."""
    places = np.array([regions.index(region) for region in month.regions], dtype=np.int32)
    return np.asarray(places[month.places], dtype=np.int32)

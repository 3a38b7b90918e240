"""Minute counts of a bucket, cut into one compressed chunk per monitor and day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from connectors.monitoring._engine.kernel import Frame, Unit
from models.intervals import MINUTE_MS
from models.minutes import MINUTES_PER_DAY, WIDTHS, DayCounts, day_head, digest
from models.outage import State

ZSTD = pa.Codec("zstd", compression_level=1)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A day's minute counts of one monitor, packed.

    Attributes:
        digest: SHA-256 of the canonical bytes of the `models.minutes.DayCounts`.
        size: How long those are.
        packed: The same bytes, compressed.
    """

    digest: str
    size: int
    packed: bytes

    @classmethod
    def of(cls, content: bytes) -> Chunk:
        """The chunk with this content."""
        return cls(digest(content), len(content), ZSTD.compress(content, asbytes=True))

    def counts(self) -> DayCounts:
        """The counts again.

        Raises:
            ValueError: They are not what they were.
        """
        content = ZSTD.decompress(self.packed, self.size, asbytes=True)
        if digest(content) != self.digest:
            message = f"minute counts {self.digest[:12]} were altered"
            raise ValueError(message)
        return DayCounts.parsed(content)


Planes = Sequence[tuple[State, NDArray[Any]]]


def chunks_of(
    unit: Unit, frame: Frame, regions: Sequence[str], room: int
) -> Iterator[tuple[int, int, Chunk]]:
    """Each monitor's chunks: its number, the day since the bucket's origin, and the chunk.

    Args:
        unit: Counts that begin and end with a monitor.
        frame: How its checks were packed.
        regions: The regions' names by number.
        room: How many regions a monitor has room for.
    """
    shape = (-1, room, frame.stride_minutes)
    planes = [(state, counts.reshape(shape)) for state, counts in sorted(_planes(unit))]
    first_monitor = unit.first_cell // (room * frame.stride_minutes)
    order = sorted(range(len(regions)), key=lambda number: regions[number])
    for day in range(-(-frame.length_ms // (MINUTES_PER_DAY * MINUTE_MS))):
        minutes = slice(day * MINUTES_PER_DAY, (day + 1) * MINUTES_PER_DAY)
        parts = [(state, plane[:, :, minutes]) for state, plane in planes]
        for monitor, content in _contents(parts, regions, order):
            yield first_monitor + monitor, day, Chunk.of(content)


def _planes(unit: Unit) -> Iterator[tuple[State, NDArray[Any]]]:
    """The counts of each state, as narrow as all checks of a minute fit."""
    width = _width(int(unit.checks.max(initial=0)))
    up = unit.checks.astype(width)
    for state, counts in unit.others.items():
        narrow = counts.astype(width)
        up -= narrow
        yield state, narrow
    yield State.UP, up


def _contents(
    planes: Planes, names: Sequence[str], order: Sequence[int]
) -> Iterator[tuple[int, bytes]]:
    """The canonical bytes of every monitor with a check on a day."""
    most = np.stack([plane.max(axis=2) for _, plane in planes], axis=1).tolist()
    for monitor, there in enumerate(most):
        seen = [number for number, largest in enumerate(there) if any(largest)]
        if not seen:
            continue
        regions = [number for number in order if any(largest[number] for largest in there)]
        width = _width(max(map(max, there)))
        cells = [planes[n][1][monitor].take(regions, axis=0).astype(width) for n in seen]
        head = day_head(tuple(names[n] for n in regions), tuple(planes[n][0] for n in seen), width)
        yield monitor, head + b"".join([plane.tobytes() for plane in cells])


@cache
def _width(largest: int) -> str:
    return next(name for name in WIDTHS if largest <= np.iinfo(np.dtype(name)).max)

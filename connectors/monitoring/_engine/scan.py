"""Reading the rows of Parquet checks files as numbers, piece by piece, as fast as Arrow decodes.

A piece is a run of row groups of one file, whose statistics say which time and which monitors it
holds. Only what is beyond doubt is read here: instants with a time zone, boolean states, names
without blanks at their ends, no empty cell. Everything else raises `Unfit`, and the general way
reads the files, finding by finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from connectors.monitoring._cells import LATEST_EPOCH_S
from connectors.monitoring._engine.kernel import STATE_BITS
from connectors.monitoring._engine.keys import MonitorPacker, Packed, Packer
from connectors.monitoring._unusable import NAME
from models.outage import State

ROWS_PER_BATCH = 1 << 16
ROWS_PER_PIECE = 1 << 22
LARGEST_KEY = 1 << 62
MOST_HEADS = 1 << 16
"""Up to so many probes of a row group are looked up in one table, of monitor and region at once."""
NO_MONITORS = np.zeros(0, np.int32)
TICKS_PER_MS = {"s": None, "ms": 1, "us": 1_000, "ns": 1_000_000}


class Unfit(Exception):
    """The fast way cannot read this; the general way can, or says why not."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the four cells stand in a file.

    Attributes:
        path: The file.
        names: Our column names to the file's; `monitor` and `region` may be absent.
        ticks: How many of the file's ticks of time make a millisecond.
        groups: Rows and edges of each row group.
    """

    path: Path
    names: Mapping[str, str]
    ticks: int
    groups: tuple[Group, ...]

    @classmethod
    def of(cls, path: Path, names: Mapping[str, str]) -> Layout:
        """The layout of a file.

        Raises:
            Unfit: A column is of another type, or a row group says nothing of its time.
        """
        metadata = pa.parquet.read_metadata(path)
        schema = metadata.schema.to_arrow_schema()
        ticks = _ticks(schema, names)
        if not all(pa.types.is_string(schema.field(names[n]).type) for n in NAMES & names.keys()):
            raise Unfit
        places = {name: schema.names.index(theirs) for name, theirs in names.items()}
        groups = tuple(
            Group.of(metadata.row_group(number), places, ticks)
            for number in range(metadata.num_row_groups)
        )
        return cls(path, names, ticks, groups)


NAMES = frozenset({"monitor", "region"})


def _ticks(schema: pa.Schema, names: Mapping[str, str]) -> int:
    at, up = schema.field(names["at"]).type, schema.field(names["up"]).type
    if not (pa.types.is_timestamp(at) and at.tz and pa.types.is_boolean(up)):
        raise Unfit
    ticks = TICKS_PER_MS[at.unit]
    if ticks is None:
        raise Unfit
    return ticks


@dataclass(frozen=True, slots=True)
class Group:
    """What a row group's statistics say.

    Attributes:
        rows: How many rows it has.
        earliest: Its first instant in milliseconds.
        latest: Its last instant.
        least: The first of its monitors' names; None where nothing says so.
        most: The last of them.
    """

    rows: int
    earliest: int
    latest: int
    least: str | None
    most: str | None

    @classmethod
    def of(cls, group: Any, places: Mapping[str, int], ticks: int) -> Group:  # noqa: ANN401 - pyarrow has no types
        """The statistics of a row group."""
        times = group.column(places["at"]).statistics
        if times is None or not times.has_min_max or group.num_rows == 0:
            raise Unfit
        earliest, latest = times.min_raw // ticks, times.max_raw // ticks
        if earliest < 0 or latest >= LATEST_EPOCH_S * 1000:
            raise Unfit
        least = most = None
        if "monitor" in places:
            monitors = group.column(places["monitor"]).statistics
            if monitors is not None and monitors.has_min_max:
                least, most = monitors.min, monitors.max
        return cls(group.num_rows, earliest, latest, least, most)


@dataclass(frozen=True, slots=True)
class Piece:
    """Row groups of one file that are read together.

    Attributes:
        layout: The file.
        file: Its place among the files.
        groups: Numbers of the row groups, rising.
        rows: How many rows they have.
        earliest: Their first instant in milliseconds.
        latest: Their last instant.
        least: The first of their monitors' names; None where nothing says so.
        most: The last of them.
    """

    layout: Layout
    file: int
    groups: tuple[int, ...]
    rows: int
    earliest: int
    latest: int
    least: str | None
    most: str | None

    @classmethod
    def of(cls, layout: Layout, file: int, numbers: Sequence[int]) -> Piece:
        """These row groups as one piece."""
        groups = [layout.groups[number] for number in numbers]
        least = [group.least for group in groups if group.least is not None]
        most = [group.most for group in groups if group.most is not None]
        known = len(least) == len(most) == len(groups)
        return cls(
            layout=layout,
            file=file,
            groups=tuple(numbers),
            rows=sum(group.rows for group in groups),
            earliest=min(group.earliest for group in groups),
            latest=max(group.latest for group in groups),
            least=min(least) if known else None,
            most=max(most) if known else None,
        )


def pieces_of(layout: Layout, file: int, *, rows_per_piece: int) -> Iterator[Piece]:
    """The pieces of a file, in its order, each of about so many rows."""
    numbers: list[int] = []
    rows = 0
    for number, group in enumerate(layout.groups):
        numbers.append(number)
        rows += group.rows
        if rows >= rows_per_piece:
            yield Piece.of(layout, file, numbers)
            numbers, rows = [], 0
    if numbers:
        yield Piece.of(layout, file, numbers)


class TooManyRegionsError(Exception):
    """More regions than probes were numbered for; numbering begins anew with more room."""

    def __init__(self, regions: int) -> None:
        super().__init__()
        self.regions = regions


@dataclass(slots=True)
class Numbering:
    """Numbers for monitors and regions, shared by all threads.

    A probe's number is `monitor * regions_room + region`.

    Attributes:
        regions_room: How many regions a monitor can have.
        monitor: The only monitor, for files without that column.
        monitors: Numbers of monitors' names.
        regions: Numbers of regions' names.
    """

    regions_room: int
    monitor: str = ""
    monitors: dict[str, int] = field(default_factory=dict)
    regions: dict[str, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def numbers(self, kind: str, values: Sequence[str]) -> NDArray[np.int32]:
        """The number of each name.

        Raises:
            Unfit: A name needs a closer look.
            TooManyRegionsError: There are more regions than room.
        """
        known = self.monitors if kind == "monitor" else self.regions
        found = list(map(known.get, values))
        if None not in found:
            # Every row group has a dictionary of its own, and nearly all names are old ones.
            return np.array(found, dtype=np.int32)
        for value in values:
            if not (NAME.fullmatch(value) or (kind == "region" and not value)):
                raise Unfit
            if value != value.strip():
                raise Unfit
        with self._lock:
            found = [known.setdefault(value, len(known)) for value in values]
        if len(self.regions) > self.regions_room:
            raise TooManyRegionsError(len(self.regions))
        return np.array(found, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Codes:
    """A column of names.

    Attributes:
        dictionary: The different names as Arrow has them.
        numbers: The number of each of them.
        keys: What each of them adds to a key.
        codes: Index into these, shape (n,).
    """

    dictionary: Any
    numbers: NDArray[np.int32]
    keys: NDArray[np.int64]
    codes: NDArray[np.int32]


@dataclass(slots=True)
class Scanner:
    """Reads one piece.

    Attributes:
        piece: What is read.
        numbering: How names become numbers.
        packer: Where its rows go.
        earliest: The first instant that was read.
        latest: The last one.
        order: Watches the order of the rows; None where nobody asks.
    """

    piece: Piece
    numbering: Numbering
    packer: Packer
    earliest: int = 1 << 62
    latest: int = -1
    order: Order | None = None
    _known: dict[str, Codes] = field(default_factory=dict)
    _known_heads: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None = None

    def read(self) -> Scanner:
        """Read every row of the piece into the packer.

        Raises:
            Unfit: A cell needs a closer look.
        """
        names = self.piece.layout.names
        with pa.parquet.ParquetFile(
            self.piece.layout.path,
            read_dictionary=[names[name] for name in NAMES & names.keys()],
            memory_map=True,
        ) as file:
            for batch in file.iter_batches(
                ROWS_PER_BATCH,
                row_groups=list(self.piece.groups),
                columns=list(names.values()),
                use_threads=False,
            ):
                self._add({ours: batch.column(name) for ours, name in names.items()})
        return self

    def _add(self, cells: Mapping[str, pa.Array]) -> None:
        if any(cell.null_count for cell in cells.values()):
            raise Unfit
        at = self._instants(cells["at"])
        earliest, latest = int(at.min()), int(at.max())
        if earliest < 0 or latest >= LATEST_EPOCH_S * 1000:
            raise Unfit
        self.earliest, self.latest = min(self.earliest, earliest), max(self.latest, latest)
        monitors = self._codes("monitor", cells, at.size)
        regions = self._codes("region", cells, at.size)
        if self.order is not None:
            probes = monitors.numbers.take(monitors.codes) * np.int32(self.numbering.regions_room)
            probes += regions.numbers.take(regions.codes)
            self.order.see(probes, at, latest)
        rows = Packed(self._heads(monitors, regions, cells["up"]), at, NO_MONITORS)
        if isinstance(self.packer, MonitorPacker):
            rows.monitors = monitors.numbers.take(monitors.codes)
        self.packer.add(rows, earliest, latest)

    def _heads(self, monitors: Codes, regions: Codes, ups: pa.Array) -> NDArray[np.int64]:
        """All of the keys but their instants."""
        bits = np.frombuffer(ups.buffers()[1], np.uint8)
        up = np.unpackbits(bits, bitorder="little")[ups.offset : ups.offset + len(ups)]
        places = regions.codes * np.int32(2)
        places += up
        if monitors.keys.size * regions.keys.size > MOST_HEADS:
            keys = monitors.keys.take(monitors.codes)
            keys += self._tails(regions).take(places)
            return keys
        places += monitors.codes * np.int32(2 * regions.keys.size)
        return self._all_heads(monitors, regions).take(places)

    def _all_heads(self, monitors: Codes, regions: Codes) -> NDArray[np.int64]:
        """Every key without its instant, by the file's codes of monitor and region, and state."""
        known = self._known_heads
        if known is None or known[0] is not monitors.keys or known[1] is not regions.keys:
            heads = (monitors.keys[:, None] + self._tails(regions)).ravel()
            known = self._known_heads = monitors.keys, regions.keys, heads
        return known[2]

    def _tails(self, regions: Codes) -> NDArray[np.int64]:
        """What region and state add to a key."""
        frame = self.packer.frame
        ranks = np.array([frame.severity(State.DOWN), frame.severity(State.UP)])
        return np.asarray(regions.keys[:, None] + ranks, dtype=np.int64).ravel()

    def _instants(self, stamps: pa.Array) -> NDArray[np.int64]:
        ticks = np.frombuffer(stamps.buffers()[1], np.int64)[
            stamps.offset : stamps.offset + len(stamps)
        ]
        return ticks if self.piece.layout.ticks == 1 else ticks // self.piece.layout.ticks

    def _codes(self, kind: str, cells: Mapping[str, pa.Array], size: int) -> Codes:
        """A column of names as codes, and what each code means."""
        if kind not in cells:
            name = self.numbering.monitor if kind == "monitor" else ""
            return self._meaning(kind, None, [name], np.zeros(size, np.int32))
        column = cells[kind]
        codes = column.indices.to_numpy()
        known = self._known.get(kind)
        if known is not None and known.dictionary.equals(column.dictionary):
            return replace(known, codes=codes)
        return self._meaning(kind, column.dictionary, column.dictionary.to_pylist(), codes)

    def _meaning(
        self,
        kind: str,
        dictionary: Any,  # noqa: ANN401 - pyarrow has no types
        values: Sequence[str],
        codes: NDArray[np.int32],
    ) -> Codes:
        numbers = self.numbering.numbers(kind, values)
        probes = self.numbering.regions_room if kind == "monitor" else 1
        step = probes * self.packer.frame.stride_ms << STATE_BITS
        if (int(numbers.max(initial=0)) + 2) * step > LARGEST_KEY:
            raise Unfit
        keys = numbers.astype(np.int64) * step
        self._known[kind] = Codes(dictionary, numbers, keys, codes)
        return self._known[kind]


class Order:
    """Counts rows that are earlier than the row of the same probe read before them."""

    def __init__(self) -> None:
        self.count = 0
        self.latest = -1
        self.first = np.zeros(0, np.int64)
        self.last = np.zeros(0, np.int64)

    def see(self, probes: NDArray[np.int32], at: NDArray[np.int64], latest: int) -> None:
        """Take the rows of a batch, in the order of reading."""
        self._make_room(int(probes.max()) + 1)
        rising = int(at[0]) >= self.latest and not (at[1:] < at[:-1]).any()
        if not rising:
            self.count += self._earlier(probes, at)
        self.last[probes] = at
        new = (self.first < 0) & (self.last >= 0)
        if new.any():
            rows = np.flatnonzero(new[probes])[::-1]
            self.first[probes[rows]] = at[rows]
        self.latest = max(self.latest, latest)

    def _make_room(self, probes: int) -> None:
        more = probes - self.first.size
        if more > 0:
            self.first = np.append(self.first, np.full(more, -1, np.int64))
            self.last = np.append(self.last, np.full(more, -1, np.int64))

    def _earlier(self, probes: NDArray[np.int32], at: NDArray[np.int64]) -> int:
        """How many rows of a batch are early, looking only at probes that may have any."""
        suspects = self._suspects(probes, at)
        if suspects is not None:
            chosen = np.flatnonzero(suspects[probes])
            probes, at = probes[chosen], at[chosen]
        order = np.argsort(probes, kind="stable")
        probes, at = probes[order], at[order]
        begins = np.append(True, probes[1:] != probes[:-1])
        before = np.append(0, at[:-1])
        before[begins] = self.last[probes[begins]]
        return int(np.count_nonzero(at < before))

    def _suspects(
        self, probes: NDArray[np.int32], at: NDArray[np.int64]
    ) -> NDArray[np.bool_] | None:
        """The probes with a row that is earlier than any row before it; None for all of them."""
        highest = np.maximum.accumulate(at)
        early = at < np.maximum(highest, self.latest)
        if np.count_nonzero(early) > at.size // 4:
            return None
        marked = np.zeros(self.first.size, dtype=bool)
        marked[probes[early]] = True
        return marked


def early_between(orders: Sequence[Order]) -> int:
    """How many pieces begin with a row earlier than the same probe's last row read before."""
    size = max((order.first.size for order in orders), default=0)
    last = np.full(size, -1, np.int64)
    count = 0
    for order in orders:
        there = order.first >= 0
        count += int(np.count_nonzero(order.first[there] < last[: there.size][there]))
        last[: there.size][there] = order.last[there]
    return count

"""One pass over checks files: runs and minute counts of every monitor, month by month.

Pieces are read newest first, by as many threads as there are files to read, and a bucket is closed
as soon as no unread piece touches it. So late rows and repetitions in other files are exact, and
memory does not grow with the month.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from connectors.monitoring._compaction import Observations
from connectors.monitoring._engine.chunks import Chunk, chunks_of
from connectors.monitoring._engine.kernel import (
    STATE_BITS,
    STATE_MASK,
    Frame,
    Keys,
    Room,
    Unit,
    finish,
)
from connectors.monitoring._engine.keys import (
    DAY_MS,
    Blocks,
    Bucket,
    DayPacker,
    Filled,
    MonitorPacker,
    Packed,
    Packer,
)
from connectors.monitoring._engine.scan import (
    NO_MONITORS,
    ROWS_PER_BATCH,
    ROWS_PER_PIECE,
    Layout,
    Numbering,
    Order,
    Piece,
    Scanner,
    TooManyRegionsError,
    Unfit,
    early_between,
    pieces_of,
)
from models.period import ServiceMonth
from models.runs import Runs

DEFAULT_FLOOR_MS = 900_000
"""Silences that end a run where no contract asks for shorter ones."""

FEW_REGIONS = 1
KEYS_OF_A_MONITOR = 1 << 14
KEYS_OF_A_DAY = 1 << 19
"""How many keys a block has: there are many monitors at once, and few days."""
EPOCH_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is made of the rows.

    Attributes:
        floor_ms: Silences of at least this length end a run.
        better_wins: Of conflicting checks at one instant the better one stands.
        monitor: The only monitor, for files without that column.
        runs: Whether runs are made.
        counts: Whether minute counts are made.
        repeated: Whether repeated rows are counted; runs alone are made faster without.
        rows_per_piece: About so many rows are read together.
        threads: How many threads read.
        by_monitor: Whether buckets are monitors (True) or days (False); None chooses.
        most_ordered: The order of rows is watched where there are no more rows than this.
    """

    floor_ms: int = DEFAULT_FLOOR_MS
    better_wins: bool = False
    monitor: str = ""
    runs: bool = True
    counts: bool = True
    repeated: bool = True
    rows_per_piece: int = ROWS_PER_PIECE
    threads: int = 2
    by_monitor: bool | None = None
    most_ordered: int = 1 << 23


@dataclass(slots=True)
class Fragments:
    """Runs as they were found; all arrays have shape (n,)."""

    probes: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    states: NDArray[np.int8]

    @classmethod
    def none(cls) -> Fragments:
        """No run at all."""
        nothing = np.zeros(0, np.int64)
        return cls(nothing.astype(np.int32), nothing, nothing, nothing.astype(np.int8))


@dataclass(slots=True)
class Measured:
    """What the rows of all files came to.

    Attributes:
        asked: What was asked for.
        numbering: The names behind the numbers.
        rows: Rows that were read.
        rows_of: Rows of each file.
        duplicates: Rows that repeated another one exactly.
        conflicting: Rows that contradicted another one about the same instant.
        out_of_order: Rows that are earlier than the row of the same probe read before them; None
            where there are too many rows to watch.
        first_at: The earliest instant; None without rows.
        last_at: The latest one.
        chunks: Minute counts by monitor and day since the epoch.
        fragments: All runs, by probe and time, which end with the UTC month.
    """

    asked: Asked
    numbering: Numbering
    rows: int = 0
    rows_of: dict[int, int] = field(default_factory=dict)
    duplicates: int = 0
    conflicting: int = 0
    out_of_order: int | None = None
    first_at: int | None = None
    last_at: int | None = None
    chunks: dict[str, dict[int, Chunk]] = field(default_factory=dict)
    fragments: Fragments = field(default_factory=Fragments.none)

    def runs(self) -> Iterator[Runs]:
        """The runs of every monitor, of all its months, by name."""
        room = self.numbering.regions_room
        regions = list(self.numbering.regions)
        found = self.fragments
        for name, number in sorted(self.numbering.monitors.items()):
            edges = np.searchsorted(found.probes, [number * room, (number + 1) * room])
            rows = slice(*edges.tolist())
            if edges[0] == edges[1]:
                continue
            places = found.probes[rows] - np.int32(number * room)
            present = sorted(set(places.tolist()), key=lambda place: regions[place])
            rank = np.zeros(room, np.int32)
            rank[present] = np.arange(len(present), dtype=np.int32)
            order = np.argsort(rank[places], kind="stable")
            yield Runs(
                monitor=name,
                regions=tuple(regions[place] for place in present),
                floor_ms=self.asked.floor_ms,
                places=rank[places][order],
                first=found.first[rows][order],
                last=found.last[rows][order],
                states=found.states[rows][order],
            )


def measure(layouts: Sequence[Layout], asked: Asked) -> Measured:
    """Read every file once.

    Raises:
        Unfit: A cell needs a closer look than is taken here.
    """
    pieces = [
        piece
        for number, layout in enumerate(layouts)
        for piece in pieces_of(layout, number, rows_per_piece=asked.rows_per_piece)
    ]
    room = FEW_REGIONS
    while True:
        try:
            return _Measuring(pieces, asked, room).measured()
        except TooManyRegionsError as error:
            room = max(2 * room, error.regions)


def measure_rows(rows: Observations, names: Sequence[tuple[str, str]], asked: Asked) -> Measured:
    """The same for checks that another way has read: probes by number, and their names."""
    whole = _Measuring((), asked, max(len({region for _, region in names}), 1))
    numbering = whole.numbering
    numbers = [
        int(numbering.numbers("monitor", [monitor])[0]) * numbering.regions_room
        + int(numbering.numbers("region", [region])[0])
        for monitor, region in names
    ]
    if rows.at.size:
        whole.months = month_edges(int(rows.at.min()), int(rows.at.max()))
    packer = DayPacker(whole.frame, whole.blocks)
    heads = np.array(numbers, np.int64) * (whole.frame.stride_ms << STATE_BITS)
    ranks = np.array([whole.frame.severity(state) for state in range(STATE_MASK + 1)], np.uint8)
    for begin in range(0, rows.at.size, ROWS_PER_BATCH):
        part = slice(begin, begin + ROWS_PER_BATCH)
        at = rows.at[part]
        keys = heads.take(rows.probes[part])
        keys += ranks.take(rows.states[part])
        packer.add(Packed(keys, at, NO_MONITORS), int(at.min()), int(at.max()))
    whole.open = packer.filled
    return whole.closed()


class _Measuring:
    """One pass over all pieces."""

    def __init__(self, pieces: Sequence[Piece], asked: Asked, room: int) -> None:
        self.asked = asked
        self.pieces = pieces
        self.by_monitor = _by_monitor(pieces) if asked.by_monitor is None else asked.by_monitor
        self.by_monitor &= all(piece.most is not None for piece in pieces) and bool(pieces)
        earliest = min((piece.earliest for piece in pieces), default=0)
        latest = max((piece.latest for piece in pieces), default=0)
        self.origin = earliest // DAY_MS * DAY_MS
        length = (latest // DAY_MS + 1) * DAY_MS - self.origin if self.by_monitor else DAY_MS
        self.frame = Frame(length, asked.floor_ms, asked.better_wins)
        self.months = month_edges(earliest, latest)
        self.numbering = Numbering(room, asked.monitor)
        self.blocks = Blocks(KEYS_OF_A_MONITOR if self.by_monitor else KEYS_OF_A_DAY)
        self.room = Room()
        self.open: Filled = {}
        self.found: list[Fragments] = []
        self.result = Measured(asked, self.numbering)

    def measured(self) -> Measured:
        """Read, close, join."""
        ordered = sorted(self.pieces, key=self._edge, reverse=True)
        scanners = []
        for place, scanner in enumerate(self._scanned(ordered)):
            scanners.append(scanner)
            self._take(scanner)
            self._close(ordered[place + 1] if place + 1 < len(ordered) else None)
        return self._joined(scanners)

    def closed(self) -> Measured:
        """Close every bucket, and join."""
        self._close(None)
        return self._joined(())

    def _edge(self, piece: Piece) -> tuple[str, int]:
        """What a bucket must lie beyond to be closed while a piece is unread."""
        return (piece.most or "", piece.latest) if self.by_monitor else ("", piece.latest)

    def _scanned(self, pieces: Sequence[Piece]) -> Iterator[Scanner]:
        """The pieces, read in order by several threads, few of them ahead."""
        watched = sum(piece.rows for piece in pieces) <= self.asked.most_ordered
        scanners = (
            Scanner(piece, self.numbering, self._packer(), order=Order() if watched else None)
            for piece in pieces
        )
        if self.asked.threads == 1:
            yield from (scanner.read() for scanner in scanners)
            return
        with ThreadPoolExecutor(self.asked.threads) as pool:
            ahead: list[Future[Scanner]] = []
            for scanner in scanners:
                ahead.append(pool.submit(scanner.read))
                if len(ahead) > self.asked.threads:
                    yield ahead.pop(0).result()
            for future in ahead:
                yield future.result()

    def _packer(self) -> Packer:
        if self.by_monitor:
            return MonitorPacker(self.frame, self.blocks, origin=self.origin)
        return DayPacker(self.frame, self.blocks)

    def _take(self, scanner: Scanner) -> None:
        result, file = self.result, scanner.piece.file
        result.rows += scanner.piece.rows
        result.rows_of[file] = result.rows_of.get(file, 0) + scanner.piece.rows
        for number, bucket in scanner.packer.filled.items():
            mine = self.open.setdefault(number, bucket)
            if mine is not bucket:
                mine.absorb(bucket)
        scanner.packer.filled = {}
        if scanner.latest >= 0:
            earliest = scanner.earliest if result.first_at is None else result.first_at
            result.first_at = min(scanner.earliest, earliest)
            result.last_at = max(scanner.latest, result.last_at or 0)

    def _close(self, unread: Piece | None) -> None:
        names = list(self.numbering.monitors) if self.by_monitor else []
        for number in list(self.open):
            if unread is not None:
                beyond = (
                    names[number] > (unread.most or "")
                    if self.by_monitor
                    else number > unread.latest // DAY_MS
                )
                if not beyond:
                    continue
            self._finish(number, self.open.pop(number))

    def _finish(self, number: int, bucket: Bucket) -> None:
        origin = self.origin if self.by_monitor else number * DAY_MS
        room = self.numbering.regions_room
        inside = [edge - origin for edge in self.months if self.by_monitor and edge > origin]
        unit = finish(
            bucket.parts,
            self.frame,
            cuts=inside,
            runs=self.asked.runs,
            counts=self.asked.counts,
            align=room * self.frame.stride_minutes,
            repeated=self.asked.repeated,
            room=self.room,
        )
        bucket.release()
        self.result.duplicates += unit.duplicates
        self.result.conflicting += unit.conflicting
        if self.asked.runs:
            self.found.append(_fragments(unit, self.frame, origin))
        if self.asked.counts:
            self._keep_chunks(unit, origin // DAY_MS)

    def _keep_chunks(self, unit: Unit, first_day: int) -> None:
        names = list(self.numbering.monitors)
        regions = list(self.numbering.regions)
        room = self.numbering.regions_room
        if len(regions) > room:
            # Another thread has met them, and its word of it is still to come.
            raise TooManyRegionsError(len(regions))
        for monitor, day, chunk in chunks_of(unit, self.frame, regions, room):
            self.result.chunks.setdefault(names[monitor], {})[first_day + day] = chunk

    def _joined(self, scanners: Iterable[Scanner]) -> Measured:
        ordered = sorted(scanners, key=lambda s: (s.piece.file, s.piece.groups))
        orders = [scanner.order for scanner in ordered if scanner.order is not None]
        if len(orders) == len(ordered):
            early = sum(order.count for order in orders)
            self.result.out_of_order = early + early_between(orders)
        self.result.fragments = _join(self.found, self.asked.floor_ms, self.months)
        return self.result


def _by_monitor(pieces: Sequence[Piece]) -> bool:
    """Whether fewer rows are open at once when buckets are monitors rather than days."""
    if any(piece.least is None or piece.most is None for piece in pieces):
        return False
    names = sorted({name or "" for piece in pieces for name in (piece.least, piece.most)})
    rank = {name: number for number, name in enumerate(names)}
    monitors = [(rank[p.least or ""], rank[p.most or ""], p.rows) for p in pieces]
    days = [(p.earliest // DAY_MS, p.latest // DAY_MS, p.rows) for p in pieces]
    return _most_open(monitors) < _most_open(days)


def _most_open(ranges: Sequence[tuple[int, int, int]]) -> int:
    """About how many rows are open at most, when ranges are read from the last to the first."""
    ordered = sorted(ranges, key=itemgetter(1), reverse=True)
    most = 0
    waiting: list[tuple[int, int]] = []
    for place, (low, _, rows) in enumerate(ordered):
        waiting.append((low, rows))
        most = max(most, sum(rows for _, rows in waiting))
        if place + 1 < len(ordered):
            waiting = [(low, rows) for low, rows in waiting if low <= ordered[place + 1][1]]
    return most


def month_edges(earliest: int, latest: int) -> list[int]:
    """The beginnings of the UTC months that touch a span, rising."""
    first, last = (ServiceMonth.containing(at, "UTC") for at in (earliest, latest))
    edges = []
    month = first
    while month <= last:
        edges.append(month.bounds("UTC").start)
        month = month.plus(1)
    return edges


def _fragments(unit: Unit, frame: Frame, origin: int) -> Fragments:
    probes, first = _unpacked(unit.firsts, frame, origin)
    _, last = _unpacked(unit.lasts, frame, origin)
    ranks = (unit.firsts & np.uint64(STATE_MASK)).astype(np.int8)
    table = np.array([frame.severity(rank) for rank in range(STATE_MASK + 1)], np.int8)
    return Fragments(probes, first, last, table[ranks])


def _unpacked(keys: Keys, frame: Frame, origin: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    times = (keys >> np.uint64(STATE_BITS)).astype(np.int64)
    probes = times // frame.stride_ms
    times -= probes * frame.stride_ms
    return probes.astype(np.int32), times + origin


def _join(found: Sequence[Fragments], floor_ms: int, months: Sequence[int]) -> Fragments:
    """All runs by probe and time, joined over midnight and not over a month's end."""
    if not found:
        return Fragments.none()
    probes = np.concatenate([f.probes for f in found])
    first = np.concatenate([f.first for f in found])
    last = np.concatenate([f.last for f in found])
    states = np.concatenate([f.states for f in found])
    found = ()
    order = np.lexsort((first, probes))
    probes, first, last, states = probes[order], first[order], last[order], states[order]
    month = np.searchsorted(np.array(months), first, side="right").astype(np.int16)
    begins = np.ones(probes.size, dtype=bool)
    begins[1:] = (probes[1:] != probes[:-1]) | (states[1:] != states[:-1])
    begins[1:] |= (first[1:] - last[:-1] >= floor_ms) | (month[1:] != month[:-1])
    ends = np.append(begins[1:], True)
    return Fragments(probes[begins], first[begins], last[ends], states[begins])


def dates(days: Mapping[int, Chunk]) -> Mapping[str, Chunk]:
    """Chunks by ISO date."""
    return {str(EPOCH_DAY + timedelta(days=day)): chunk for day, chunk in sorted(days.items())}


__all__ = ["Asked", "Measured", "Unfit", "measure"]

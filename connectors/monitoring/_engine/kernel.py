"""From packed checks of one bucket to runs and minute counts: one sort, then one pass by blocks.

A key holds probe, instant and severity, so that sorting it sorts by all three, and of two checks at
one instant the last one stands. Blocks are small enough to stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.intervals import MINUTE_MS
from models.outage import State

Keys = NDArray[np.uint64]
Rows = NDArray[np.int64]

STATE_BITS = 2
STATE_MASK = 3
KEYS_PER_MINUTE = MINUTE_MS << STATE_BITS
BLOCK = 1 << 16

CELL_BITS = 18
CELL_MS = 1 << CELL_BITS
"""Where repeated rows need not be counted, all rows of a calm cell are passed over: about four
minutes, which are found by a shift where a division would take five times as long."""

SPARSE = 8
"""With more minutes than this for each row, minutes are looked up rather than counted through."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How checks are packed into keys.

    A key is `(probe * stride_ms + at - origin) * 4 + severity`; the origin is the bucket's own.

    Attributes:
        length_ms: The time that a bucket spans.
        floor_ms: Silences of at least this length end a run.
        better_wins: Of conflicting checks at one instant the better one stands.
    """

    length_ms: int
    floor_ms: int
    better_wins: bool = False

    @property
    def stride_ms(self) -> int:
        """From one probe's time to the next: whole minutes, with a floor's silence between."""
        return -(-(self.length_ms + self.floor_ms) // MINUTE_MS) * MINUTE_MS

    @property
    def stride_minutes(self) -> int:
        """The same in minutes."""
        return self.stride_ms // MINUTE_MS

    def severity(self, state: int) -> int:
        """The rank of a state; applied twice it gives the state back."""
        return (len(State) - state) % len(State) if self.better_wins else state


@dataclass(frozen=True, slots=True)
class Unit:
    """What became of one bucket.

    Attributes:
        firsts: Keys of the first check of each run, rising.
        lasts: Keys of the last check of each run.
        first_cell: Number of the first minute that is counted, as probe times minutes plus minute.
        checks: Checks per minute, from the first cell on, shape (minutes,).
        others: For each state but up the same, where there is any such check.
        duplicates: Rows that repeated another one exactly, where they were counted.
        conflicting: Rows that contradicted another one about the same instant.
    """

    firsts: Keys
    lasts: Keys
    first_cell: int = 0
    checks: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    others: dict[State, NDArray[np.uint32]] = field(default_factory=dict)
    duplicates: int = 0
    conflicting: int = 0


class Room:
    """Memory used again for each bucket: fresh pages cost more than what is done on them."""

    def __init__(self) -> None:
        self._keys = np.empty(0, np.uint64)
        self._sheets: list[NDArray[np.uint32]] = []
        self._used = 0

    def begin(self) -> None:
        """Whatever was given out before is not needed any more."""
        self._used = 0

    def together(self, parts: Sequence[Keys]) -> Keys:
        """All keys in one array, which stands until a new beginning."""
        size = sum(part.size for part in parts)
        if self._keys.size < size:
            self._keys = np.empty(size + size // 8, np.uint64)
        return np.concatenate(parts, out=self._keys[:size])

    def zeros(self, size: int) -> NDArray[np.uint32]:
        """So many zeros; they stand until a new beginning."""
        if self._used == len(self._sheets):
            self._sheets.append(np.empty(0, np.uint32))
        if self._sheets[self._used].size < size:
            self._sheets[self._used] = np.empty(size, np.uint32)
        sheet = self._sheets[self._used][:size]
        sheet.fill(0)
        self._used += 1
        return sheet


def finish(
    parts: Sequence[Keys],
    frame: Frame,
    *,
    cuts: Sequence[int] = (),
    runs: bool = True,
    counts: bool = True,
    align: int = 1,
    repeated: bool = True,
    room: Room | None = None,
) -> Unit:
    """Sort a bucket's keys and make runs and counts of them.

    Args:
        parts: At least one key, in any order.
        frame: How they were packed.
        cuts: Times since the bucket's origin at which every run ends, such as a month's end.
        runs: Whether runs are wanted.
        counts: Whether minute counts are wanted.
        align: The counts begin and end at a multiple of so many minutes, such as a monitor's.
        repeated: Whether repeated rows are counted; without that, and without minute counts, most
            rows need not be sorted.
        room: Where this is done; the counts stand until the next bucket is finished there.
    """
    room = room or Room()
    room.begin()
    calm = None
    if not (repeated or counts or cuts) and frame.floor_ms >= 2 * CELL_MS:
        calm = _Calm.of(parts, frame)
        parts = _told(parts, calm)
    keys = room.together(parts)
    if not _rising(keys):
        keys.sort()
    made = _Pass(keys, frame, runs=runs, counts=counts, align=align, calm=calm, room=room)
    for begin, end in _blocks(keys):
        made.block(begin, end)
    return made.unit(_cut_rows(keys, frame, cuts))


@dataclass(frozen=True, slots=True)
class _Calm:
    """The cells in which, as in both neighbours, there are checks and all of them passed.

    A probe's first and last cell are never calm: the silence between two probes is as long as two
    cells, so that a whole cell is empty.

    Attributes:
        base: A number before that of every cell; a bucket's own cells are counted from it.
        cells: Which of them are calm.
    """

    base: int
    cells: NDArray[np.bool_]

    @classmethod
    def of(cls, parts: Sequence[Keys], frame: Frame) -> _Calm:
        """The calm cells of these keys."""
        up = np.uint64(frame.severity(State.UP))
        base = int(min(part.min() for part in parts) >> KEY_OF_CELL) - 1
        last = int(max(part.max() for part in parts) >> KEY_OF_CELL)
        seen = np.zeros(last - base + 2, dtype=bool)
        failed = np.zeros_like(seen)
        for block in _in_cache(parts):
            cells = _calm_cells(block, base)
            seen[cells] = True
            failed[cells[(block & np.uint64(STATE_MASK)) != up]] = True
        fine = seen & ~failed
        calm = np.zeros_like(fine)
        calm[1:-1] = fine[1:-1] & fine[:-2] & fine[2:]
        return cls(base, calm)

    def at(self, keys: Keys, *, later: int = 0) -> NDArray[np.bool_]:
        """Whether the cell of each key, or one so many cells later, is calm."""
        return self.cells.take(_calm_cells(keys, self.base - later))


KEY_OF_CELL = np.uint64(CELL_BITS + STATE_BITS)


def _calm_cells(keys: Keys, base: int) -> Rows:
    cells = (keys >> KEY_OF_CELL).view(np.int64)
    cells -= base
    return cells


def _told(parts: Sequence[Keys], calm: _Calm) -> list[Keys]:
    """The keys that are in no calm cell; every run begins and ends with one of them."""
    return [block[~calm.at(block)] for block in _in_cache(parts)]


def _in_cache(parts: Sequence[Keys]) -> Iterator[Keys]:
    """The same keys in parts that are small enough to stay in the processor's cache."""
    for part in parts:
        for begin in range(0, part.size, BLOCK):
            yield part[begin : begin + BLOCK]


def _rising(keys: Keys) -> bool:
    """Whether the keys are sorted already, as those of clustered files are."""
    return all(
        bool((keys[begin : begin + BLOCK] <= keys[begin + 1 : begin + BLOCK + 1]).all())
        if begin + BLOCK < keys.size
        else bool((keys[begin:-1] <= keys[begin + 1 :]).all())
        for begin in range(0, keys.size, BLOCK)
    )


def _blocks(keys: Keys) -> Iterator[tuple[int, int]]:
    """Blocks of rows that end between two instants."""
    begin = 0
    while begin < keys.size:
        end = min(begin + BLOCK, keys.size)
        if end < keys.size:
            end = int(np.searchsorted(keys, keys[end - 1] | np.uint64(STATE_MASK), side="right"))
        yield begin, end
        begin = end


def _cut_rows(keys: Keys, frame: Frame, cuts: Sequence[int]) -> Rows:
    """The rows that are the first of their probe at or after a cut."""
    if not cuts:
        return np.zeros(0, np.int64)
    stride = frame.stride_ms << STATE_BITS
    probes = np.arange(int(keys[0]) // stride, int(keys[-1]) // stride + 1, dtype=np.uint64)
    wanted = [probes * np.uint64(stride) + np.uint64(cut << STATE_BITS) for cut in cuts]
    return np.searchsorted(keys, np.concatenate(wanted)).astype(np.int64)


class _Pass:
    """One pass over sorted keys."""

    def __init__(
        self,
        keys: Keys,
        frame: Frame,
        *,
        runs: bool,
        counts: bool,
        align: int,
        calm: _Calm | None,
        room: Room,
    ) -> None:
        self.keys, self.frame, self.runs, self.counts = keys, frame, runs, counts
        self.calm, self.room = calm, room
        self.limit = np.uint64(frame.floor_ms << STATE_BITS)
        self.starts: list[Rows] = []
        self.duplicates = self.conflicting = 0
        self.difference = np.empty(min(4 * BLOCK, keys.size), np.uint64)
        self.scratch = np.empty_like(self.difference)
        self.first_cell = _cell(int(keys[0])) // align * align
        after_last = (_cell(int(keys[-1])) // align + 1) * align
        self.checks = room.zeros(after_last - self.first_cell if counts else 0)
        self.others: dict[State, NDArray[np.uint32]] = {}
        self.up = frame.severity(State.UP)

    def block(self, begin: int, end: int) -> None:
        """Take the rows of one block, led by the last row of the one before."""
        lead = begin - 1 if begin else 0
        keys = self.keys[lead:end]
        if keys.size - 1 > self.difference.size:
            self.difference = np.empty(keys.size, np.uint64)
            self.scratch = np.empty_like(self.difference)
        difference = self.difference[: keys.size - 1]
        np.subtract(keys[1:], keys[:-1], out=difference)
        repeated = self._settled(keys, difference)
        starts = self._starts(difference) + (lead + 1)
        if self.calm is not None:
            starts = self._not_bridged(starts, self.calm)
        if begin == 0:
            starts = np.append(0, starts)
        self.starts.append(starts)
        if self.counts:
            self._count(begin, end, starts, repeated + lead)

    def _settled(self, keys: Keys, difference: Keys) -> Rows:
        """Let one check of each instant stand; the rows that another one stands for.

        Such a row becomes a copy of the one that stands, which changes no run.
        """
        near = np.flatnonzero(difference <= STATE_MASK)
        if not near.size:
            return near
        same = keys[near] | np.uint64(STATE_MASK)
        near = near[same == (keys[near + 1] | np.uint64(STATE_MASK))]
        conflicting = int(np.count_nonzero(difference[near]))
        self.duplicates += near.size - conflicting
        self.conflicting += conflicting
        if conflicting:
            keys[near] = keys[_standing(near)]
            difference[near] = 0
            before = near[near > 0] - 1
            difference[before] = keys[before + 1] - keys[before]
        return np.asarray(near, dtype=np.int64)

    def _starts(self, difference: Keys) -> Rows:
        """The rows, counted from the second, whose state differs or that follow a silence."""
        scratch = self.scratch[: difference.size]
        np.bitwise_and(difference, np.uint64(STATE_MASK), out=scratch)
        breaks = scratch != 0
        breaks |= difference >= self.limit
        return np.flatnonzero(breaks)

    def _not_bridged(self, starts: Rows, calm: _Calm) -> Rows:
        """Without the rows before which lies no silence but calm cells that were passed over."""
        return starts[~calm.at(self.keys[starts - 1], later=1)]

    def _count(self, begin: int, end: int, starts: Rows, repeated: Rows) -> None:
        cells = _cells(self.keys[begin:end])
        _add(self.checks, cells, self.first_cell)
        begins = starts if starts.size and starts[0] == begin else np.append(begin, starts)
        ranks = (self.keys[begins] & np.uint64(STATE_MASK)).astype(np.int8)
        lengths = np.diff(begins, append=end)
        for rank in np.unique(ranks[ranks != self.up]).tolist():
            said = ranks == rank
            rows = _ranges(begins[said], lengths[said])
            _add(self._plane(rank), cells[rows - begin], self.first_cell)
        if repeated.size:
            self._discount(self.keys[repeated])

    def _discount(self, repeated: Keys) -> None:
        """Take back what was counted of checks that another one stands for."""
        cells = _cells(repeated) - self.first_cell
        np.subtract.at(self.checks, cells, np.uint32(1))
        ranks = (repeated & np.uint64(STATE_MASK)).astype(np.int8)
        for rank in np.unique(ranks[ranks != self.up]).tolist():
            np.subtract.at(self._plane(rank), cells[ranks == rank], np.uint32(1))

    def _plane(self, rank: int) -> NDArray[np.uint32]:
        state = State(self.frame.severity(rank))
        if state not in self.others:
            self.others[state] = self.room.zeros(self.checks.size)
        return self.others[state]

    def unit(self, cut_rows: Rows) -> Unit:
        """What was made of the rows."""
        firsts = lasts = self.keys[:0]
        if self.runs:
            starts = np.concatenate(self.starts)
            if cut_rows.size:
                cut_rows = cut_rows[cut_rows < self.keys.size]
                starts = np.unique(np.concatenate([starts, cut_rows]))
            firsts = self.keys[starts]
            lasts = self.keys[np.append(starts[1:], self.keys.size) - 1]
        return Unit(
            firsts=firsts,
            lasts=lasts,
            first_cell=self.first_cell,
            checks=self.checks,
            others=self.others,
            duplicates=self.duplicates,
            conflicting=self.conflicting,
        )


def _cell(key: int) -> int:
    return key // KEYS_PER_MINUTE


def _cells(keys: Keys) -> Rows:
    return (keys // np.uint64(KEYS_PER_MINUTE)).view(np.int64)


def _add(counts: NDArray[np.uint32], cells: Rows, first_cell: int) -> None:
    """Count rising cells."""
    if not cells.size:
        return
    low = int(cells[0])
    if int(cells[-1]) - low > SPARSE * cells.size:
        present, times = np.unique(cells, return_counts=True)
        counts[present - first_cell] += times.astype(np.uint32)
        return
    found = np.bincount(cells - low)
    counts[low - first_cell : low - first_cell + found.size] += found.astype(np.uint32)


def _ranges(begins: Rows, lengths: Rows) -> Rows:
    """The whole numbers of several ranges, one range after the other."""
    ends = np.cumsum(lengths)
    steps = np.repeat(begins - (ends - lengths), lengths)
    return np.asarray(np.arange(int(ends[-1])) + steps, dtype=np.int64)


def _standing(near: Rows) -> Rows:
    """For rising rows that say the same instant as the next row, the last row of that instant."""
    last = np.append(np.flatnonzero(np.diff(near) != 1), near.size - 1)
    lengths = np.diff(last, prepend=-1)
    return np.repeat(near[last] + 1, lengths)

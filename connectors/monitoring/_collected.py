"""Rows on their way to timelines: names to numbers, unusable rows to findings.

Batches of cells come in, in the order of reading; observations of every probe go out. An unusable
row is never dropped in silence. A row whose monitor and time can be read is an unknown observation;
a row whose time cannot be read makes the time unknown that it should have told about; a row whose
monitor cannot be read is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from connectors.monitoring._cells import UNREADABLE, Fault, Instants, state_of
from connectors.monitoring._compaction import Numbers, Observations, Probe, Untimed
from connectors.monitoring._unusable import (
    MOST_LISTED,
    NAME,
    misfit_finding,
    name_finding,
    state_finding,
    time_finding,
)
from models.findings import Finding
from models.outage import State

SMALLEST_COLUMN = 1 << 16

MOST_DENSE = 1 << 24
"""Up to so many pairs of monitor and region, probes are numbered by looking each pair up."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of few different values.

    Attributes:
        codes: Index into `values`, -1 where the cell is empty, shape (n,).
        values: The different values as text.
    """

    codes: NDArray[np.int32]
    values: Sequence[str]

    @classmethod
    def of(cls, column: pa.Array) -> Coded:
        """Code an Arrow column of texts, numbers or booleans."""
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return cls(codes, ["" if v is None else str(v) for v in column.dictionary.to_pylist()])

    def text(self, row: int) -> str:
        """The cell of a row; "" when it is empty."""
        return self.values[self.codes[row]] if self.codes[row] >= 0 else ""

    def translated(self, meaning: Callable[[str], int]) -> NDArray[np.int32]:
        """The meaning of every cell, asked once for each value; an empty cell means that of ""."""
        meanings = [meaning(value) for value in self.values]
        return np.array([*meanings, meaning("")], dtype=np.int32)[self.codes]


@dataclass(frozen=True, slots=True)
class Misfit:
    """A row with the wrong number of cells.

    Attributes:
        line: Where it stands in the file.
        rows_before: How many fitting rows of its batch stand before it.
        monitor: What stands in the column of the monitor; None when nothing does.
        region: The same for the region.
        fact: What is wrong with it.
    """

    line: int
    rows_before: int
    monitor: str | None
    region: str | None
    fact: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one file, in its order; all columns have the same length.

    Attributes:
        monitors: None when the file has no such column.
        regions: None when the file has no such column.
        instants: Times.
        ups: States as the file writes them.
        time_text: The time of a row as it is written.
        place: The place of a line, for people.
        line: The line of a row.
        misfits: Rows that are in none of the columns, rising.
    """

    monitors: Coded | None
    regions: Coded | None
    instants: Instants
    ups: Coded
    time_text: Callable[[int], str]
    place: Callable[[int], str]
    line: Callable[[int], int]
    misfits: Sequence[Misfit] = ()


@dataclass(slots=True)
class Names:
    """Numbers for the names of monitors or regions, in the order in which they are met.

    Attributes:
        may_be_empty: Whether "" is a name.
        numbers: The number of each name.
    """

    may_be_empty: bool
    numbers: dict[str, int] = field(default_factory=dict)
    _met: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        """The number of a name as a file writes it; `UNREADABLE` when it can be none."""
        if text not in self._met:
            name = text.strip()
            usable = bool(NAME.fullmatch(name)) or (self.may_be_empty and not name)
            self._met[text] = (
                self.numbers.setdefault(name, len(self.numbers)) if usable else UNREADABLE
            )
        return self._met[text]

    def known(self, name: str | None) -> int:
        """The number of a name that was met before; `UNREADABLE` otherwise."""
        return UNREADABLE if name is None else self.numbers.get(name, UNREADABLE)


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Rows in numbers, in the order of reading; every array has shape (n,).

    Attributes:
        monitors: Numbers of monitors, `UNREADABLE` where there is none.
        regions: Numbers of regions, `UNREADABLE` where there is none.
        at: Instants.
        states: `State` values, `UNREADABLE` where there is none.
    """

    monitors: NDArray[np.int32]
    regions: NDArray[np.int32]
    at: NDArray[np.int64]
    states: NDArray[np.int8]

    @property
    def named(self) -> NDArray[np.bool_]:
        """Whether monitor and region can be read."""
        named = (self.monitors != UNREADABLE) & (self.regions != UNREADABLE)
        return np.asarray(named, dtype=bool)

    def kept(self, rows: NDArray[np.bool_]) -> _Numbered:
        """These rows as observations; an unreadable state is an unknown one."""
        states = self.states[rows]
        states[states == UNREADABLE] = State.UNKNOWN
        return _Numbered(self.monitors[rows], self.regions[rows], self.at[rows], states)


class _Column:
    """A column that grows in place: at no time is there a second copy of it."""

    def __init__(self, kind: type[np.int32 | np.int64 | np.int8]) -> None:
        self._cells = np.zeros(SMALLEST_COLUMN, dtype=kind)
        self.size = 0

    def extend(self, cells: NDArray[Any]) -> None:
        """Put these cells at the end."""
        size = self.size + cells.size
        if size > self._cells.size:
            self._cells.resize(max(size, self._cells.size * 5 // 4), refcheck=False)
        self._cells[self.size : size] = cells
        self.size = size

    def taken(self) -> NDArray[Any]:
        """The cells; the column is empty afterwards."""
        cells, self._cells = self._cells, self._cells[:0].copy()
        cells.resize(self.size, refcheck=False)
        self.size = 0
        return cells


@dataclass(frozen=True, slots=True)
class _Observed:
    """The observations so far, as columns of one length."""

    monitors: _Column = field(default_factory=lambda: _Column(np.int32))
    regions: _Column = field(default_factory=lambda: _Column(np.int32))
    at: _Column = field(default_factory=lambda: _Column(np.int64))
    states: _Column = field(default_factory=lambda: _Column(np.int8))

    @property
    def size(self) -> int:
        """How many there are."""
        return self.at.size

    def add(self, rows: _Numbered) -> None:
        """Put these rows at the end."""
        self.monitors.extend(rows.monitors)
        self.regions.extend(rows.regions)
        self.at.extend(rows.at)
        self.states.extend(rows.states)

    def taken(self, monitors: int, regions: int) -> tuple[Observations, NDArray[np.int64]]:
        """The observations, and for each probe the number of its pair of monitor and region."""
        pairs = self.monitors.taken()
        if monitors * regions > np.iinfo(np.int32).max:
            pairs = pairs.astype(np.int64)
        pairs *= pairs.dtype.type(regions)
        pairs += self.regions.taken()
        present, probes = _dense(pairs, monitors * regions)
        return Observations(probes, self.at.taken(), self.states.taken()), present


def _dense(pairs: NDArray[Any], most: int) -> tuple[NDArray[np.int64], Numbers]:
    """The different pairs, rising, and for each row the position of its pair among them."""
    if most > MOST_DENSE:
        present, inverse = np.unique(pairs, return_inverse=True)
        return present.astype(np.int64), inverse.astype(np.int64)
    there = np.zeros(most, dtype=bool)
    there[pairs] = True
    present = np.flatnonzero(there).astype(np.int64)
    position = np.cumsum(there) - 1
    # Few probes fit into two bytes, and NumPy sorts those in linear time.
    if present.size <= np.iinfo(np.uint16).max:
        return present, position.astype(np.uint16)[pairs]
    return present, position.astype(np.int64)[pairs]


@dataclass(slots=True)
class Collector:
    """Gathers the observations of a source.

    Attributes:
        monitor: The only monitor, of files without such a column; "" when each row names its own.
        time_zone: The zone of times without an offset; None when there is none.
        fields: Our column names to those of the files, for findings.
        rows: Rows so far, unusable ones included.
        unusable: Unusable rows so far.
        findings: What is wrong with the first of those.
    """

    monitor: str
    time_zone: str | None
    fields: Mapping[str, str]
    rows: int = 0
    unusable: int = 0
    findings: list[Finding] = field(default_factory=list)
    _monitors: Names = field(default_factory=lambda: Names(may_be_empty=False))
    _regions: Names = field(default_factory=lambda: Names(may_be_empty=True))
    _observed: _Observed = field(default_factory=_Observed)
    _untimed: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Take the rows of a batch."""
        rows = self._numbered(batch)
        named, faults = rows.named, batch.instants.faults
        timed = np.ones(named.shape, dtype=bool) if faults is None else faults == Fault.NONE
        usable = named & timed & (rows.states != UNREADABLE)
        self.rows += usable.size + len(batch.misfits)
        if batch.misfits or not usable.all():
            self._note_unusable(batch, np.flatnonzero(~usable))
            self._note_untimed(batch, rows, named & timed, named & ~timed)
            rows = rows.kept(named & timed)
        self._observed.add(rows)

    def _numbered(self, batch: Batch) -> _Numbered:
        alone = Coded(np.zeros(batch.instants.at.shape, dtype=np.int32), [self.monitor])
        nowhere = Coded(alone.codes, [""])
        return _Numbered(
            monitors=(batch.monitors or alone).translated(self._monitors.number),
            regions=(batch.regions or nowhere).translated(self._regions.number),
            at=batch.instants.at,
            states=batch.ups.translated(state_of).astype(np.int8),
        )

    def _note_untimed(
        self,
        batch: Batch,
        rows: _Numbered,
        kept: NDArray[np.bool_],
        untimed: NDArray[np.bool_],
    ) -> None:
        before = self._observed.size + np.concatenate(([0], np.cumsum(kept)))
        for row in np.flatnonzero(untimed).tolist():
            probe = int(rows.monitors[row]), int(rows.regions[row])
            self._untimed.append((*probe, int(before[row])))
        for misfit in batch.misfits:
            monitor = self.monitor if batch.monitors is None else misfit.monitor
            region = "" if batch.regions is None else misfit.region
            probe = self._monitors.known(monitor), self._regions.known(region)
            if UNREADABLE not in probe:
                self._untimed.append((*probe, int(before[misfit.rows_before])))

    def _note_unusable(self, batch: Batch, rows: NDArray[np.int64]) -> None:
        self.unusable += rows.size + len(batch.misfits)
        if len(self.findings) >= MOST_LISTED:
            return
        found = [
            (m.line, misfit_finding(batch.place(m.line), m.fact))
            for m in batch.misfits[:MOST_LISTED]
        ]
        for row in rows[:MOST_LISTED].tolist():
            line = batch.line(row)
            found += [(line, finding) for finding in self._row_findings(batch, row, line)]
        found.sort(key=lambda pair: pair[0])
        room = MOST_LISTED - len(self.findings)
        self.findings += [finding for _, finding in found[:room]]

    def _row_findings(self, batch: Batch, row: int, line: int) -> Iterator[Finding]:
        place = batch.place(line)
        for ours, column, names in (
            ("monitor", batch.monitors, self._monitors),
            ("region", batch.regions, self._regions),
        ):
            if column and names.number(column.text(row)) == UNREADABLE:
                yield name_finding(place, self.fields[ours], column.text(row))
        faults = batch.instants.faults
        if faults is not None and faults[row]:
            fault = Fault(int(faults[row]))
            yield time_finding(
                place,
                self.fields["at"],
                batch.time_text(row),
                fault=fault,
                time_zone=self.time_zone,
            )
        if state_of(batch.ups.text(row)) == UNREADABLE:
            yield state_finding(place, self.fields["up"], batch.ups.text(row))

    def collected(self) -> Collected:
        """Everything that was added, as observations of probes; nothing can be added afterwards."""
        width = max(len(self._regions.numbers), 1)
        observations, present = self._observed.taken(len(self._monitors.numbers), width)
        monitors, regions = list(self._monitors.numbers), list(self._regions.numbers)
        probes = {pair: probe for probe, pair in enumerate(present.tolist())}
        return Collected(
            names=[(monitors[pair // width], regions[pair % width]) for pair in probes],
            observations=observations,
            untimed=[
                (probes[pair], position)
                for monitor, region, position in self._untimed
                if (pair := monitor * width + region) in probes
            ],
        )


@dataclass(frozen=True, slots=True)
class Collected:
    """What a source's rows say.

    Attributes:
        names: Monitor and region of each probe, by its number.
        observations: Every observation, in the order of reading.
        untimed: Rows of known probes whose time cannot be read.
    """

    names: Sequence[Probe]
    observations: Observations
    untimed: Sequence[Untimed]

    @property
    def first_at(self) -> int | None:
        """The earliest instant of a row; None without rows."""
        return int(self.observations.at.min()) if self.observations.at.size else None

    @property
    def last_at(self) -> int | None:
        """The latest instant of a row; None without rows."""
        return int(self.observations.at.max()) if self.observations.at.size else None

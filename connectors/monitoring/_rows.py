"""The rows of a checks file as batches of cells: CSV by blocks, Parquet by 65,536 rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from connectors.monitoring._cells import (
    Fault,
    Instants,
    instants_of_numbers,
    instants_of_texts,
    instants_of_timestamps,
)
from connectors.monitoring._collected import Batch, Coded, Misfit
from connectors.monitoring._columns import Columns
from connectors.monitoring._csv import LONGEST_LINE, Block, CsvFile
from models.findings import UnusableInputError, refuse

PARQUET_MAGIC = b"PAR1"
PARQUET_SUFFIXES = (".parquet", ".pq")
ROWS_PER_BATCH = 1 << 16
CODED = pa.dictionary(pa.int32(), pa.string())

Positions = Mapping[str, int]
"""Our column names to positions in the file."""


def batches_of(
    path: Path, *, shown: str, columns: Columns, time_zone: str | None, digest: hashlib._Hash
) -> Iterator[Batch]:
    """Every row of a checks file, CSV or Parquet as its first bytes say.

    Args:
        path: The file.
        shown: How people know it.
        columns: What is needed of it.
        time_zone: The zone of times without an offset; None refuses those.
        digest: Takes in every byte of the file.

    Raises:
        UnusableInputError: The file as a whole cannot be used.
        OSError: The system does not let us read it.
    """
    with path.open("rb") as stream:
        if stream.peek(4).startswith(PARQUET_MAGIC):
            hashlib.file_digest(stream, lambda: digest)
            yield from _parquet(path, shown, columns, time_zone)
        elif shown.endswith(PARQUET_SUFFIXES):
            raise _is_no_parquet(shown, "it does not begin with PAR1")
        else:
            yield from _csv(CsvFile(stream, shown, digest), shown, columns, time_zone)


def _csv(file: CsvFile, shown: str, columns: Columns, time_zone: str | None) -> Iterator[Batch]:
    positions = columns.locate(file.header, place=f"{shown}:{file.header_line}")
    for block in file.blocks():
        yield _CsvBlock(shown, block, len(file.header), positions, time_zone).batch()


@dataclass(slots=True)
class _CsvBlock:
    """From a block of text to a batch of cells."""

    shown: str
    block: Block
    width: int
    positions: Positions
    time_zone: str | None
    invalid: list[Any] = field(default_factory=list)
    lines: NDArray[np.int64] | None = None

    def batch(self) -> Batch:
        """Split the block into cells and read them."""
        table = self._table()
        cells = {ours: _joined(table[str(place)]) for ours, place in self.positions.items()}
        return Batch(
            monitors=Coded.of(cells["monitor"]) if "monitor" in cells else None,
            regions=Coded.of(cells["region"]) if "region" in cells else None,
            instants=instants_of_texts(cells["at"], self.time_zone),
            ups=Coded.of(cells["up"]),
            time_text=lambda row: str(cells["at"][row].as_py()),
            place=lambda line: f"{self.shown}:{line}",
            line=self._line,
            misfits=self._misfits(),
        )

    def _table(self) -> pa.Table:
        kinds = {str(place): CODED for place in self.positions.values()}
        kinds[str(self.positions["at"])] = pa.string()
        try:
            return pa.csv.read_csv(
                pa.py_buffer(self.block.content),
                read_options=pa.csv.ReadOptions(
                    column_names=[str(place) for place in range(self.width)],
                    use_threads=False,
                    block_size=4 * LONGEST_LINE,
                ),
                parse_options=pa.csv.ParseOptions(
                    newlines_in_values=True, invalid_row_handler=self._skip
                ),
                convert_options=pa.csv.ConvertOptions(
                    column_types=kinds, include_columns=list(kinds), check_utf8=False
                ),
            )
        except pa.ArrowInvalid as error:
            raise _is_no_csv(self.shown, self.block.first_line, error) from None

    def _skip(self, row: Any) -> str:  # noqa: ANN401 - pyarrow has no types
        self.invalid.append(row)
        return "skip"

    def _line(self, row: int) -> int:
        """The line of a row that fits: its position among all records, then that record's line."""
        for misfit in self.invalid:
            if misfit.number - 1 > row:
                break
            row += 1
        return self._line_of_record(row)

    def _line_of_record(self, record: int) -> int:
        if self.lines is None:
            self.lines = self.block.lines_of_records()
        # A stray quote inside a cell can make two records look like one.
        return int(self.lines[min(record, self.lines.size - 1)])

    def _misfits(self) -> list[Misfit]:
        return [
            Misfit(
                line=self._line_of_record(row.number - 1),
                rows_before=row.number - 1 - earlier,
                monitor=self._cell(row.text, "monitor"),
                region=self._cell(row.text, "region"),
                fact=f"has {_cells(row.actual_columns)}, the header has {row.expected_columns}",
            )
            for earlier, row in enumerate(self.invalid)
            if row.text.strip()
        ]

    def _cell(self, text: str, ours: str) -> str | None:
        place = self.positions.get(ours)
        cells = text.split(",", self.width)
        return None if place is None or place >= len(cells) else cells[place].strip(' "')


def _joined(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _parquet(path: Path, shown: str, columns: Columns, time_zone: str | None) -> Iterator[Batch]:
    try:
        schema = pa.parquet.read_schema(path)
        positions = columns.locate(schema.names, place=shown)
        _check_types(schema, positions, shown)
        names = {ours: schema.names[place] for ours, place in positions.items()}
        coded = [name for name in names.values() if _is_text(schema.field(name).type)]
        file = pa.parquet.ParquetFile(path, read_dictionary=coded, memory_map=True)
        row = 1
        for cells in file.iter_batches(
            ROWS_PER_BATCH, columns=list(names.values()), use_threads=False
        ):
            named = {ours: cells.column(name) for ours, name in names.items()}
            yield batch_of(
                named, place=lambda line: f"{shown}, row {line}", first_row=row, time_zone=time_zone
            )
            row += cells.num_rows
    except (pa.ArrowException, OSError) as error:
        raise _is_no_parquet(shown, str(error).splitlines()[0]) from None


def batch_of(
    cells: Mapping[str, pa.Array],
    *,
    place: Callable[[int], str],
    first_row: int,
    time_zone: str | None,
) -> Batch:
    """Rows that are columns already.

    Args:
        cells: By our names of columns; monitor and region may be missing.
        place: How people find a row by its number.
        first_row: The number of the first one.
        time_zone: The zone of times without an offset; None refuses those.
    """
    times = cells["at"]
    return Batch(
        monitors=Coded.of(cells["monitor"]) if "monitor" in cells else None,
        regions=Coded.of(cells["region"]) if "region" in cells else None,
        instants=instants_of(times, time_zone),
        ups=Coded.of(cells["up"]),
        time_text=lambda row: times.slice(row, 1).cast(pa.string())[0].as_py() or "",
        place=place,
        line=lambda row: first_row + row,
    )


def instants_of(times: pa.Array, time_zone: str | None) -> Instants:
    """Read a column of timestamps, whole numbers, decimals or texts; an empty cell is no instant.

    Args:
        times: Some of them may be null.
        time_zone: The zone of times without an offset; None refuses those.
    """
    if times.null_count == 0:
        return _instants_by_type(times, time_zone)
    there = times.is_valid().to_numpy(zero_copy_only=False)
    found = _instants_by_type(times.drop_null(), time_zone)
    at = np.zeros(there.size, dtype=np.int64)
    faults = np.full(there.size, Fault.UNREADABLE, dtype=np.int8)
    at[there] = found.at
    faults[there] = Fault.NONE if found.faults is None else found.faults
    return Instants(at, faults)


def _instants_by_type(times: pa.Array, time_zone: str | None) -> Instants:
    if pa.types.is_timestamp(times.type):
        return instants_of_timestamps(times, time_zone)
    if pa.types.is_integer(times.type):
        return instants_of_numbers(times)
    return instants_of_texts(times.cast(pa.string()), time_zone)


def _is_text(kind: Any) -> bool:  # noqa: ANN401 - pyarrow has no types
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_name(kind: Any) -> bool:  # noqa: ANN401 - pyarrow has no types
    if pa.types.is_dictionary(kind):
        return _is_name(kind.value_type)
    return bool(_is_text(kind) or pa.types.is_string_view(kind) or pa.types.is_integer(kind))


def _is_time(kind: Any) -> bool:  # noqa: ANN401 - pyarrow has no types
    return bool(_is_name(kind) or pa.types.is_timestamp(kind) or pa.types.is_decimal(kind))


def _is_state(kind: Any) -> bool:  # noqa: ANN401 - pyarrow has no types
    return bool(_is_name(kind) or pa.types.is_boolean(kind))


NEEDED_TYPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "monitor": (_is_name, "text or whole numbers"),
    "region": (_is_name, "text or whole numbers"),
    "at": (_is_time, "timestamps, whole numbers, decimals or text"),
    "up": (_is_state, "booleans, whole numbers or text"),
}


def _check_types(schema: pa.Schema, positions: Positions, shown: str) -> None:
    findings = [
        finding
        for ours, place in positions.items()
        if not NEEDED_TYPES[ours][0](schema.types[place])
        for finding in _has_other_type(schema.field(place), ours, shown).findings
    ]
    if findings:
        raise UnusableInputError(findings)


def _has_other_type(column: pa.Field, ours: str, shown: str) -> UnusableInputError:
    return refuse(
        shown,
        f"has the type {column.type}",
        field=column.name,
        expected=NEEDED_TYPES[ours][1],
        remedy="Write the column with one of these types; others do not keep it exactly.",
    )


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _is_no_parquet(shown: str, why: str) -> UnusableInputError:
    return refuse(
        shown,
        f"is no whole Parquet file: {why}",
        expected="a Parquet file that was written to its end",
        remedy="Write the file anew.",
    )


def _is_no_csv(shown: str, line: int, error: Exception) -> UnusableInputError:
    return refuse(
        f"{shown}:{line}",
        f"begins a part of the file that is no CSV: {str(error).splitlines()[0]}",
        expected="rows of cells separated by commas",
        remedy="Check the quotes from this line on.",
    )

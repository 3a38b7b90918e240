"""A ledger's CSV text, read into rows and written again; cells never become formulas.

Our own columns are found by their names, wherever a person has moved them; every other column, and
every row without a key, is a person's and comes out as it went in.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from models.cells import guarded, unguarded
from models.findings import Finding, UnusableInputError
from models.ledger import ADDED_LATER, COLUMNS, TEXT_COLUMNS


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the file.

    Attributes:
        line: The line on which it starts, counted from 1; 0 for a row that is new.
        cells: As many as there are columns, as they stand in the file.
    """

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A readable ledger file: its columns and its rows, blank ones left out."""

    columns: tuple[str, ...] = COLUMNS
    records: tuple[Record, ...] = ()

    def by_key(self) -> dict[str, Record]:
        """The rows that are ours, by key, in the order of the file."""
        place = self.columns.index("Key")
        return {r.cells[place]: r for r in self.records if r.cells[place]}

    def texts(self, record: Record) -> dict[str, str]:
        """A row's cells by column, ours as they were before they were guarded."""
        pairs = zip(self.columns, record.cells, strict=True)
        return {name: unguarded(c) if name in TEXT_COLUMNS else c for name, c in pairs}

    def with_cells(self, record: Record, wanted: Mapping[str, str]) -> Record:
        """The row with our cells in the places of our columns."""
        named = zip(self.columns, record.cells, strict=True)
        cells = (
            _cell(name, wanted[name]) if name in COLUMNS and name in wanted else cell
            for name, cell in named
        )
        return replace(record, cells=tuple(cells))

    def blank(self) -> Record:
        """A new row with nothing in it."""
        return Record(0, ("",) * len(self.columns))

    def with_records(self, changed: Mapping[str, Record]) -> Sheet:
        """The sheet with these rows under their keys; sorted, a person's own rows last."""
        place = self.columns.index("Key")
        own = [record for record in self.records if not record.cells[place]]
        ours = {**self.by_key(), **changed}
        return replace(self, records=(*(ours[key] for key in sorted(ours, key=_order)), *own))

    @property
    def content(self) -> bytes:
        """The file: RFC 4180 in UTF-8, with the mark that makes Excel read it as UTF-8."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(self.columns)
        writer.writerows(record.cells for record in self.records)
        return text.getvalue().encode("utf-8-sig")


def _cell(column: str, text: str) -> str:
    return guarded(text) if column in TEXT_COLUMNS else text


def _order(key: str) -> tuple[str, str, int]:
    contract, period, revision = key.rsplit("/", 2)
    number = revision.removeprefix("r")
    return period, contract, int(number) if number.isdecimal() else 0


def read_sheet(content: bytes, *, place: str) -> Sheet:
    """Read a ledger file; one without any text is a new ledger.

    Args:
        content: The bytes of the file.
        place: The file's name, for findings.

    Raises:
        UnusableInputError: The file is not a ledger of ours, or holds a key twice.
    """
    records = _records(_decoded(content, place), place)
    if not records:
        return Sheet()
    header, rows = records[0].cells, records[1:]
    _refuse_if_any(_header_findings(header, place))
    sheet = Sheet(columns=header, records=tuple(rows))
    _refuse_if_any(_row_findings(sheet, place))
    return _grown(sheet)


def _grown(sheet: Sheet) -> Sheet:
    """The sheet with the columns that an earlier version's file has not got, at its end."""
    new = tuple(name for name in COLUMNS if name in ADDED_LATER and name not in sheet.columns)
    empty = ("",) * len(new)
    grown = tuple(replace(record, cells=(*record.cells, *empty)) for record in sheet.records)
    return Sheet(columns=(*sheet.columns, *new), records=grown) if new else sheet


def _decoded(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fact = f"byte 0x{content[error.start]:02x} is not UTF-8"
        finding = Finding(
            place=f"{place}:{line}",
            fact=fact,
            expected="a ledger is a CSV file in UTF-8",
            remedy='In Excel, save it as "CSV UTF-8 (comma delimited)".',
        )
        raise UnusableInputError([finding]) from None


def _records(text: str, place: str) -> list[Record]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records = []
    start = 1
    try:
        for cells in reader:
            if any(cells):
                records.append(Record(start, tuple(cells)))
            start = reader.line_num + 1
    except csv.Error as error:
        finding = Finding(
            place=f"{place}:{start}",
            fact=f"the row that starts here cannot be read: {error}",
            expected="cells separated by commas, quotes in pairs",
            remedy="Mend the quotes of this row, or restore the file from a copy.",
        )
        raise UnusableInputError([finding]) from None
    return records


def _header_findings(header: Sequence[str], place: str) -> Iterator[Finding]:
    if len(header) == 1 and len(re.split(r"[;\t]", header[0])) >= len(COLUMNS):
        yield Finding(
            place=f"{place}:1",
            fact="the columns are separated by semicolons or tabs",
            expected="commas",
            remedy='In Excel, save it as "CSV UTF-8 (comma delimited)".',
        )
        return
    for column in COLUMNS:
        least = 0 if column in ADDED_LATER else 1
        if not least <= header.count(column) <= 1:
            found = f"stands {header.count(column)} times" if column in header else "is missing"
            yield Finding(
                place=f"{place}:1",
                field=f"column {column!r}",
                fact=found,
                expected="each ledger column exactly once",
                remedy="Restore the header, or name a file that is not there yet.",
            )


def _row_findings(sheet: Sheet, place: str) -> Iterator[Finding]:
    key_column = sheet.columns.index("Key")
    first_lines: dict[str, int] = {}
    for record in sheet.records:
        if len(record.cells) != len(sheet.columns):
            yield Finding(
                place=f"{place}:{record.line}",
                fact=f"has {len(record.cells)} cells",
                expected=f"{len(sheet.columns)}, as many as the header",
                remedy="Add or remove commas at its end, or take the row out.",
            )
        elif (key := record.cells[key_column]) in first_lines:
            yield _repeated(key, record.line, first_lines[key], place)
        elif key:
            first_lines[key] = record.line
            yield from _unlike_a_key(key, record.line, place)


def _repeated(key: str, line: int, first: int, place: str) -> Finding:
    return Finding(
        place=f"{place}:{line}",
        field="column 'Key'",
        fact=f"is {key} again, as on line {first}",
        expected="each key once",
        remedy="Compare both rows and take one out; nothing was written.",
    )


def _unlike_a_key(key: str, line: int, place: str) -> Iterator[Finding]:
    if not re.fullmatch(r".+/.+/r\d+", key):
        yield Finding(
            place=f"{place}:{line}",
            field="column 'Key'",
            fact=f"is {key!r}",
            expected="a key such as acme/api/2026-05/r0, or nothing in a row of your own",
            remedy="Restore the key, or empty the cell.",
        )


def _refuse_if_any(findings: Iterator[Finding]) -> None:
    if found := tuple(findings):
        raise UnusableInputError(found)

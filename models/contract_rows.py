"""Contracts as rows of a table, one row for each version of each, as spreadsheets have them.

A column is a field of a contract file, `client.id` or `cap.percent`. Lists of names are separated
by semicolons; whatever is more is written as YAML in brackets. Everything that is wrong is found at
once, with its line and column.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from models.cells import guarded, unguarded
from models.contract import CreditTerms
from models.contract_file import (
    PARTIES,
    PlacedContract,
    WrittenVersion,
    read_contract,
)
from models.findings import Finding, Severity
from models.located import Document, Path, dotted, path_of
from models.terms import JsonValue, near_miss, plain
from models.yaml_text import parse_yaml, scalar
from models.yaml_writing import flow_yaml

NAMES = ("evidence", "depends_on", "monitors")
"""Columns that list names, separated by semicolons."""

BRACKETS = ("[", "{", '"')
"""How a cell starts that holds YAML."""

OF_PARTIES = tuple(name for name in PARTIES if name != "versions")
FIRST = (
    *("effective_on", "ends_on", "time_zone", "currency", "billable_amount", "affected_percent"),
    *("monitors", "measurement", "measure_as_published", "exclusions"),
)
"""The fields of a version that people read first; the credit terms follow."""

OF_VERSIONS = tuple(dict.fromkeys((*FIRST, *WrittenVersion.model_fields)))
KNOWN = (*OF_PARTIES, *OF_VERSIONS)
IDS = ("client.id", "service.id")
"""The columns that say which contract a row belongs to."""

Cells = Mapping[str, str]
"""A row's texts by their column; empty cells are left out."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file that is no contract file of ours holds of contracts.

    Attributes:
        contracts: Those without errors, in the order of the file.
        written: The same as contract files have them.
        findings: Everything that is wrong or worth a look, by line.
    """

    contracts: tuple[PlacedContract, ...]
    written: tuple[JsonValue, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Cells


def read_rows(text: str, *, name: str, ladders: Mapping[str, CreditTerms]) -> Imported:
    """Read a table of contracts.

    Args:
        text: The content of a CSV file, separated by commas or by semicolons.
        name: The file, as people know it.
        ladders: The catalog: credit terms by the id of their ladder.
    """
    try:
        headings, rows, findings = _table(text, name)
    except csv.Error as error:
        return Imported((), (), (_broken(name, str(error)),))
    if not rows:
        return Imported((), (), (*findings, _empty(name)))
    findings += _heading_faults(headings, name)
    read = [_contract(group, name, ladders) for group in _grouped(rows)]
    findings += [finding for _, _, found in read for finding in found]
    sound = [(placed, value) for placed, value, _ in read if placed is not None]
    return Imported(
        contracts=tuple(placed for placed, _ in sound),
        written=tuple(for_people(value) for _, value in sound),
        findings=tuple(sorted(findings, key=lambda finding: finding.line)),
    )


def written_rows(values: Iterable[JsonValue]) -> tuple[Sequence[str], list[list[str]]]:
    """Contracts, in the full form of their files, as headings and rows of cells.

    Only columns that some contract needs are there, those of the parties first. No cell runs as a
    formula where a spreadsheet opens it.
    """
    rows = [dict(_flat(row)) for value in values for row in _versions(value)]
    used = dict.fromkeys(column for row in rows for column in row)
    headings = sorted(used, key=lambda column: KNOWN.index(column.partition(".")[0]))
    return headings, [[guarded(row.get(column, "")) for column in headings] for row in rows]


def for_people(value: JsonValue) -> JsonValue:
    """A contract's fields in the order in which people read them; a sole version at the top."""
    parties = _in_order({name: found for name, found in value.items() if name != "versions"})
    versions = [_in_order(version) for version in value["versions"]]
    return {**parties, **(versions[0] if len(versions) == 1 else {"versions": versions})}


def _in_order(fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return dict(sorted(fields.items(), key=lambda field: KNOWN.index(field[0])))


def _table(text: str, name: str) -> tuple[list[str], list[_Row], list[Finding]]:
    lines = [f"{line}\n" for line in text.split("\n")]
    first = lines[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    headings = [heading.strip() for heading in next(reader, [])]
    rows, findings = [], []
    for cells in reader:
        if len(cells) > len(headings):
            findings.append(_too_many(name, reader.line_num, len(cells), len(headings)))
        pairs = zip(headings, cells, strict=False)
        known = {heading: unguarded(cell).strip() for heading, cell in pairs}
        filled = {h: cell for h, cell in known.items() if cell and h.partition(".")[0] in KNOWN}
        if filled:
            rows.append(_Row(reader.line_num, filled))
    return headings, rows, findings


def _heading_faults(headings: Sequence[str], name: str) -> Iterator[Finding]:
    for number, heading in enumerate(headings):
        of = heading.partition(".")[0]
        if heading in headings[:number]:
            yield _wrong_heading(name, heading, "stands there twice", "Remove one of the two.")
        elif of not in KNOWN:
            near = near_miss(of, KNOWN) or "Remove the column, or correct its heading."
            yield _wrong_heading(name, heading, "is no field of a contract", near)
    for missing in (one for one in IDS if one not in headings):
        yield _wrong_heading(name, missing, "is missing", "Add the column.")


def _grouped(rows: Sequence[_Row]) -> Iterable[list[_Row]]:
    """The rows of each contract, contracts in the order of their first rows."""
    groups: dict[tuple[str, ...], list[_Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.cells.get(one, "") for one in IDS), []).append(row)
    return groups.values()


@dataclass(frozen=True, slots=True)
class _RowPlaces:
    """The lines of a contract's versions; the parties stand in the first."""

    lines: tuple[int, ...]

    def line(self, path: Path) -> int:
        """The line of the version that a path lies in."""
        if len(path) > 1 and path[0] == "versions" and isinstance(path[1], int):
            return self.lines[path[1]]
        return self.lines[0]


def _contract(
    rows: list[_Row], name: str, ladders: Mapping[str, CreditTerms]
) -> tuple[PlacedContract | None, JsonValue, list[Finding]]:
    """A contract of some rows; what looks like a number is one unless its field takes text."""
    texts: set[Path] = set()
    document = _document(rows, name, texts)
    contract, findings = read_contract(document, ladders=ladders)
    refused = {path_of(f.field) for f in findings if f.severity is Severity.ERROR}
    if refused:
        document = _document(rows, name, refused)
        contract, findings = read_contract(document, ladders=ladders)
    differing = list(_differing(rows, name))
    found = [*document.findings, *map(_by_column, findings), *differing]
    if contract is None or differing:
        return None, document.value, list(dict.fromkeys(found))
    return PlacedContract(contract, document.place()), document.value, list(dict.fromkeys(found))


def _document(rows: Sequence[_Row], name: str, texts: set[Path]) -> Document:
    findings: list[Finding] = []
    value: dict[str, Any] = {"versions": [{} for _ in rows]}
    for number, row in enumerate(rows):
        for column, cell in row.cells.items():
            of_party = column.partition(".")[0] in OF_PARTIES
            if of_party and number:
                continue
            path: Path = path_of(column) if of_party else ("versions", number, *path_of(column))
            found = cell if path in texts else _value(column, cell, f"{name}:{row.line}", findings)
            if not _put(value, path, found):
                findings.append(_two_columns(name, column))
    places = _RowPlaces(tuple(row.line for row in rows))
    return Document(name, value, places, tuple(findings))


def _put(value: dict[str, Any], path: Path, found: JsonValue) -> bool:
    """Put a value where its path leads; False where something else stands in the way."""
    at: Any = value
    for step in path[:-1]:
        at = at[step] if isinstance(step, int) else at.setdefault(step, {})
        if not isinstance(at, dict | list):
            return False
    if isinstance(at, list) or path[-1] in at:
        return False
    at[path[-1]] = found
    return True


def _value(column: str, cell: str, place: str, findings: list[Finding]) -> JsonValue:
    if cell.startswith(BRACKETS):
        return _in_brackets(column, cell, place, findings)
    if column in NAMES:
        return [part.strip() for part in cell.split(";") if part.strip()]
    return scalar(cell)


def _in_brackets(column: str, cell: str, place: str, findings: list[Finding]) -> JsonValue:
    documents = parse_yaml(cell, name=place)
    findings += [
        replace(finding, place=place, field=column)
        for document in documents
        for finding in document.findings
    ]
    return documents[0].value if len(documents) == 1 else cell


def _by_column(finding: Finding) -> Finding:
    """A finding about a version, its field as the column's heading has it."""
    path = path_of(finding.field)
    inside = path[2:] if path[:1] == ("versions",) and len(path) > 1 else path
    return replace(finding, field=dotted(inside))


def _differing(rows: Sequence[_Row], name: str) -> Iterator[Finding]:
    """Later rows of a contract that say something else about its parties than the first."""
    first = rows[0]
    for row in rows[1:]:
        for column, cell in row.cells.items():
            of_party = column.partition(".")[0] in OF_PARTIES
            if of_party and cell != first.cells.get(column, cell):
                yield Finding(
                    place=f"{name}:{row.line}",
                    field=column,
                    fact=f'is "{cell}", in line {first.line} "{first.cells[column]}"',
                    expected="the same in all rows of one contract",
                    remedy="Correct one of the two; only terms may differ between versions.",
                )


def _versions(value: JsonValue) -> Iterator[Mapping[str, JsonValue]]:
    parties = {name: found for name, found in value.items() if name != "versions"}
    return ({**parties, **version} for version in value["versions"])


def _flat(fields: Mapping[str, JsonValue], above: str = "") -> Iterator[tuple[str, str]]:
    """Columns and cells; a mapping's fields have columns of their own."""
    for name, found in fields.items():
        column = f"{above}{name}"
        if isinstance(found, Mapping) and found:
            yield from _flat(found, f"{column}.")
        elif found is not None:
            yield column, _cell(column, found)


def _cell(column: str, found: JsonValue) -> str:
    if isinstance(found, list | Mapping):
        listed = column in NAMES and _plain_names(found)
        return "; ".join(found) if listed else flow_yaml(found)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, str):
        return found if _plain_text(found) else json.dumps(found, ensure_ascii=False)
    return plain(Decimal(found))


def _plain_names(names: JsonValue) -> bool:
    return bool(names) and all(
        isinstance(one, str) and _plain_text(one) and ";" not in one for one in names
    )


def _plain_text(text: str) -> bool:
    return bool(text) and text == text.strip() and not text.startswith(BRACKETS)


def _broken(name: str, why: str) -> Finding:
    return Finding(name, f"is no table: {why}", "CSV with a line of headings", "Save it as CSV.")


def _empty(name: str) -> Finding:
    return Finding(
        name, "holds no contract", "a line of headings and a row for each version", "Add rows."
    )


def _too_many(name: str, line: int, found: int, expected: int) -> Finding:
    return Finding(
        place=f"{name}:{line}",
        fact=f"has {found} cells",
        expected=f"at most {expected}, as there are headings",
        remedy="Put quotes around a cell that holds the separator.",
    )


def _wrong_heading(name: str, heading: str, fact: str, remedy: str) -> Finding:
    expected = "headings such as client.id, service.id, effective_on, billable_amount"
    return Finding(f"{name}:1", fact, expected, remedy, heading)


def _two_columns(name: str, column: str) -> Finding:
    return Finding(
        place=f"{name}:1",
        field=column,
        fact="stands beside a column that holds all of it",
        expected="either one column, or one for each of its fields",
        remedy="Remove one of the two.",
    )

"""Columns of a query's answer: which of them are needed, and of which types they may be.

A type that does not hold its value exactly, such as a float, is refused by its column's name, with
the words that mend it in the query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa

from models.findings import Finding, UnusableInputError, refuse
from models.sources.sql import Yields

Positions = Mapping[str, int]
"""Our names of columns to their places in a row."""

ALIASES = {"started_at": ("started_at", "start"), "ended_at": ("ended_at", "end")}

NEEDED = {
    Yields.CHECKS: ("monitor", "at", "up"),
    Yields.COUNTS: ("monitor", "at", "total", "failed"),
    Yields.OUTAGES: ("monitor", "started_at", "ended_at"),
}
BESIDE = {
    Yields.CHECKS: ("region",),
    Yields.COUNTS: ("region",),
    Yields.OUTAGES: ("region", "incident_id", "source_link"),
}

TIMES: tuple[frozenset[type], str] = (
    frozenset({datetime, int, str, Decimal}),
    "a time with its zone, a whole number since 1970, or ISO 8601 text; cast it in the query",
)
NAMES: tuple[frozenset[type], str] = (
    frozenset({str, int, UUID}),
    "text or whole numbers; cast it in the query",
)
COUNTS: tuple[frozenset[type], str] = (
    frozenset({int, Decimal}),
    "whole numbers or decimals; cast it in the query, such as CAST(... AS numeric)",
)
TYPES: Mapping[str, tuple[frozenset[type], str]] = {
    "monitor": NAMES,
    "region": NAMES,
    "incident_id": NAMES,
    "source_link": NAMES,
    "at": TIMES,
    "started_at": TIMES,
    "ended_at": TIMES,
    "up": (frozenset({bool, int, str}), "a boolean, 0 or 1, or text such as up and down"),
    "total": COUNTS,
    "failed": COUNTS,
}
"""The Python types that a column's values may have, and how people know them."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a query's answer, their types checked; all columns have the same length.

    Attributes:
        columns: By our names.
        place: How people find a row by its number.
        first_row: The number of the first one.
    """

    columns: Mapping[str, Sequence[Any]]
    place: Callable[[int], str]
    first_row: int

    def texts(self, column: str) -> list[str]:
        """A column as texts; "" where it is empty or missing."""
        if column not in self.columns:
            return [""] * len(self.columns["monitor"])
        return [text_of(value) for value in self.columns[column]]

    def arrow(self, column: str) -> pa.Array:
        """A column as Arrow has it.

        Raises:
            UnusableInputError: It mixes what cannot stand in one column.
        """
        values = self.columns[column]
        kinds = {type(value) for value in values} - {type(None)}
        try:
            if kinds == {datetime}:
                return pa.array(values, pa.timestamp("us", tz=self._zone(column)))
            alike = len(kinds) == 1 and UUID not in kinds
            return pa.array(values if alike else self.texts(column))
        except (pa.ArrowException, OverflowError, ValueError) as error:
            raise self._mixed(column, str(error)) from None

    def _zone(self, column: str) -> str | None:
        naive = {value.tzinfo is None for value in self.columns[column] if value is not None}
        if len(naive) > 1:
            raise self._mixed(column, "times with and without a zone")
        return None if naive == {True} else "UTC"

    def _mixed(self, column: str, what: str) -> UnusableInputError:
        return refuse(
            self.place(self.first_row),
            f"and those after it cannot be read: {what}",
            field=column,
            expected=TYPES[column][1],
            remedy="Give the column one type, with CAST in the query.",
        )


def text_of(value: object) -> str:
    """A value as a cell of a file would say it; "" for none."""
    match value:
        case None:
            return ""
        case datetime() if value.tzinfo is not None:
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value).strip()


def located(header: Sequence[str], yields: Yields, *, place: str, sole: str) -> Positions:
    """Where the columns are that rows of this kind need and may have.

    Args:
        header: The names of the answer's columns.
        yields: What the rows are.
        place: The query in messages.
        sole: The only monitor that it is about; "" when each row names one.

    Raises:
        UnusableInputError: A column is missing, or is there twice.
    """
    found: dict[str, int] = {}
    findings: list[Finding] = []
    for ours in (*NEEDED[yields], *BESIDE[yields]):
        names = ALIASES.get(ours, (ours,))
        places = [at for at, name in enumerate(header) if name.lower() in names]
        if len(places) > 1:
            findings.append(_twice(place, ours))
        elif places:
            found[ours] = places[0]
        elif ours in NEEDED[yields] and not (ours == "monitor" and sole):
            findings.append(_missing(place, ours, header, yields))
    if findings:
        raise UnusableInputError(findings)
    return found


def part_of(
    rows: Sequence[Sequence[Any]], positions: Positions, *, place: str, first_row: int, sole: str
) -> Part:
    """Some rows as columns.

    Raises:
        UnusableInputError: A column holds values of a type that it cannot have.
    """
    turned = list(zip(*rows, strict=True))
    columns = {ours: turned[at] for ours, at in positions.items()}
    columns.setdefault("monitor", (sole,) * len(rows))
    part = Part(columns, lambda row: f"{place}, row {row}", first_row)
    findings = list(_of_other_types(part))
    if findings:
        raise UnusableInputError(findings)
    return part


def _of_other_types(part: Part) -> Iterator[Finding]:
    """The first value of every column that has a type of its own kind."""
    for ours, values in part.columns.items():
        allowed, expected = TYPES[ours]
        if {type(value) for value in values} <= {*allowed, type(None)}:
            continue
        row, value = next(
            (number, value)
            for number, value in enumerate(values)
            if value is not None and type(value) not in allowed
        )
        yield Finding(
            place=part.place(part.first_row + row),
            field=ours,
            fact=f"is {text_of(value)[:80]!r}, of the type {type(value).__name__}",
            expected=expected.partition(";")[0],
            remedy="Cast the column in the query to one of these types; others are not exact.",
        )


def _missing(place: str, ours: str, header: Sequence[str], yields: Yields) -> Finding:
    return Finding(
        place=place,
        fact=f"yields no column {ours!r}; it yields {', '.join(map(repr, header)) or 'nothing'}",
        expected=f"the columns {', '.join(NEEDED[yields])}",
        remedy=f'Name it in the query: ... AS "{ours}".',
    )


def _twice(place: str, ours: str) -> Finding:
    return Finding(
        place=place,
        fact=f"yields the column {ours!r} more than once",
        expected="each column once",
        remedy="Rename the one that is not meant, with AS.",
    )

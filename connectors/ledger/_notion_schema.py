"""The columns that the ledger needs at Notion, and what is not as it should be about those there.

A column is found by its id, which survives renaming, and by its name where no id is known yet.
Everything that is wrong is found at once, before anything is written; columns that are not listed
here are people's, and nothing is asked of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.findings import Finding
from models.ledger import LedgerStatus

TITLE = "Makegood ledger"
"""What a database that we make is called; a person may rename it."""

RELEASE = "Release"
PEOPLES_NOTES = "Notes"
"""A column that we make for people and never write to."""

USUAL_CURRENCIES = ("AUD", "CAD", "CHF", "EUR", "GBP", "JPY", "SEK", "USD")
PLAIN, GROUPED = "number", "number_with_commas"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of ours.

    Attributes:
        name: What a row calls it (`models.ledger.COLUMNS`), or `Release`.
        title: What it is called at Notion when we make it.
        type: Notion's type.
        format: Notion's format of a number; "" for other types.
        options: What a select must offer.
    """

    name: str
    title: str
    type: str
    format: str = ""
    options: tuple[str, ...] = ()

    @property
    def config(self) -> dict[str, Any]:
        """What Notion is told to make it."""
        if self.type == "number":
            return {"number": {"format": self.format}}
        if self.type == "select":
            return {"select": {"options": [{"name": name} for name in self.options]}}
        return {self.type: {}}


def wanted(currencies: Iterable[str] = ()) -> tuple[Column, ...]:
    """The columns of a ledger that shows these currencies."""
    return (
        Column("Key", "Key", "title"),
        Column("Client", "Client", "rich_text"),
        Column("Service", "Service", "rich_text"),
        Column("Month", "Month", "date"),
        Column("Uptime %", "Uptime %", "number", PLAIN),
        Column("Credit %", "Credit %", "number", PLAIN),
        Column("Credit Days", "Credit Days", "number", PLAIN),
        Column("Billable Amount", "Billable Amount", "number", GROUPED),
        Column("Credit Amount", "Credit Amount", "number", GROUPED),
        Column("Currency", "Currency", "select", options=tuple(sorted(set(currencies)))),
        Column("Claim By", "Claim By", "date"),
        Column("Claim Channel", "Claim Channel", "rich_text"),
        Column("Status", "Status", "select", options=tuple(s.value for s in LedgerStatus)),
        Column("Evidence URLs", "Evidence", "rich_text"),
        Column("Notes", "Makegood Notes", "rich_text"),
        Column("Revision", "Revision", "number", PLAIN),
        Column("Posted", "Posted", "rich_text"),
        Column(RELEASE, RELEASE, "checkbox"),
    )


def configs(currencies: Iterable[str]) -> dict[str, Any]:
    """What Notion is told when the ledger is made: our columns, and one for people's remarks."""
    offered = {*currencies, *USUAL_CURRENCIES}
    ours = {column.title: column.config for column in wanted(offered)}
    return {**ours, PEOPLES_NOTES: {"rich_text": {}}}


def has_our_columns(properties: Mapping[str, Any]) -> bool:
    """Whether a table that was never noted is a ledger of ours: each column by name and type."""
    types = {told["name"]: told["type"] for told in properties.values()}
    return all(types.get(column.title) == column.type for column in wanted())


@dataclass(frozen=True, slots=True)
class Columns:
    """Our columns as they stand at Notion.

    Attributes:
        ids: The id of each, by the name that a row calls it.
        types: The type of each, by the same name.
    """

    ids: Mapping[str, str]
    types: Mapping[str, str]

    @property
    def names(self) -> Mapping[str, str]:
        """What a row calls each, by its id."""
        return {id_: name for name, id_ in self.ids.items()}


def compared(
    properties: Mapping[str, Any],
    *,
    known: Mapping[str, str],
    currencies: Iterable[str],
    place: str,
) -> tuple[Columns, tuple[Finding, ...]]:
    """Our columns among those that are there, and everything that is not as it should be.

    Args:
        properties: The data source's columns, as Notion tells them.
        known: The ids that were noted earlier, by the name that a row calls each.
        currencies: The currencies that rows will show.
        place: The ledger's name, for findings.
    """
    by_id = {told["id"]: told for told in properties.values()}
    by_title = {told["name"]: told for told in properties.values()}
    ids: dict[str, str] = {}
    findings: list[Finding] = []
    columns = wanted(currencies)
    for column in columns:
        told = _found(column, by_id.get(known.get(column.name, "")), by_title.get(column.title))
        if told is None:
            findings.append(_missing(column, properties, place))
            continue
        ids[column.name] = told["id"]
        findings += _faults(column, told, place)
    findings += _meant_twice(ids, by_id, place)
    return Columns(ids, {column.name: column.type for column in columns}), tuple(findings)


def _found(column: Column, *candidates: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The first of them that has the right type; else the first that is there."""
    there = [told for told in candidates if told is not None]
    fitting = [told for told in there if told["type"] == column.type]
    return next(iter([*fitting, *there]), None)


def _faults(column: Column, told: Mapping[str, Any], place: str) -> Iterator[Finding]:
    field = _field(told["name"])
    if told["type"] != column.type:
        computed = ", which nobody can write" if told["type"] == "formula" else ""
        yield Finding(
            place=place,
            field=field,
            fact=f"is of type {told['type']}{computed}",
            expected=f"{column.type} was expected",
            remedy=f"Change its type to {column.type}, or rename it and add a column "
            f"'{column.title}' of that type.",
        )
    elif column.type == "number":
        yield from _format_fault(column, told, place)
    elif column.type == "select":
        yield from _option_faults(column, told, place)


def _format_fault(column: Column, told: Mapping[str, Any], place: str) -> Iterator[Finding]:
    found = told["number"].get("format")
    if found != column.format:
        yield Finding(
            place=place,
            field=_field(told["name"]),
            fact=f"shows its numbers as {found}",
            expected=f"{column.format} was expected, which is right in every row",
            remedy="Change its number format.",
        )


def _option_faults(column: Column, told: Mapping[str, Any], place: str) -> Iterator[Finding]:
    offered = {option["name"] for option in told["select"]["options"]}
    missing = [name for name in column.options if name not in offered]
    if missing:
        alike = {name.casefold(): name for name in offered}
        near = [alike[name.casefold()] for name in missing if name.casefold() in alike]
        written = f" (it has {', '.join(near)})" if near else ""
        yield Finding(
            place=place,
            field=_field(told["name"]),
            fact=f"lacks {', '.join(missing)}{written}",
            expected=f"the options {', '.join(column.options)} were expected, written so",
            remedy="Add or rename these options.",
        )


def _missing(column: Column, properties: Mapping[str, Any], place: str) -> Finding:
    remedy = f"Add a column '{column.title}' of type {column.type}."
    if column.type == "title":
        titles = [told["name"] for told in properties.values() if told["type"] == "title"]
        remedy = f"Rename the title column {', '.join(repr(t) for t in titles)} to Key."
    elif column.format:
        remedy = f"{remedy[:-1]}, shown as {column.format}."
    elif column.options:
        remedy = f"{remedy[:-1]} with the options {', '.join(column.options)}."
    return Finding(
        place=place,
        field=_field(column.title),
        fact="is missing",
        expected="every column of the ledger was expected",
        remedy=remedy,
    )


def _meant_twice(
    ids: Mapping[str, str], by_id: Mapping[str, Mapping[str, Any]], place: str
) -> Iterator[Finding]:
    """A column that one of ours was renamed to, while another one of ours is looked for by it."""
    for id_ in {id_ for id_ in ids.values() if list(ids.values()).count(id_) > 1}:
        meant = [name for name, found in ids.items() if found == id_]
        yield Finding(
            place=place,
            field=_field(by_id[id_]["name"]),
            fact=f"stands for {' and '.join(meant)}",
            expected="a column for each was expected",
            remedy="Add the one that is missing.",
        )


def _field(title: str) -> str:
    return f"column {title!r}"

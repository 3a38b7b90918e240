"""A ledger row as Notion's properties, and Notion's properties as the cells that people see.

Texts are plain content, never formula or markdown. Numbers go out with the digits that they have
and come back as decimals. What is too large for Notion is cut, and the row says where the rest is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from sys import intern
from typing import Any

from connectors.ledger import LedgerPage
from connectors.ledger._notion_schema import RELEASE, Columns
from models.intervals import instant
from models.ledger import LedgerRow, brought_up_to_date
from models.money import Currency
from models.terms import plain

LONGEST_TEXT = 2000
"""UTF-16 units of one piece of rich text, and of an address."""

MOST_PIECES = 100
LONGEST_CELL = 20_000
"""UTF-16 units of a text cell: five of them and the links stay within a body of 500 KB."""

MOST_DIGITS = 15
"""Significant digits that a binary double, which is what Notion keeps, surely gives back."""

UPTIME_PLACES = 6
LINK = re.compile(
    r"https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?"
    r"([/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?",
    re.ASCII,
)
"""Addresses that Notion surely takes for links; others are shown as text."""

SHORT = 100
CUT = " … (cut)"
THEIRS = " (yours)"
"""Added to the name of a person's column when one of ours goes by that name."""

AMOUNTS = ("Billable Amount", "Credit Amount")
CUT_CELLS = ("Client", "Service", "Claim Channel", "Notes", "Posted")


def fitted(row: LedgerRow) -> dict[str, str]:
    """The row's cells as far as Notion has room for them, with a remark on what it has not."""
    cells = row.as_cells
    links = _links(row)
    remarks = list(_remarks(row, cells, shown=len(links)))
    cells["Evidence URLs"] = " ".join(links)
    for name in ("Uptime %", "Credit %", "Credit Days", *AMOUNTS):
        cells[name] = _number_text(cells[name])
    for name in CUT_CELLS:
        cells[name] = _cut(cells[name])
    cells["Notes"] = " ".join(part for part in (cells["Notes"], *remarks) if part)
    return cells


def properties_of(
    cells: Mapping[str, str], columns: Columns, names: Sequence[str] | None = None
) -> dict[str, Any]:
    """These cells as Notion's properties, by column id; all of ours, or those named."""
    return {
        columns.ids[name]: _property(columns.types[name], name, cells[name])
        for name in columns.ids
        if name != RELEASE and (names is None or name in names)
    }


def page_of(told: Mapping[str, Any], columns: Columns) -> LedgerPage:
    """A page as the ledger shows it: ours by our names, people's by theirs."""
    cells: dict[str, str] = {}
    release = False
    names = columns.names
    for heading, one in told["properties"].items():
        title, name = intern(heading), names.get(one["id"])
        if name == RELEASE:
            release = one.get("checkbox") is True
        elif name is not None:
            cells[name] = _text(one)
        else:
            cells[title + THEIRS if title in columns.ids else title] = _text(one)
    return LedgerPage(
        id=str(told["id"]),
        key=cells.get("Key", ""),
        cells=_shown(cells),
        release=release,
        trashed=bool(told.get("in_trash") or told.get("archived")),
        edited_at=instant(datetime.fromisoformat(told["last_edited_time"]).astimezone(UTC)),
        editor=str((told.get("last_edited_by") or {}).get("id", "")),
    )


def differing(page: LedgerPage, row: LedgerRow, columns: Columns) -> dict[str, str]:
    """The cells of ours that a page does not show as it should, with what they should say."""
    wanted = fitted(row)
    due = brought_up_to_date(page.cells, row)
    keeps_status = due["Status"] != wanted["Status"]
    return {
        name: wanted[name]
        for name in columns.ids
        if name != RELEASE
        and not (name == "Status" and keeps_status)
        and not _alike(columns.types[name], page.cells.get(name, ""), wanted[name])
    }


# --- From a row to Notion -------------------------------------------------------------------------


def _links(row: LedgerRow) -> list[str]:
    """The evidence that fits; of too many pieces, or of too long ones, the first."""
    fitting = [text for text in row.evidence if units(text) < LONGEST_TEXT]
    return fitting[:MOST_PIECES]


def _remarks(row: LedgerRow, cells: Mapping[str, str], *, shown: int) -> Iterator[str]:
    contract, period, _ = row.key.rsplit("/", 2)
    where = f"`makegood explain {contract} {period}` and the CSV ledger show all"
    left = len(row.evidence) - shown
    if left:
        yield f"({left} more links; {where}.)"
    if any(units(cells[name]) > LONGEST_CELL for name in CUT_CELLS):
        yield f"(A text was cut; {where}.)"
    if any(cells[name] != _number_text(cells[name]) for name in ("Uptime %", *AMOUNTS)):
        yield f"(A number has more digits than Notion holds and is rounded down; {where}.)"


def units(text: str) -> int:
    """How long a text is in UTF-16 units, which is what Notion counts.

    >>> units("a"), units("ü"), units("😀")
    (1, 1, 2)
    """
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "replace")) // 2


def _cut(text: str) -> str:
    if units(text) <= LONGEST_CELL:
        return text
    return _pieces(text, LONGEST_CELL - len(CUT))[0] + CUT


def _pieces(text: str, longest: int) -> list[str]:
    """The text in pieces of at most so many units, no character broken in two."""
    found, start, length = [], 0, 0
    for place, character in enumerate(text):
        size = 2 if ord(character) > 0xFFFF else 1  # noqa: PLR2004 - the last character of one unit
        if length + size > longest:
            found.append(text[start:place])
            start, length = place, 0
        length += size
    return [*found, text[start:]] if text else []


def _number_text(text: str) -> str:
    """The number, rounded down where a double could not give it back."""
    if not text:
        return text
    number = Decimal(text)
    spare = len(number.as_tuple().digits) - MOST_DIGITS
    if spare <= 0:
        return text
    exponent = number.as_tuple().exponent
    place = Decimal((0, (1,), int(exponent) + spare))
    return f"{number.quantize(place, rounding=ROUND_FLOOR):f}"


def _property(type_: str, name: str, text: str) -> dict[str, Any]:
    match type_:
        case "title" | "rich_text":
            written = _linked(text) if name == "Evidence URLs" else _written(text)
            return {type_: written}
        case "number":
            return {"number": Decimal(text) if text else None}
        case "date":
            return {"date": {"start": text} if text else None}
        case _:
            return {type_: {"name": text} if text else None}


def _written(text: str) -> list[dict[str, Any]]:
    return [{"text": {"content": piece}} for piece in _pieces(text, LONGEST_TEXT)]


def _linked(text: str) -> list[dict[str, Any]]:
    """One piece for each address, each a link where Notion takes it for one."""
    addresses = text.split(" ") if text else []
    last = len(addresses) - 1
    return [
        {"text": {"content": one if place == last else f"{one} ", **_link(one)}}
        for place, one in enumerate(addresses)
    ]


def _link(text: str) -> dict[str, Any]:
    return {"link": {"url": text}} if LINK.fullmatch(text) else {}


# --- From Notion to cells -------------------------------------------------------------------------


def _text(told: Mapping[str, Any]) -> str:
    """A cell as text; "" for what is empty, and for kinds that have no plain text."""
    kind = told["type"]
    value = told.get(kind)
    reader = READERS.get(kind)
    text = "" if value is None or reader is None else reader(value)
    # Most cells say what other rows say too: ten thousand rows must not fill the memory.
    return intern(text) if len(text) <= SHORT else text


def _plain_text(value: Sequence[Mapping[str, Any]]) -> str:
    return "".join(str(piece.get("plain_text", "")) for piece in value)


def _digits(value: object) -> str:
    """A number with the digits that Notion wrote."""
    return plain(Decimal(str(value)))


def _day(value: Mapping[str, Any]) -> str:
    parts = (value.get("start"), value.get("end"))
    return "/".join(str(part) for part in parts if part)


def _name(value: Mapping[str, Any]) -> str:
    return str(value.get("name", ""))


READERS: Mapping[str, Callable[[Any], str]] = {
    "title": _plain_text,
    "rich_text": _plain_text,
    "number": _digits,
    "date": _day,
    "select": _name,
    "status": _name,
    "multi_select": lambda value: ", ".join(_name(one) for one in value),
    "checkbox": lambda value: "yes" if value else "",
    "url": str,
    "email": str,
    "phone_number": str,
}


def _shown(cells: dict[str, str]) -> dict[str, str]:
    """The cells with amounts and uptime in as many places as a row writes."""
    places = _places(cells.get("Currency", ""))
    digits = dict.fromkeys(AMOUNTS, places) | {"Uptime %": UPTIME_PLACES}
    return cells | {
        name: _with_places(cells[name], least) for name, least in digits.items() if name in cells
    }


def _places(code: str) -> int:
    try:
        return Currency.of(code).exponent
    except ValueError:
        return 0


def _with_places(text: str, least: int) -> str:
    whole, _, part = text.partition(".")
    return f"{whole}.{part.ljust(least, '0')}" if text and (part or least) else text


def _alike(type_: str, found: str, wanted: str) -> bool:
    if type_ != "number" or not (found and wanted):
        return found == wanted
    try:
        return Decimal(found) == Decimal(wanted)
    except InvalidOperation:
        return False

"""Ledgers that live as long as the program: the twins that tests and dry runs write to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from connectors.errors import Permanent
from connectors.ledger import Book, LedgerChange, LedgerPage, refuse_repeated_keys
from models.findings import refuse
from models.ledger import LedgerRow, brought_up_to_date


class MemoryLedger:
    """Cells by key; a test plays the person by changing them."""

    name = "memory"
    writes_together = True

    def __init__(self) -> None:
        self.cells: dict[str, dict[str, str]] = {}

    def check(self) -> None:
        """There is nothing that could be unusable."""

    def read(self) -> Mapping[str, Mapping[str, str]]:
        """The cells of every row, by key and column."""
        return self.cells

    def upsert(self, rows: Sequence[LedgerRow]) -> LedgerChange:
        """Bring these rows up to date and keep all others.

        Raises:
            ValueError: Two of the given rows have one key.
        """
        refuse_repeated_keys(rows)
        before = self.cells
        now = {row.key: brought_up_to_date(before.get(row.key, {}), row) for row in rows}
        self.cells = before | now
        return LedgerChange(
            added=tuple(key for key in now if key not in before),
            updated=tuple(key for key in now if key in before and now[key] != before[key]),
            unchanged=tuple(key for key in now if now[key] == before.get(key)),
        )


class MemoryRowLedger:
    """Rows with an address of their own, in a list; a test plays the person by `edit`."""

    name = "rows"
    writes_together = False
    at_once = 1
    place = "memory"
    book = "memory"
    hidden_for_ms = 0

    def __init__(self) -> None:
        self.rows: dict[str, LedgerPage] = {}

    def check(self) -> None:
        """There is nothing that could be unusable."""

    def wait_for_turn(self) -> None:
        """Nothing limits memory."""

    def books(self) -> Sequence[Book]:
        """The one there is."""
        return (Book(self.book),)

    def make_book(self) -> Book:
        """It is there already."""
        return Book(self.book)

    def open_book(self, book: Book) -> Book:
        """It has no columns to look at."""
        return book

    def read(self) -> Mapping[str, Mapping[str, str]]:
        """The cells of every row with a key, those in the trash left out.

        Raises:
            UnusableInputError: A key stands twice.
        """
        shown = [page for page in self.rows.values() if page.key and not page.trashed]
        keys = [page.key for page in shown]
        if doubled := [key for key in keys if keys.count(key) > 1]:
            raise refuse(
                self.name,
                f"{doubled[0]} stands twice",
                expected="each key once",
                remedy="Delete all but one.",
            )
        return {page.key: page.cells for page in shown}

    def upsert(self, rows: Sequence[LedgerRow]) -> LedgerChange:
        """Add or bring up to date, one after another.

        Raises:
            ValueError: Two of the given rows have one key.
            UnusableInputError: A key stands twice.
        """
        refuse_repeated_keys(rows)
        self.read()
        done: dict[str, list[str]] = {"added": [], "updated": [], "unchanged": []}
        for row in rows:
            found = [page for page in self.find(row.key) if not page.trashed]
            if not found:
                self.add(row)
                done["added"].append(row.key)
            else:
                changed = self.bring_up_to_date(found[0], row)
                done["updated" if changed else "unchanged"].append(row.key)
        return LedgerChange(**{what: tuple(keys) for what, keys in done.items()})

    def pages(self, month: date | None = None) -> Iterator[LedgerPage]:
        """Every row, those in the trash last."""
        for page in sorted(self.rows.values(), key=lambda page: page.trashed):
            by_key = month is not None and f"/{month:%Y-%m}/r" in page.key
            if month is None or by_key or page.cells.get("Month") == month.isoformat():
                yield page

    def page(self, id_: str) -> LedgerPage | None:
        """The row with this id."""
        return self.rows.get(id_)

    def link_of(self, id_: str) -> str:
        """Memory has no page."""
        return ""

    def find(self, key: str) -> Sequence[LedgerPage]:
        """Every row that carries the key."""
        return [page for page in self.rows.values() if page.key == key]

    def add(self, row: LedgerRow) -> LedgerPage:
        """Make the row; nothing looks for another one."""
        id_ = f"row-{len(self.rows) + 1}"
        self.rows[id_] = LedgerPage(id_, row.key, row.as_cells)
        return self.rows[id_]

    def differing(self, page: LedgerPage, row: LedgerRow) -> Mapping[str, str]:
        """Our columns in which the page says something else than it would."""
        wanted = brought_up_to_date(page.cells, row)
        return {name: wanted[name] for name in row.as_cells if page.cells.get(name) != wanted[name]}

    def is_up_to_date(self, page: LedgerPage, row: LedgerRow) -> bool:
        """Whether nothing differs."""
        return not self.differing(page, row)

    def bring_up_to_date(self, page: LedgerPage, row: LedgerRow) -> bool:
        """Write what differs.

        Raises:
            Permanent: The row lies in the trash.
        """
        if page.trashed:
            raise Permanent(f"{self.name} {row.key}: lies in the trash. Restore it.")
        due = self.differing(page, row)
        if due:
            self.edit(page.id, by="makegood", **due)
        return bool(due)

    def edit(self, id_: str, *, by: str = "Kim", **cells: str) -> None:
        """What a person does to a row; a column is named as it is shown."""
        page = self.rows[id_]
        now = {**page.cells, **cells}
        self.rows[id_] = replace(page, cells=now, key=now.get("Key", ""), editor=by)

    def mark(
        self, id_: str, *, by: str = "Kim", release: bool | None = None, trashed: bool | None = None
    ) -> None:
        """What a person does to a row's checkbox, or with the row as a whole."""
        page = self.rows[id_]
        self.rows[id_] = replace(
            page,
            release=page.release if release is None else release,
            trashed=page.trashed if trashed is None else trashed,
            editor=by,
        )

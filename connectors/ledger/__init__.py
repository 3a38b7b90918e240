"""The book that people read: one row per credit, written after the decision, edited by people.

A ledger is a mirror. Makegood brings its own columns up to date and never touches a person's: their
extra columns, their own rows, and Status once they have changed it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, Self

from models.ledger import LedgerRow
from models.terms import JsonValue


@dataclass(frozen=True, slots=True)
class LedgerChange:
    """What an upsert did, as keys in the order in which the rows were given.

    Attributes:
        added: Rows that were not there before.
        updated: Rows in which at least one of our cells changed.
        unchanged: Rows that already said exactly this.
    """

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`2 added, 1 updated, 7 unchanged`."""
        return (
            f"{len(self.added)} added, {len(self.updated)} updated, {len(self.unchanged)} unchanged"
        )


class Ledger(Protocol):
    """What every ledger promises; `tests/connectors/ledger/conformance.py` holds it to that."""

    @property
    def name(self) -> str:
        """For locks, effects and messages, such as `csv` or `notion`."""
        ...

    @property
    def writes_together(self) -> bool:
        """Whether an upsert writes all rows or none, and may be repeated without asking.

        Where this is False the ledger is a `RowLedger`: each new row is an effect of its own.
        """
        ...

    def check(self) -> None:
        """Find out, without writing anything, whether an upsert could be carried out.

        Raises:
            UnusableInputError: The ledger is not one of ours, or holds a key twice.
        """
        ...

    def read(self) -> Mapping[str, Mapping[str, str]]:
        """What the ledger says now: for every key the cells by column, people's columns included.

        Raises:
            UnusableInputError: The ledger is not one of ours, or holds a key twice.
        """
        ...

    def upsert(self, rows: Sequence[LedgerRow]) -> LedgerChange:
        """Make the ledger say what these rows say, each under its key; other rows stay.

        All rows or none are written, where `writes_together`. Repeating the call changes nothing.

        Raises:
            ValueError: Two of the given rows have one key.
            UnusableInputError: The ledger is not one of ours, or holds a key twice; nothing was
                written.
            Retriable: Another writer is at it; nothing was written.
        """
        ...


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """A row of a ledger that gives every row an address of its own.

    Attributes:
        id: The ledger's id of the row; it survives edits.
        key: The row's key, as it stands there now.
        cells: The row's cells by column, people's columns included.
        release: Whether a person has ticked Release.
        trashed: Whether it lies in the trash, where nobody sees it.
        edited_at: When anybody last changed it.
        editor: Who that was, as far as the ledger tells; an unverified word.
    """

    id: str
    key: str
    cells: Mapping[str, str]
    release: bool = False
    trashed: bool = False
    edited_at: int | None = None
    editor: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """The table that holds a ledger's rows.

    Attributes:
        id: The ledger's id of it.
        columns: The ids of our columns, by the name that a row calls each; they survive renaming.
            Empty for a table whose columns were not looked at yet.
    """

    id: str
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def record(self) -> JsonValue:
        """The book as JSON values, to be remembered."""
        return {"id": self.id, "columns": dict(self.columns)}

    @classmethod
    def of_record(cls, record: Mapping[str, JsonValue]) -> Self:
        """The book that a record tells of."""
        return cls(str(record["id"]), dict(record.get("columns") or {}))


class RowLedger(Ledger, Protocol):
    """A ledger whose rows are written one by one, at a far side that may leave us in doubt."""

    @property
    def at_once(self) -> int:
        """How many rows may be under way at the same time: 1 or more."""
        ...

    @property
    def place(self) -> str:
        """Where the table is, or is to be made: names what is remembered of it."""
        ...

    @property
    def book(self) -> str:
        """The id of the table that holds the rows: names the effects, together with their keys.

        Raises:
            UnusableInputError: The ledger is not one of ours, or not made yet.
            Retriable: It cannot be asked now.
            Misconfigured: Key or permission is wrong.
        """
        ...

    @property
    def hidden_for_ms(self) -> int:
        """How long a row that was added may stay invisible to `find` and `pages`."""
        ...

    def wait_for_turn(self) -> None:
        """Wait until one more request may leave; the next one of this thread does so at once."""
        ...

    def books(self) -> Sequence[Book]:
        """Every table that is, or may be, the ledger; none where it is not made yet. Read-only.

        Raises:
            Retriable: It cannot be asked now.
            Misconfigured: Key or permission is wrong.
        """
        ...

    def make_book(self) -> Book:
        """Make the table: one request, never repeated here.

        Raises:
            Retriable: Surely nothing was made, and it may work later.
            OutcomeUnknown: It may have been made.
            Misconfigured: Place, key or permission is wrong, or it was refused; nothing was made.
        """
        ...

    def open_book(self, book: Book) -> Book:
        """Use this table from now on, and answer with its columns as they stand. Read-only.

        Raises:
            UnusableInputError: It is not as a ledger must be; everything that is wrong, at once.
            Retriable: It cannot be asked now.
            Misconfigured: Key or permission is wrong.
        """
        ...

    def pages(self, month: date | None = None) -> Iterator[LedgerPage]:
        """Every row, streamed, however many there are; of one service month, or of all.

        Those in the trash come last, and say so.

        Raises:
            UnusableInputError: The ledger is not one of ours.
            Retriable: It cannot be asked now.
            Misconfigured: Key or permission is wrong.
        """
        ...

    def page(self, id_: str) -> LedgerPage | None:
        """The row under this id, also where `pages` does not show it yet; None when it is gone."""
        ...

    def link_of(self, id_: str) -> str:
        """The address at which a person sees the row under this id; "" where it is on no page."""
        ...

    def find(self, key: str) -> Sequence[LedgerPage]:
        """Every row that carries the key, those in the trash included. Read-only."""
        ...

    def add(self, row: LedgerRow) -> LedgerPage:
        """Make the row: one request, never repeated here.

        Raises:
            Permanent: Refused; nothing was made.
            Retriable: Surely nothing was made, and it may work later.
            OutcomeUnknown: It may have been made.
            Misconfigured: Key or permission is wrong; nothing was made.
        """
        ...

    def differing(self, page: LedgerPage, row: LedgerRow) -> Mapping[str, str]:
        """Our columns in which the page does not say what it would after writing, with what then.

        That is the row's text as far as the ledger has room for it; Status is among them where
        `brought_up_to_date` writes it. Nothing is asked or written.
        """
        ...

    def is_up_to_date(self, page: LedgerPage, row: LedgerRow) -> bool:
        """Whether our columns of a page that was read say what the row says. Asks nobody."""
        ...

    def bring_up_to_date(self, page: LedgerPage, row: LedgerRow) -> bool:
        """Make our columns of the page say what the row says; False when they did already.

        Only columns of ours that differ are written, and Status by `brought_up_to_date`'s rule.

        Raises:
            Permanent: Refused, such as a page in the trash; nothing was changed.
            Retriable: It may work later; repeating it is harmless.
            Misconfigured: Key or permission is wrong.
        """
        ...


def refuse_repeated_keys(rows: Sequence[LedgerRow]) -> None:
    """Stop a caller that would write two rows under one key.

    Raises:
        ValueError: It names every repeated key.
    """
    times = Counter(row.key for row in rows)
    if repeated := [key for key, count in times.items() if count > 1]:
        message = f"one row per key, but these come twice: {', '.join(repeated)}"
        raise ValueError(message)

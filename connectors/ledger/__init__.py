"""The book that people read: one row per credit, written after the decision, edited by people.

A ledger is a mirror. Makegood brings its own columns up to date and never touches a person's: their
extra columns, their own rows, and Status once they have changed it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from models.ledger import LedgerRow


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

        All rows or none are written. Repeating the call changes nothing.

        Raises:
            ValueError: Two of the given rows have one key.
            UnusableInputError: The ledger is not one of ours, or holds a key twice; nothing was
                written.
            Retriable: Another writer is at it; nothing was written.
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

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

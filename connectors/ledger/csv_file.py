"""The ledger as a CSV file that people open in a spreadsheet, and may edit.

A write replaces the whole file at once; when nothing changes, not a byte of it is touched. See
`README.md` beside this module for what belongs to people and what to Makegood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from connectors.files import check_folder, sole_writer, troubles_classed, write_whole
from connectors.ledger import LedgerChange, refuse_repeated_keys
from connectors.ledger._sheet import Record, Sheet, read_sheet
from models.findings import refuse
from models.ledger import LedgerRow, brought_up_to_date


class CsvLedger:
    """One CSV file, for all contracts and months."""

    name = "csv"
    writes_together = True

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self) -> None:
        """Find out whether an upsert could be carried out; a missing file is fine.

        Raises:
            UnusableInputError: The file is not a ledger, or holds a key twice.
            Misconfigured: Its folder is none, or may not be written.
        """
        self._sheet()
        check_folder(self.path.parent)

    def read(self) -> Mapping[str, Mapping[str, str]]:
        """The rows with a key, as texts by column; apostrophes against formulas are gone.

        Raises:
            UnusableInputError: The file is not a ledger, or holds a key twice.
        """
        sheet = self._sheet()
        return {key: sheet.texts(record) for key, record in sheet.by_key().items()}

    def upsert(self, rows: Sequence[LedgerRow]) -> LedgerChange:
        """Bring these rows up to date in the file; all other rows stay.

        Raises:
            ValueError: Two of the given rows have one key.
            UnusableInputError: The file is not a ledger, or holds a key twice; nothing was written.
            Misconfigured: The file may not be written.
            Retriable: Another writer is at it, or the disk failed.
        """
        refuse_repeated_keys(rows)
        with sole_writer(self.path):
            sheet = self._sheet()
            before = sheet.by_key()
            now = {row.key: _written(sheet, before.get(row.key), row) for row in rows}
            change = _difference(before, now)
            if change.added or change.updated:
                write_whole(self.path, sheet.with_records(now).content)
        return change

    def _sheet(self) -> Sheet:
        if self.path.is_dir():
            raise refuse(
                str(self.path),
                "is a folder",
                expected="the ledger is a CSV file",
                remedy="Name a file in it, such as ledger.csv.",
            )
        with troubles_classed(self.path):
            content = self.path.read_bytes() if self.path.exists() else b""
        return read_sheet(content, place=str(self.path))


def _written(sheet: Sheet, before: Record | None, row: LedgerRow) -> Record:
    record = before or sheet.blank()
    return sheet.with_cells(record, brought_up_to_date(sheet.texts(record), row))


def _difference(before: Mapping[str, Record], now: Mapping[str, Record]) -> LedgerChange:
    return LedgerChange(
        added=tuple(key for key in now if key not in before),
        updated=tuple(key for key in now if key in before and now[key] != before[key]),
        unchanged=tuple(key for key in now if now[key] == before.get(key)),
    )

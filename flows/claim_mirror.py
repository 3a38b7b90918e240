"""After a claim was moved by command: the ledgers that are written as a whole show it at once.

The move is recorded already, so nothing here may fail it: a ledger that cannot be written now shows
it after the next run.
"""

from __future__ import annotations

from connectors.errors import ConnectorError
from flows.bookkeeping import write_rows
from flows.ledger_reading import note_edits
from flows.office import Office
from models.findings import UnusableInputError


def show_in_ledgers(office: Office, period: str) -> str:
    """Bring a month's ledgers up to date; answer why they are not, "" when they are."""
    try:
        with office.store.month_lock(period, holder="makegood claims"):
            note_edits(office, period)
            write_rows(office, period)
    except (UnusableInputError, ConnectorError) as error:
        return f"it is recorded, and the ledgers show it after the next run of {period}: {error}"
    return ""

"""The in-memory twin keeps the promise of every ledger."""

import pytest

from connectors.ledger.memory import MemoryLedger, MemoryRowLedger
from tests.connectors.ledger.conformance import LedgerConformance


class TestMemoryLedger(LedgerConformance):
    """The twin that flows are tested with behaves as the real ledgers do."""

    @pytest.fixture
    def ledger(self):
        """A ledger that was never written to."""
        return MemoryLedger()

    @pytest.fixture
    def person_writes(self, ledger):
        """Change the cell in place."""

        def write(key, column, cell):
            ledger.cells[key][column] = cell

        return write


class TestMemoryRowLedger(LedgerConformance):
    """The twin whose rows have addresses."""

    @pytest.fixture
    def ledger(self):
        """A ledger that was never written to."""
        return MemoryRowLedger()

    @pytest.fixture
    def person_writes(self, ledger):
        """Change the cell of the row that carries the key."""

        def write(key, column, cell):
            (page,) = ledger.find(key)
            ledger.edit(page.id, **{column: cell})

        return write

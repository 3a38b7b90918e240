"""The in-memory twin keeps the promise of every billing connector that knows invoices."""

import pytest

from connectors.billing.memory import Fault, MemoryBilling
from tests.connectors.billing.conformance import JUNE_3, BillingConformance


class MemoryScene(MemoryBilling):
    """The twin with a clock that tests move."""

    def __init__(self) -> None:
        self.at = JUNE_3
        super().__init__(now=self.now)

    def now(self) -> int:
        """Where the clock stands."""
        return self.at

    def advance(self, milliseconds: int) -> None:
        """Move it on."""
        self.at += milliseconds

    def fault(self, kind: str) -> None:
        """What befalls the next write."""
        self.faults.append(Fault(kind))


class TestMemoryBilling(BillingConformance):
    """The twin that flows are tested with behaves as Stripe's stand-in does."""

    @pytest.fixture
    def scene(self):
        """An account that nobody has used."""
        return MemoryScene()

    @pytest.fixture
    def billing(self, scene):
        """The twin is its own stage."""
        return scene

"""The in-memory twin keeps the promise of the role."""

import pytest

from connectors.terms.memory import MemoryTerms
from tests.connectors.terms.conformance import Make, TermsConformance


class TestMemoryTerms(TermsConformance):
    """Texts by name."""

    @pytest.fixture
    def make(self) -> Make:
        """The twin itself."""
        return MemoryTerms

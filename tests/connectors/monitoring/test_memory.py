"""The in-memory twin keeps the promise of the role."""

import pytest

from connectors.monitoring.memory import MemoryMonitoring
from tests.connectors.monitoring.conformance import TimelineConformance, as_written


class TestMemory(TimelineConformance):
    """A program's own observations."""

    @pytest.fixture
    def broken(self):
        """Memory holds typed values alone."""
        return

    def source_of(self, folder, sightings, scramble=as_written):
        """The sightings as they are."""
        return MemoryMonitoring(id="memory", sightings=scramble(list(sightings)))

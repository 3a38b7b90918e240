"""Exclusions in memory keep the promise of their role."""

import pytest

from connectors.exclusions.memory import MemoryExclusions
from models.exclusion import ExclusionEvent, ExclusionKind
from models.intervals import utc
from tests.connectors.exclusions.conformance import ExclusionConformance


class TestMemory(ExclusionConformance):
    """The twin that needs nothing else."""

    def source_of(self, _folder, planned):
        """The same as events."""
        return MemoryExclusions("memory", tuple(_event(one) for one in planned))

    @pytest.fixture
    def broken(self):
        """What a program made is never malformed."""
        return


def _event(planned):
    return ExclusionEvent(
        id=f"memory/{planned.name}",
        kind=ExclusionKind.MAINTENANCE,
        start=utc(planned.start),
        end=utc(planned.end),
        reason=planned.reason,
        author=planned.author,
    )

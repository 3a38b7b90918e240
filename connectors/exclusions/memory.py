"""Exclusions that a program gives: for tests, and the measure of every other source."""

from __future__ import annotations

from dataclasses import dataclass

from models.exclusion import ExclusionEvent
from models.intervals import Interval


@dataclass(frozen=True, slots=True)
class MemoryExclusions:
    """Events in memory.

    Attributes:
        id: The source's name.
        recorded: The events, in any order.
    """

    id: str
    recorded: tuple[ExclusionEvent, ...] = ()

    def events(self, span: Interval) -> tuple[ExclusionEvent, ...]:
        """Those that touch the span, rising by start and id."""
        touching = (
            event
            for event in self.recorded
            if event.interval.start < span.end and span.start < event.interval.end
        )
        return tuple(sorted(touching, key=lambda event: (event.interval.start, event.id)))

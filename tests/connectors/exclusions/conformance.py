"""What every source of exclusions promises; each connector's test class inherits this suite."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from connectors.errors import ConnectorError
from connectors.exclusions import ExclusionSource
from models.findings import UnusableInputError
from models.intervals import Interval

HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Planned:
    """What somebody recorded at the far side."""

    name: str
    start: int
    end: int
    reason: str
    author: str


class ExclusionConformance:
    """A source answers with whole events, the same each time, and is refused with places.

    `base` is when the suite's events take place; a far side that has a clock of its own sets it to
    a day that it accepts. `moved_keeps_id` is false where the far side itself makes a new entry of
    a moved one.
    """

    base: ClassVar[int] = 1_778_457_600_000  # 2026-05-11T00:00Z
    moved_keeps_id: ClassVar[bool] = True

    @abstractmethod
    def source_of(self, folder: Path, planned: Sequence[Planned]) -> ExclusionSource:
        """A source that tells of these alone."""

    @pytest.fixture
    @abstractmethod
    def broken(self, tmp_path: Path) -> ExclusionSource | None:
        """A source whose content cannot be used; None where that cannot be."""

    @pytest.fixture
    def planned(self):
        """A night, and a later one that is longer than a day."""
        return (
            Planned("late", self.base + 3 * DAY, self.base + 5 * DAY, "New disks", "Ana"),
            Planned("early", self.base + HOUR, self.base + 3 * HOUR, "Upgrade", "Ben"),
        )

    @property
    def span(self):
        """All of the suite's time."""
        return Interval(self.base, self.base + 10 * DAY)

    def test_events_come_whole_and_rising(self, tmp_path, planned):
        """Start, end, reason and author are those that were recorded."""
        found = self.source_of(tmp_path, planned).events(self.span)
        late, early = planned
        assert [(e.interval, e.reason, e.author) for e in found] == [
            (Interval(one.start, one.end), one.reason, one.author) for one in (early, late)
        ]

    def test_asking_twice_gives_equal_answers(self, tmp_path, planned):
        """Asking has no effects."""
        source = self.source_of(tmp_path, planned)
        assert source.events(self.span) == source.events(self.span)

    def test_an_event_over_the_edge_of_the_span_keeps_its_whole_length(self, tmp_path, planned):
        """A day of the two is asked for; both days are answered."""
        late = planned[0]
        inside = Interval(late.start + DAY, late.end - HOUR)
        (found,) = self.source_of(tmp_path, planned).events(inside)
        assert found.interval == Interval(late.start, late.end)

    def test_an_event_that_only_borders_on_the_span_is_not_in_it(self, tmp_path, planned):
        """Ends are exclusive: the span begins where one ends, and ends where the other begins."""
        late, early = planned
        between = Interval(early.end, late.start)
        assert self.source_of(tmp_path, planned).events(between) == ()

    def test_ids_start_with_the_source_and_differ(self, tmp_path, planned):
        """No event of another source has such an id."""
        source = self.source_of(tmp_path, planned)
        ids = [event.id for event in source.events(self.span)]
        assert len(set(ids)) == len(planned)
        assert all(name.startswith(f"{source.id}/") for name in ids)

    def test_an_event_keeps_its_id_when_it_is_moved(self, tmp_path, planned):
        """So it is known which announcement was changed."""
        if not self.moved_keeps_id:
            pytest.skip("the far side makes a new entry of a moved one")
        late, early = planned
        moved = replace(early, start=early.start + DAY, end=early.end + DAY)
        one, other = tmp_path / "one", tmp_path / "other"
        one.mkdir()
        other.mkdir()
        before = self.source_of(one, [late, early]).events(self.span)
        after = self.source_of(other, [late, moved]).events(self.span)
        assert [event.id for event in after] == [event.id for event in before]

    def test_an_unusable_source_is_refused_with_places(self, broken):
        """Each finding says where; a source that could not be asked says what to do next."""
        if broken is None:
            pytest.skip("what is in memory was made by a program and cannot be malformed")
        with pytest.raises((UnusableInputError, ConnectorError)) as refused:
            broken.events(self.span)
        findings = getattr(refused.value, "findings", ())
        assert all(f.place and f.fact and f.expected and f.remedy for f in findings)

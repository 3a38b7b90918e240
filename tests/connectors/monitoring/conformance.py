"""What every monitoring source promises; each connector's test class inherits this suite."""

import random
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConnectorError
from connectors.monitoring import Capability, MonitoringSource, Wanted
from connectors.monitoring.memory import Sighting
from models.findings import UnusableInputError
from models.intervals import Interval
from models.outage import State

MAY = Interval(1_777_593_600_000, 1_780_272_000_000)
"""2026-05 in UTC."""

COVERS = Interval(1_775_001_600_000, 1_782_864_000_000)
"""2026-04-01 to 2026-07-01 in UTC: what sources that must say so are complete for."""

UP, DOWN = State.UP, State.DOWN
HOUR = 3_600_000

WEB = (
    Sighting("web", COVERS.start, UP),
    Sighting("web", MAY.start - 2 * HOUR + 7, DOWN),
    Sighting("web", MAY.start + HOUR + 1, UP),
    Sighting("web", MAY.start + 300 * HOUR, DOWN),
    Sighting("web", MAY.start + 301 * HOUR + 999, UP),
)
"""An outage that reaches over the start of May, and one inside it, odd milliseconds included."""

MAIL = (Sighting("mail", COVERS.start, UP), Sighting("mail", MAY.start + 5 * HOUR, DOWN))
"""An outage that never ends."""

PROBES = (
    Sighting("cdn", COVERS.start, UP, "eu"),
    Sighting("cdn", COVERS.start, UP, "us"),
    Sighting("cdn", MAY.start + HOUR, DOWN, "us"),
    Sighting("cdn", MAY.start + 2 * HOUR, UP, "us"),
)
"""Two regions that disagree for an hour."""

Rows = list[Any]
Scramble = Callable[[Rows], Rows]


def as_written(rows: Rows) -> Rows:
    """The rows in the order in which they came."""
    return rows


def scrambled(seed: int) -> Scramble:
    """Rows out of order, and half of them twice."""

    def scramble(rows: Rows) -> Rows:
        chance = random.Random(seed)
        twice = rows + chance.sample(rows, len(rows) // 2)
        chance.shuffle(twice)
        return twice

    return scramble


class MonitoringConformance:
    """A source reads without effects, says what it can answer, and is refused with places.

    Attributes:
        ASKED: Whether the source is asked over the network, for what is wanted alone.
    """

    ASKED = False

    @pytest.fixture
    @abstractmethod
    def source(self, tmp_path: Path) -> MonitoringSource:
        """A source that holds something."""

    @pytest.fixture
    @abstractmethod
    def broken(self, tmp_path: Path) -> MonitoringSource | None:
        """A source whose content cannot be used; None where that cannot be."""

    def test_it_has_an_id(self, source):
        """Findings and provenance name the source by it."""
        assert source.id

    def test_it_answers_what_it_declares_and_nothing_else(self, source):
        """Nobody has to ask for its class."""
        reading = source.read(Wanted())
        answers = {
            Capability.TIMELINES: reading.timelines,
            Capability.COUNTED_MONTHS: reading.counts,
            Capability.INCIDENTS: reading.evidence,
        }
        assert {capability for capability, given in answers.items() if given} <= source.capabilities
        assert reading.timelines or reading.counts

    def test_reading_twice_gives_equal_results(self, source):
        """Reading has no effects and depends on nothing but the source."""
        assert source.read(Wanted()) == source.read(Wanted())

    def test_facts_do_not_depend_on_what_is_wanted(self, source):
        """A run for one client records the same provenance as a run for all."""
        everything = source.read(Wanted()).facts
        if self.ASKED:
            pytest.skip("a source that is asked brings answers, each of which is a fact")
        narrow = Wanted(monitors=frozenset({"nobody"}), span=MAY, gap_floor_ms=1)
        assert source.read(narrow).facts == everything
        assert everything.rows > 0

    def test_what_is_answered_about_a_monitor_does_not_depend_on_the_others(self, source):
        """So a run for one client records of a source that is asked what a run for all does."""
        if not self.ASKED:
            pytest.skip("what is read from files is told apart by file")
        everything = source.read(Wanted())
        answers = {file.monitor: file for file in everything.facts.files}
        assert set(answers) >= set(everything.timelines)
        for monitor, answer in answers.items():
            alone = source.read(Wanted(monitors=frozenset({monitor}))).facts
            assert alone.files == (answer,)
            assert len(answer.sha256) == 64
        assert everything.facts.rows >= sum(answer.rows for answer in answers.values()) > 0

    def test_an_unusable_source_is_refused_with_places(self, broken):
        """Each finding says where; a source that could not be asked says what to do next."""
        if broken is None:
            pytest.skip("what is in memory was made by a program and cannot be malformed")
        with pytest.raises((UnusableInputError, ConnectorError)) as refused:
            broken.read(Wanted())
        findings = getattr(refused.value, "findings", ())
        assert all(f.place and f.fact and f.expected and f.remedy for f in findings)

    def test_an_answer_cannot_be_changed(self, source):
        """Every contract shares it."""
        reading = source.read(Wanted())
        for answer in (reading.timelines, reading.counts, reading.evidence):
            with pytest.raises(TypeError):
                answer["web"] = ()


class TimelineConformance(MonitoringConformance):
    """States over time are exact, whatever the order and repetition of what was written.

    Attributes:
        KEEPS_ROWS: Whether the source keeps rows as they came, also out of order and repeated.
    """

    KEEPS_ROWS = True

    @abstractmethod
    def source_of(
        self, folder: Path, sightings: Sequence[Sighting], scramble: Scramble = as_written
    ) -> MonitoringSource:
        """A source that holds these sightings, its rows scrambled."""

    def seen(self, changes):
        """What the source makes of these changes; one that knows its own end adds that."""
        return changes

    @pytest.fixture
    def source(self, tmp_path):
        """Two monitors without regions."""
        return self.source_of(tmp_path, [*WEB, *MAIL])

    @pytest.fixture
    def elsewhere(self, tmp_path):
        """A folder for a second source."""
        folder = tmp_path / "elsewhere"
        folder.mkdir()
        return folder

    def test_changes_are_exact_to_the_millisecond(self, source):
        """7 ms after 22:00, 1 ms after 01:00, 999 ms after the hour."""
        (web,) = source.read(Wanted()).timelines["web"]
        assert web.changes == self.seen(tuple((s.at, s.state) for s in WEB))
        assert (web.monitor, web.region) == ("web", "")

    @pytest.mark.parametrize("seed", range(5))
    def test_order_and_repetition_do_not_matter(self, elsewhere, source, seed):
        """They are counted, and change nothing."""
        other = self.source_of(elsewhere, [*WEB, *MAIL, *WEB, *MAIL], scrambled(seed))
        reading = other.read(Wanted(gap_floor_ms=HOUR))
        assert reading.timelines == source.read(Wanted(gap_floor_ms=HOUR)).timelines
        assert ((reading.facts.duplicates or 0) > 0) is self.KEEPS_ROWS
        assert reading.facts.conflicting_duplicates == 0

    def test_disorder_is_counted(self, elsewhere, source):
        """Rows in order count none; the same rows backwards count some."""
        backwards = self.source_of(elsewhere, [*WEB, *MAIL], lambda rows: rows[::-1])
        assert source.read(Wanted()).facts.out_of_order == 0
        assert ((backwards.read(Wanted()).facts.out_of_order or 0) > 0) is self.KEEPS_ROWS

    def test_a_monitor_that_it_does_not_know_is_absent(self, source):
        """What that means, the caller decides."""
        reading = source.read(Wanted(monitors=frozenset({"web", "nobody"})))
        assert set(reading.timelines) == {"web"}

    def test_only_wanted_monitors_are_returned(self, source):
        """None wants all of them."""
        assert set(source.read(Wanted()).timelines) == {"web", "mail"}
        assert set(source.read(Wanted(monitors=frozenset())).timelines) == set()

    def test_no_observation_at_all_is_no_error(self, tmp_path):
        """What no data means, the contract says."""
        reading = self.source_of(tmp_path, []).read(Wanted())
        assert reading.timelines == {}
        assert reading.facts.rows == 0

    def test_the_state_before_the_span_is_kept(self, source):
        """`mail` was up before May, `web` went down two hours before it."""
        reading = source.read(Wanted(span=MAY))
        for monitor in ("web", "mail"):
            (timeline,) = reading.timelines[monitor]
            assert timeline.changes[0][0] <= MAY.start

    def test_an_outage_over_the_edge_of_the_span_keeps_its_whole_length(self, source):
        """From 2 h before May less 7 ms to 1 h and 1 ms into it."""
        (web,) = source.read(Wanted(span=MAY)).timelines["web"]
        assert (MAY.start - 2 * HOUR + 7, DOWN) in web.changes
        assert (MAY.start + HOUR + 1, UP) in web.changes

    def test_each_region_has_its_own_timeline(self, tmp_path):
        """They come in the order of their names."""
        timelines = self.source_of(tmp_path, PROBES).read(Wanted()).timelines["cdn"]
        assert [timeline.region for timeline in timelines] == ["eu", "us"]
        assert timelines[0].changes == self.seen(((COVERS.start, UP),))
        assert timelines[1].changes[1] == (MAY.start + HOUR, DOWN)

    def test_the_wanted_floor_of_silence_is_kept(self, source):
        """Terms that ask for staleness find the floor that they asked for."""
        (web,) = source.read(Wanted(gap_floor_ms=HOUR)).timelines["web"]
        assert web.gap_floor_ms == HOUR

    def test_the_first_and_last_instant_are_facts(self, source):
        """They tell at a glance whether the month is in the source."""
        facts = source.read(Wanted()).facts
        assert COVERS.start <= facts.first_at < facts.last_at <= COVERS.end

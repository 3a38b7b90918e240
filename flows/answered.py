"""One monitor of a source that is asked: what is kept of it, what is told now, and both joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from connectors.monitoring import EvidenceLink, FileFacts
from models.answers import Told, lent, retold, seen_in, told_by, united
from models.decision import digest_of
from models.intervals import Interval, IntervalSet
from models.outage import Timeline
from models.runs import Runs
from models.terms import JsonValue


@dataclass(frozen=True, slots=True)
class Question:
    """A stretch that a source was asked for, and answered.

    Attributes:
        stretch: The stretch.
        floor_ms: Silences of at least this length are told of.
        regions: The regions that the answer told of.
    """

    stretch: Interval
    floor_ms: int
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of one monitor.

    Attributes:
        questions: What was asked for, apart from each other, rising.
        told: Its runs around what is asked for now.
        spacing_ms: How often the probe looks at least; None when nobody says.
        facts: By what was asked for, the digest of what was answered.
        links: Its incidents.
    """

    questions: tuple[Question, ...] = ()
    told: Told = field(default_factory=lambda: MappingProxyType({}))
    spacing_ms: int | None = None
    facts: Mapping[str, FileFacts] = field(default_factory=lambda: MappingProxyType({}))
    links: tuple[EvidenceLink, ...] = ()

    @property
    def asked(self) -> IntervalSet:
        """All that was asked for."""
        return IntervalSet.of(question.stretch for question in self.questions)

    def within(self, where: IntervalSet) -> list[Question]:
        """The questions that touch some time."""
        return [question for question in self.questions if where.clip(question.stretch)]

    def regions(self, span: Interval) -> frozenset[str]:
        """The regions that were told of when a span was asked for, and seen before it ended."""
        told = {r for question in self.within(IntervalSet.of([span])) for r in question.regions}
        return frozenset(r for r in told if r in self.told and self.told[r][0].first < span.end)

    def fact(self, source: str, monitor: str, span: Interval) -> FileFacts:
        """The digest of what was answered about a span; of what is kept where no other is."""
        if str(span) in self.facts:
            return self.facts[str(span)]
        rows = {region: [list(run) for run in runs] for region, runs in self.told.items()}
        total = sum(len(runs) for runs in rows.values())
        return FileFacts(f"{source}:{monitor}", digest_of(rows), total, monitor)

    def record(self) -> JsonValue:
        """All but the runs, as JSON values."""
        return {
            "asked": [
                [q.stretch.start, q.stretch.end, q.floor_ms, list(q.regions)]
                for q in self.questions
            ],
            "spacing_ms": self.spacing_ms,
            "answers": {k: [f.path, f.sha256, f.rows] for k, f in self.facts.items()},
            "links": [
                [k.interval.start, k.interval.end, k.incident_id, k.source_link, k.region]
                for k in self.links
            ],
        }

    @classmethod
    def of(cls, record: JsonValue, told: Told, monitor: str) -> Known:
        """What a record and runs tell; the inverse of `record`."""
        return cls(
            questions=tuple(
                Question(Interval(start, end), floor, tuple(regions))
                for start, end, floor, regions in record["asked"]
            ),
            told=told,
            spacing_ms=record["spacing_ms"],
            facts={
                stretch: FileFacts(path, sha256, rows, monitor)
                for stretch, (path, sha256, rows) in record["answers"].items()
            },
            links=tuple(
                EvidenceLink(Interval(start, end), *rest) for start, end, *rest in record["links"]
            ),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source tells of one monitor now.

    Attributes:
        told: Its runs by region; none where it tells nothing.
        spacing_ms: How often the probe looks at least; None when nobody says.
        fact: The digest of the answer; None where there is none.
        links: Its incidents.
    """

    told: Told
    spacing_ms: int | None
    fact: FileFacts | None
    links: tuple[EvidenceLink, ...]

    @classmethod
    def of(
        cls,
        timelines: Sequence[Timeline],
        *,
        floor_ms: int,
        fact: FileFacts | None,
        links: Sequence[EvidenceLink],
    ) -> Answer:
        """The answer that timelines are; their silences of at least this length are gaps."""
        spacings = (line.spacing_ms for line in timelines if line.spacing_ms is not None)
        told = told_by(timelines, floor_ms=floor_ms)
        return cls(told, max(spacings, default=None), fact, tuple(links))


@dataclass(frozen=True, slots=True)
class Joined:
    """One monitor, as it was told of before and is told of now.

    Attributes:
        monitor: Its name.
        span: What is asked for.
        floor_ms: Silences of at least this length are asked for.
        known: What was kept.
        answer: What is told now.
        told: Both together, of all regions.
    """

    monitor: str
    span: Interval
    floor_ms: int
    known: Known
    answer: Answer
    told: Told

    @classmethod
    def of(
        cls, monitor: str, *, span: Interval, floor_ms: int, known: Known, answer: Answer
    ) -> Joined:
        """What was kept and what is told now, together."""
        told = united(known.told, answer.told, asked=known.asked, span=span, floor_ms=floor_ms)
        return cls(monitor, span, floor_ms, known, answer, told)

    @property
    def lent(self) -> IntervalSet:
        """Time that is asked for and told by what was kept alone."""
        return lent(self.known.told, self.answer.told, asked=self.known.asked, span=self.span)

    @property
    def coarsest_ms(self) -> int:
        """The silences that are told of in all of the span."""
        floors = [question.floor_ms for question in self.known.within(self.lent)]
        return max([self.floor_ms, *floors])

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that tell of the span."""
        return tuple(sorted({*self.answer.told, *self.known.regions(self.span)}))

    def timelines(self, gap_floor_ms: int | None) -> tuple[Timeline, ...]:
        """As contracts read them."""
        chosen = {region: self.told[region] for region in self.regions}
        runs = Runs.of(self.monitor, chosen, floor_ms=self.floor_ms)
        spacing = self.spacing_ms
        return tuple(replace(line, spacing_ms=spacing) for line in runs.timelines(gap_floor_ms))

    @property
    def spacing_ms(self) -> int | None:
        """How often the probe looks at least, as it was said last."""
        return self.answer.spacing_ms if self.answer.told else self.known.spacing_ms

    @property
    def links(self) -> tuple[EvidenceLink, ...]:
        """The incidents that are told now, and those before where nothing is told any more."""
        seen = IntervalSet()
        for runs in self.answer.told.values():
            seen |= seen_in(runs) & IntervalSet.of([self.span])
        kept = (link for link in self.known.links if not seen.clip(link.interval))
        found = dict.fromkeys([*self.answer.links, *kept])
        return tuple(sorted(found, key=_in_time))

    def lent_fact(self, source: str) -> FileFacts:
        """What proves the time that is told by what was kept."""
        kept = self.known.fact(source, self.monitor, self.span)
        return replace(kept, path=f"{kept.path} (kept)") if self.answer.fact else kept

    def changed_in(self, where: Interval) -> bool:
        """Whether a stretch that was asked for before is told differently now."""
        both = (self.known.asked & IntervalSet.of([self.span])).clip(where)
        if not both:
            return False
        floors = [question.floor_ms for question in self.known.within(both)]
        coarsest = max([self.floor_ms, *floors])
        return retold(self.known.told, self.told, both, floor_ms=coarsest)

    def after(self) -> Known:
        """What is known from now on; as before where nothing was answered anew."""
        if not self.answer.told:
            return self.known
        facts = dict(self.known.facts)
        if self.answer.fact and not (self.lent and str(self.span) in facts):
            facts[str(self.span)] = self.answer.fact
        return Known(self._questions(), self.told, self.spacing_ms, facts, self.links)

    @property
    def says_more(self) -> bool:
        """Whether this asks for more than was kept, or its record differs otherwise."""
        now, here = self._question, IntervalSet.of([self.span])
        before = self.known.within(here)
        return (
            bool(here - self.known.asked)
            or any(question.floor_ms > now.floor_ms for question in before)
            or any(not set(now.regions) <= set(question.regions) for question in before)
            or (self.spacing_ms, self.links) != (self.known.spacing_ms, self.known.links)
        )

    @property
    def _question(self) -> Question:
        return Question(self.span, self.coarsest_ms, self.regions)

    def _questions(self) -> tuple[Question, ...]:
        here = IntervalSet.of([self.span])
        others = [
            replace(question, stretch=piece)
            for question in self.known.questions
            for piece in IntervalSet.of([question.stretch]) - here
        ]
        return tuple(sorted([*others, self._question], key=lambda question: question.stretch))


def _in_time(link: EvidenceLink) -> tuple[Interval, str, str, str]:
    return link.interval, link.incident_id, link.source_link, link.region

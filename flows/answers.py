"""Answers that outlive the vendor's memory: what sources that are asked have told, by UTC month.

A source is asked whenever a month is run, and its answer stands. What it does not tell any more is
taken from what it told before, with a word about it; what it tells differently becomes a new
version of the month, with a word to the people who may have released money on the older one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from connectors.errors import Permanent
from connectors.monitoring import (
    FileFacts,
    MonitoringSource,
    MonthArtifacts,
    NoLongerKeptError,
    Reading,
    SourceFacts,
    Wanted,
)
from connectors.monitoring._months import packed, unpacked
from connectors.store import Store
from flows.answered import Answer, Joined, Known
from flows.kept_words import altered, restated
from models.answers import beside
from models.artifacts import KeptMonth, KeptReading
from models.findings import Finding, Severity, UnusableInputError, refuse
from models.intervals import MINUTE_MS, Interval, IntervalSet, utc_text
from models.measurement import Duplicates
from models.period import ServiceMonth
from models.terms import JsonValue

FLOOR_MS = 15 * MINUTE_MS
"""Silences of at least this length are kept, or shorter ones where a contract asks for them."""

REMEMBERED_MS = 100 * 1440 * MINUTE_MS
"""So far beside what is asked for, what is kept may decide it: an outage counts as a whole."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a source.

    Attributes:
        records: Every monitor's record by its name.
        floor_ms: The shortest silences that are told of anywhere.
        months: By monitor and month, which artifacts they are.
        known: What is kept of the monitors in question.
    """

    records: Mapping[str, JsonValue]
    floor_ms: int
    months: Mapping[tuple[str, str], KeptMonth]
    known: Mapping[str, Known]

    def of(self, monitor: str) -> Known:
        """What is kept of a monitor."""
        return self.known.get(monitor, Known())

    def differs(self, month: MonthArtifacts) -> bool:
        """Whether a month is not kept as it is told now."""
        before = self.months.get((month.monitor, month.month))
        return before is None or before.runs != month.runs.digest


@dataclass(frozen=True, slots=True)
class Answers:
    """One source and what is kept of it under one rule about conflicting checks.

    Attributes:
        source: Is asked.
        store: Keeps.
        wanted: What is asked for.
        read_only: Nothing new is kept.
        later: Takes what is to be done once the run is not refused any more: what is asked for the
            first time is kept only then, because a refused run leaves nothing behind.
    """

    source: MonitoringSource
    store: Store
    wanted: Wanted
    read_only: bool
    later: Callable[[Callable[[], object]], object]

    @property
    def rule(self) -> str:
        """Which of conflicting checks stands."""
        better = self.wanted.better_wins
        return (Duplicates.BETTER_WINS if better else Duplicates.WORSE_WINS).value

    def reading(self) -> Reading:
        """What the source says, and what it said before where it does not say it any more.

        Raises:
            UnusableInputError: The answer cannot be used; or the source has forgotten what is
                wanted, and not all of it is kept; or what is kept was altered.
            ConnectorError: The source could not be asked.
        """
        span = self.wanted.span
        if span is None:
            return self.source.read(self.wanted)
        kept = self._kept(span)
        try:
            fresh = self.source.read(replace(self.wanted, gap_floor_ms=self._floor(kept)))
        except (NoLongerKeptError, Permanent) as refusal:
            if not self._all_is_kept(kept, span):
                raise
            return self._told(Reading(), self._joined(kept, Reading(), span), str(refusal))
        joined = self._joined(kept, fresh, span)
        said = restated(self.source.id, _by_month(joined))
        answered = self._told(fresh, joined)
        if not self.read_only:
            keep = partial(self._keep, kept, fresh, joined)
            keep() if kept.records else self.later(keep)
        findings = (*answered.facts.findings, *said)
        return replace(answered, facts=replace(answered.facts, findings=findings))

    def _floor(self, kept: Kept) -> int:
        """Silences as short as are kept already, so that no run coarsens what others need."""
        floors = (self.wanted.gap_floor_ms, kept.floor_ms, FLOOR_MS)
        return max(min(floor for floor in floors if floor is not None), 1)

    def _kept(self, span: Interval) -> Kept:
        reading = self.store.kept_reading(self.source.id, self.rule)
        if reading is None or "monitors" not in reading.body:
            # Nothing is asked of the store that would make one where there is none.
            return Kept({}, FLOOR_MS, {}, {})
        records, floor = reading.body["monitors"], reading.body["floor_ms"]
        wanted = {name for name in records if self.wanted.wants(name)}
        months = {
            (month.monitor, month.month): month
            for month in self.store.kept_months(self.source.id, self.rule)
            if month.monitor in wanted
        }
        around = _months(Interval(span.start - REMEMBERED_MS, span.end + REMEMBERED_MS))
        needed = {name: [months[name, m] for m in around if (name, m) in months] for name in wanted}
        told = self._unpacked(needed, floor)
        known = {name: Known.of(records[name], told[name], name) for name in sorted(wanted)}
        return Kept(records, floor, months, known)

    def _unpacked(
        self, needed: Mapping[str, Sequence[KeptMonth]], floor_ms: int
    ) -> Mapping[str, JsonValue]:
        artifacts = self.store.artifacts({m.runs for months in needed.values() for m in months})
        told = {}
        for name, months in needed.items():
            missing = [month.runs for month in months if month.runs not in artifacts]
            if missing:
                raise altered(self.source.id, f"{missing[0][:12]} is missing")
            try:
                told[name] = unpacked((artifacts[m.runs] for m in months), floor_ms=floor_ms)
            except ValueError as error:
                raise altered(self.source.id, str(error)) from None
        return told

    def _joined(self, kept: Kept, fresh: Reading, span: Interval) -> tuple[Joined, ...]:
        floor = self._floor(kept)
        facts = {fact.monitor: fact for fact in fresh.facts.files if fact.monitor}
        found = []
        for name in sorted({*fresh.timelines, *kept.known}):
            answer = Answer.of(
                fresh.timelines.get(name, ()),
                floor_ms=floor,
                fact=facts.get(name),
                links=fresh.evidence.get(name, ()),
            )
            known = kept.of(name)
            found.append(Joined.of(name, span=span, floor_ms=floor, known=known, answer=answer))
        return tuple(found)

    def _all_is_kept(self, kept: Kept, span: Interval) -> bool:
        """Whether every wanted monitor was asked about all of a span before."""
        wanted, here = self.wanted.monitors, IntervalSet.of([span])
        if not wanted:
            return False
        return all(not here - kept.of(monitor).asked for monitor in wanted)

    def _told(self, fresh: Reading, joined: Sequence[Joined], refusal: str = "") -> Reading:
        """The reading as contracts take it.

        Raises:
            UnusableInputError: Shorter silences are asked for than what is used of the kept tells.
        """
        floor = self.wanted.gap_floor_ms
        counted = [one for one in joined if one.regions or one.monitor in fresh.timelines]
        lent = [one for one in counted if one.lent]
        for one in lent:
            if floor is not None and one.coarsest_ms > floor:
                raise _too_coarse(self.source.id, one, floor)
        proof = [one.lent_fact(self.source.id) for one in lent]
        facts = _facts_of(proof) if refusal else fresh.facts
        facts = replace(
            facts,
            files=(*fresh.facts.files, *proof),
            findings=(*facts.findings, *_used(self.source.id, lent, refusal)),
        )
        return replace(
            fresh,
            timelines=MappingProxyType({one.monitor: one.timelines(floor) for one in counted}),
            evidence=MappingProxyType({one.monitor: one.links for one in counted if one.links}),
            facts=facts,
        )

    def _keep(self, kept: Kept, fresh: Reading, joined: Sequence[Joined]) -> None:
        """Keep what is new, if anything is, beside what another run has kept meanwhile."""
        reading = self.store.kept_reading(self.source.id, self.rule)
        if joined and reading and reading.body.get("monitors") != kept.records:
            span = joined[0].span
            kept = self._kept(span)
            joined = self._joined(kept, fresh, span)
        told = [one for one in joined if one.answer.told]
        months = [month for one in told for month in _packed(one)]
        new = [month for month in months if kept.differs(month)]
        if not (new or any(one.says_more for one in told)):
            return
        records = {**kept.records, **{one.monitor: one.after().record() for one in told}}
        body = {"monitors": records, "floor_ms": self._floor(kept)}
        self.store.keep(
            KeptReading(self.source.id, self.rule, body),
            [self._indexed(month) for month in new],
            [part for month in new for part in (month.runs, month.minutes)],
        )

    def _indexed(self, month: MonthArtifacts) -> KeptMonth:
        return KeptMonth(
            source=self.source.id,
            rule=self.rule,
            monitor=month.monitor,
            month=month.month,
            version=1,
            floor_ms=month.floor_ms,
            runs=month.runs.digest,
            minutes=month.minutes.digest,
        )


def _packed(one: Joined) -> Iterator[MonthArtifacts]:
    return packed(one.monitor, one.told, _months(beside(one.span)), floor_ms=one.floor_ms)


def _months(span: Interval) -> list[str]:
    """The UTC months that touch a span, rising."""
    month, last = (ServiceMonth.containing(at, "UTC") for at in (span.start, span.end - 1))
    found = [month]
    while found[-1] < last:
        found.append(found[-1].plus(1))
    return [str(month) for month in found]


def _by_month(joined: Iterable[Joined]) -> Mapping[str, Sequence[str]]:
    """The monitors of which a UTC month is told differently than before."""
    found: dict[str, list[str]] = {}
    for one in joined:
        for month in _months(one.span) if one.known.questions else ():
            if one.changed_in(ServiceMonth.parse(month).bounds("UTC")):
                found.setdefault(month, []).append(one.monitor)
    return found


def _facts_of(proof: Iterable[FileFacts]) -> SourceFacts:
    """The facts of answers that were given before."""
    return SourceFacts(rows=sum(fact.rows for fact in proof))


def _used(source: str, lent: Sequence[Joined], refusal: str) -> Iterator[Finding]:
    """A word where a source does not tell any more what it told, and what was kept is used."""
    if not lent:
        return
    first = min(lent, key=lambda one: one.monitor)
    more = f" and {len(lent) - 1} more monitors" if len(lent) > 1 else ""
    since = utc_text(next(iter(first.lent)).start)
    because = f" ({refusal})" if refusal else ""
    yield Finding(
        place=source,
        fact=f"does not tell any more what it told of {first.monitor}{more} from {since} on"
        f"{because}; the evidence kept of it was used",
        expected="all that was told before, or what expired",
        remedy="Nothing, where it expired. Where it was wrong, give the source another id: it is "
        "then asked as if for the first time.",
        severity=Severity.WARNING,
    )


def _too_coarse(source: str, one: Joined, floor_ms: int) -> UnusableInputError:
    return refuse(
        f"database, evidence of {source}",
        f"the answers kept about {one.monitor!r} tell of silences from {one.coarsest_ms} ms, not "
        f"from {floor_ms} ms",
        expected="states that are stale no sooner than the kept evidence tells",
        remedy="Raise stale_after_minutes of the contracts that ask for shorter silences; the "
        "source does not tell of them any more.",
    )

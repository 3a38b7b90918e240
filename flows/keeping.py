"""Evidence that outlives its files: sources that are read once, and remembered by month.

Files that did not change are not read again: their months are taken from the store. Files that did
are read, and what they change becomes a new version of the month, with a word to the people who may
have released money on the older one. What is gone from the disk stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import cast

from connectors.monitoring import (
    Capability,
    FileFacts,
    FileMark,
    FileSource,
    MonitoringSource,
    MonthArtifacts,
    Reading,
    SourceFacts,
    Wanted,
)
from connectors.store import Store
from flows.answers import Answers
from flows.kept_words import altered, restated, too_coarse
from models.artifacts import Artifact, KeptMonth, KeptReading
from models.findings import Finding, Severity, UnusableInputError
from models.intervals import MINUTE_MS, utc
from models.measurement import Duplicates
from models.runs import CoarseError
from models.terms import JsonValue

Held = Mapping[str, Mapping[str, Sequence[str]]]
"""By monitor and month the digests of runs and of minute counts."""

LAST_DAY = "9999-12-31"
DAY_MS = 1440 * MINUTE_MS
NOTHING_HELD: Held = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Remembering:
    """One source and what is remembered of it under one rule about conflicting checks.

    Attributes:
        source: Reads files.
        store: Remembers.
        wanted: What is asked for.
        read_only: Nothing new is remembered.
        later: Takes what is to be done once the run is not refused any more: a first reading is
            remembered only then, because a refused run leaves nothing behind.
    """

    source: FileSource
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
        """What the source says: from its files where they changed, else as it is remembered.

        Raises:
            UnusableInputError: The files cannot be used, or are gone and were never read; or what
                is remembered was altered.
        """
        before = self._before()
        try:
            marks = self.source.marks()
        except UnusableInputError:
            if before is None:
                raise
            return self._recalled(before, (_files_are_gone(self.source.id, before),))
        if before is None:
            return self._read(None, marks)
        if self._unchanged(before, marks):
            return self._recalled(before, ())
        return self._read(before, marks)

    def _before(self) -> KeptReading | None:
        """The last reading of files; a source of this name may have been asked before."""
        before = self.store.kept_reading(self.source.id, self.rule)
        return before if before is not None and "files" in before.body else None

    def _unchanged(self, before: KeptReading, marks: Sequence[FileMark]) -> bool:
        body, floor = before.body, self.wanted.gap_floor_ms
        if not self._means_the_same(before):
            return False
        if floor is not None and floor < body["floor_ms"]:
            return False
        known = {file["path"]: file for file in body["files"]}
        if [mark.path for mark in marks] != list(known):
            return False
        return all(self._same(known[mark.path], mark) for mark in marks)

    def _same(self, known: Mapping[str, JsonValue], mark: FileMark) -> bool:
        if known["size"] != mark.size:
            return False
        if known["changed_ns"] == mark.changed_ns:
            return True
        return bool(known["sha256"] == self.source.digest(mark.path))

    def _recalled(
        self, before: KeptReading, said: Sequence[Finding], fresh: Sequence[Artifact] = ()
    ) -> Reading:
        """What is kept, given artifacts that the store does not hold yet."""
        held: Held = before.body["held"]
        digests = {
            runs
            for monitor, months in held.items()
            if self.wanted.wants(monitor)
            for runs, _ in months.values()
        }
        artifacts = {one.digest: one for one in fresh if one.digest in digests}
        artifacts |= self.store.artifacts(digests - artifacts.keys())
        missing = sorted(digests - artifacts.keys())
        if missing:
            raise altered(self.source.id, f"{missing[0][:12]} is missing")
        try:
            recalled = self.source.recalled(artifacts.values(), self.wanted)
        except CoarseError as error:
            raise too_coarse(self.source.id, str(error)) from None
        except ValueError as error:
            raise altered(self.source.id, str(error)) from None
        facts = _facts_of(before.body)
        return replace(recalled, facts=replace(facts, findings=(*facts.findings, *said)))

    def _read(self, before: KeptReading | None, marks: Sequence[FileMark]) -> Reading:
        floor = self._finest(before)
        reading = self.source.read(replace(self.wanted, artifacts=True, gap_floor_ms=floor))
        if before is None:
            if reading.artifacts and not self.read_only:
                kept, contents = self._body(reading, marks), _contents(reading)
                self.later(partial(self.store.keep, kept, self._months(kept), contents))
                return replace(reading, artifacts=())
            return reading
        return self._read_again(before, reading, marks)

    def _finest(self, before: KeptReading | None) -> int | None:
        """Silences as short as are kept already, so that no run coarsens what others need."""
        floors = [self.wanted.gap_floor_ms, before.body["floor_ms"] if before else None]
        return min((floor for floor in floors if floor is not None), default=None)

    def _read_again(
        self, before: KeptReading, reading: Reading, marks: Sequence[FileMark]
    ) -> Reading:
        lost = self._lost(before, reading, marks)
        reading, spared = self._with_lost(before, reading, lost)
        kept, contents = self._body(reading, marks, before, spared), _contents(reading)
        versions: Sequence[KeptMonth] = ()
        if not self.read_only:
            versions = self.store.keep(kept, self._months(kept), contents)
        said = (
            *restated(self.source.id, _by_month(v for v in versions if _differs(v, before, kept))),
            *_not_taken(self.source.id, spared, reading),
            *_kept_of(self.source.id, lost, spared),
        )
        if lost:
            return self._recalled(kept, said, contents)
        facts = replace(reading.facts, findings=(*reading.facts.findings, *said))
        return replace(reading, facts=facts, artifacts=())

    def _lost(self, before: KeptReading, reading: Reading, marks: Sequence[FileMark]) -> Held:
        """Kept months of which the files do not tell all any more, because some of it expired.

        Where files are gone, a day of which less is told has expired; where all are there, what
        lies before their first check has, as in a file that always holds the latest days.
        """
        now = {(month.monitor, month.month): month.minutes for month in reading.artifacts}
        until = LAST_DAY if _some_are_gone(before, marks) else self._expired_until(before, reading)
        held: Held = before.body["held"]
        changed = {
            (monitor, month): digests
            for monitor, months in held.items()
            for month, digests in months.items()
            if (monitor, month) not in now or now[monitor, month].digest != digests[1]
        }
        kept = self.store.artifacts([minutes for _, minutes in changed.values()])
        lost: dict[str, dict[str, Sequence[str]]] = {}
        for (monitor, month), digests in changed.items():
            if digests[1] not in kept:
                raise altered(self.source.id, f"{digests[1][:12]} is missing")
            try:
                more = self._tells_more(kept[digests[1]], now.get((monitor, month)), until)
            except ValueError as error:
                raise altered(self.source.id, str(error)) from None
            if more:
                lost.setdefault(monitor, {})[month] = digests
        return lost

    def _expired_until(self, before: KeptReading, reading: Reading) -> str:
        """The last day of which the beginning of all files may have cut something off."""
        if not self._means_the_same(before):
            return ""
        first, known = reading.facts.first_at, before.body["facts"]["first_at"]
        if first is None:
            return LAST_DAY
        moved = known is not None and first > known
        return utc(first if moved else first - DAY_MS).date().isoformat()

    def _means_the_same(self, before: KeptReading) -> bool:
        return bool(before.body["settings"] == self.source.settings)

    def _tells_more(self, kept: Artifact, now: Artifact | None, until: str) -> bool:
        """Whether kept counts hold more checks of any day up to one than the files do now."""
        present = {} if now is None else self.source.checks_by_day(now)
        days = self.source.checks_by_day(kept)
        return any(checks > present.get(day, 0) for day, checks in days.items() if day <= until)

    def _with_lost(self, before: KeptReading, reading: Reading, lost: Held) -> tuple[Reading, Held]:
        """The reading with what has expired, and months that are left as they were kept."""
        now = {(month.monitor, month.month): month for month in reading.artifacts}
        spared: dict[str, dict[str, Sequence[str]]] = {}
        for monitor, months in lost.items():
            for month, digests in months.items():
                mine = now.get((monitor, month))
                united = mine and self._united(before, mine, digests)
                if united:
                    now[monitor, month] = united
                else:
                    spared.setdefault(monitor, {})[month] = digests
        return replace(reading, artifacts=tuple(now.values())), spared

    def _united(
        self, before: KeptReading, now: MonthArtifacts, digests: Sequence[str]
    ) -> MonthArtifacts | None:
        """A month as it was kept and as the files tell it now; None where these contradict."""
        stored = self.store.artifacts(digests)
        if not self._means_the_same(before) or len(stored) < len(digests):
            return None
        runs, minutes = (stored[digest] for digest in digests)
        kept = MonthArtifacts(now.monitor, now.month, before.body["floor_ms"], runs, minutes)
        try:
            return self.source.united(kept, now)
        except ValueError:
            return None

    def _body(
        self,
        reading: Reading,
        marks: Sequence[FileMark],
        before: KeptReading | None = None,
        spared: Held = NOTHING_HELD,
    ) -> KeptReading:
        held: dict[str, dict[str, list[str]]] = {}
        for month in reading.artifacts:
            if month.month not in spared.get(month.monitor, {}):
                digests = [month.runs.digest, month.minutes.digest]
                held.setdefault(month.monitor, {})[month.month] = digests
        for monitor, months in spared.items():
            held.setdefault(monitor, {}).update({m: list(d) for m, d in months.items()})
        by_path = {file.path: file for file in reading.facts.files}
        floors = [month.floor_ms for month in reading.artifacts]
        body = {
            "settings": self.source.settings,
            "floor_ms": max(floors or [before.body["floor_ms"] if before else 0]),
            # A file that came or went while the others were read makes all be read again.
            "files": [_file_record(m, by_path[m.path]) for m in marks if m.path in by_path],
            "facts": _facts_record(_since(before, reading.facts)),
            "held": held,
        }
        return KeptReading(self.source.id, self.rule, body)

    def _months(self, kept: KeptReading) -> list[KeptMonth]:
        floor = kept.body["floor_ms"]
        return [
            KeptMonth(self.source.id, self.rule, monitor, month, 1, floor, runs, minutes)
            for monitor, months in kept.body["held"].items()
            for month, (runs, minutes) in months.items()
        ]


def read_source(
    source: MonitoringSource,
    store: Store,
    wanted: Wanted,
    *,
    read_only: bool,
    later: Callable[[Callable[[], object]], object],
) -> Reading:
    """Read a source, or remember it where its files did not change or it has forgotten.

    Args:
        source: What is read.
        store: What remembers.
        wanted: What is asked for.
        read_only: Nothing new is remembered.
        later: Takes what is to be done once the run is not refused any more.

    Raises:
        UnusableInputError: Its content cannot be used.
        ConnectorError: It could not be asked.
    """
    if Capability.ARTIFACTS not in source.capabilities:
        if Capability.TIMELINES not in source.capabilities:
            return source.read(wanted)
        return Answers(source, store, wanted, read_only, later).reading()
    return Remembering(cast(FileSource, source), store, wanted, read_only, later).reading()


def _contents(reading: Reading) -> list[Artifact]:
    return [part for month in reading.artifacts for part in (month.runs, month.minutes)]


def _differs(version: KeptMonth, before: KeptReading, kept: KeptReading) -> bool:
    """Whether a month is told differently, and not only with shorter silences than before."""
    known = before.body["held"].get(version.monitor, {}).get(version.month)
    told_alike = known is not None and known[1] == version.minutes
    return version.version > 1 and not (
        told_alike and before.body["floor_ms"] != kept.body["floor_ms"]
    )


def _since(before: KeptReading | None, facts: SourceFacts) -> SourceFacts:
    """The facts, which begin with the first check that is known, also where it has expired."""
    starts = [before.body["facts"]["first_at"] if before else None, facts.first_at]
    return replace(facts, first_at=min((at for at in starts if at is not None), default=None))


def _some_are_gone(before: KeptReading, marks: Sequence[FileMark]) -> bool:
    present = {mark.path for mark in marks}
    return any(file["path"] not in present for file in before.body["files"])


def _file_record(mark: FileMark, facts: FileFacts) -> JsonValue:
    return {
        "path": mark.path,
        "size": mark.size,
        "changed_ns": mark.changed_ns,
        "sha256": facts.sha256,
        "rows": facts.rows,
    }


COUNTS = (
    "rows",
    "duplicates",
    "conflicting_duplicates",
    "out_of_order",
    "unusable",
    "first_at",
    "last_at",
)


def _facts_record(facts: SourceFacts) -> JsonValue:
    findings = [
        {
            "place": finding.place,
            "field": finding.field,
            "fact": finding.fact,
            "expected": finding.expected,
            "remedy": finding.remedy,
        }
        for finding in facts.findings
    ]
    return {**{name: getattr(facts, name) for name in COUNTS}, "findings": findings}


def _facts_of(body: Mapping[str, JsonValue]) -> SourceFacts:
    facts = body["facts"]
    return SourceFacts(
        files=tuple(FileFacts(f["path"], f["sha256"], f["rows"]) for f in body["files"]),
        findings=tuple(
            Finding(**finding, severity=Severity.WARNING) for finding in facts["findings"]
        ),
        **{name: facts[name] for name in COUNTS},
    )


def _files_are_gone(source: str, before: KeptReading) -> Finding:
    return Finding(
        place=source,
        fact=f"{len(before.body['files'])} files are gone from the disk; the evidence kept of them "
        "was used",
        expected="the files, or nothing new to read",
        remedy="Nothing, where they expired; else bring them back.",
        severity=Severity.WARNING,
    )


def _not_taken(source: str, spared: Held, reading: Reading) -> Iterator[Finding]:
    """A word where files of a month are gone and others of it changed or came."""
    told = {(month.monitor, month.month) for month in reading.artifacts}
    both = [(m, month) for m, months in spared.items() for month in months if (m, month) in told]
    if both:
        monitor, month = both[0]
        more = f" and {len(both) - 1} more months of monitors" if len(both) > 1 else ""
        yield Finding(
            place=source,
            fact=f"has lost files of {month} (UTC) of {monitor}{more}; the evidence kept of them "
            "was used, and what the other files say anew of those months was not",
            expected="all files of a month, or none that differs",
            remedy="Bring the lost files back where the new ones must count.",
            severity=Severity.WARNING,
        )


def _kept_of(source: str, lost: Held, spared: Held) -> Iterator[Finding]:
    """A word where checks of a month are gone, and what was kept of them is used."""
    months = [
        (month, monitor)
        for monitor, its in lost.items()
        for month in its
        if month not in spared.get(monitor, {})
    ]
    if months:
        month, monitor = min(months)
        more = f" and {len(months) - 1} more months of monitors" if len(months) > 1 else ""
        yield Finding(
            place=source,
            fact=f"tells less than before of {month} (UTC) of {monitor}{more}; what was kept of it "
            "was used as well",
            expected="all that was told before, or what expired",
            remedy="Nothing, where it expired. Where it was wrong, give the source another id: its "
            "files are then read as if for the first time.",
            severity=Severity.WARNING,
        )


def _by_month(versions: Iterable[KeptMonth]) -> Mapping[str, Sequence[str]]:
    """Monitors by month."""
    found: dict[str, list[str]] = {}
    for version in versions:
        found.setdefault(version.month, []).append(version.monitor)
    return found

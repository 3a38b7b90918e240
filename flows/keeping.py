"""Evidence that outlives its files: sources that are read once, and remembered by month.

Files that did not change are not read again: their months are taken from the store. Files that did
are read, and what they change becomes a new version of the month, with a word to the people who may
have released money on the older one. What is gone from the disk stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from connectors.monitoring import (
    Capability,
    FileFacts,
    FileMark,
    FileSource,
    MonitoringSource,
    Reading,
    SourceFacts,
    Wanted,
)
from connectors.store import Store
from models.artifacts import Artifact, KeptMonth, KeptReading
from models.findings import Finding, Severity, UnusableInputError, refuse
from models.measurement import Duplicates
from models.terms import JsonValue

Held = Mapping[str, Mapping[str, Sequence[str]]]
"""By monitor and month the digests of runs and of minute counts."""

MOST_TOLD = 10


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
        before = self.store.kept_reading(self.source.id, self.rule)
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

    def _unchanged(self, before: KeptReading, marks: Sequence[FileMark]) -> bool:
        body, floor = before.body, self.wanted.gap_floor_ms
        if body["settings"] != self.source.settings:
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

    def _recalled(self, before: KeptReading, said: Sequence[Finding]) -> Reading:
        held: Held = before.body["held"]
        digests = [
            runs
            for monitor, months in held.items()
            if self.wanted.wants(monitor)
            for runs, _ in months.values()
        ]
        artifacts = self.store.artifacts(digests)
        missing = sorted(set(digests) - artifacts.keys())
        if missing:
            raise _altered(self.source.id, f"{missing[0][:12]} is missing")
        try:
            recalled = self.source.recalled(artifacts.values(), self.wanted)
        except ValueError as error:
            raise _altered(self.source.id, str(error)) from None
        facts = _facts_of(before.body)
        return replace(recalled, facts=replace(facts, findings=(*facts.findings, *said)))

    def _read(self, before: KeptReading | None, marks: Sequence[FileMark]) -> Reading:
        reading = self.source.read(replace(self.wanted, artifacts=True))
        if self.read_only or not reading.artifacts:
            return reading
        gone = before is not None and _some_are_gone(before, marks)
        spared = self._spared(before, reading) if before is not None and gone else {}
        kept = self._body(reading, marks, spared)
        found = [
            self._month(m, months) for m, by in kept.body["held"].items() for months in by.items()
        ]
        contents = [a for month in reading.artifacts for a in (month.runs, month.minutes)]
        if before is None:
            self.later(partial(self.store.keep, kept, found, contents))
            return replace(reading, artifacts=())
        versions = self.store.keep(kept, found, contents)
        said = (
            *_restated(self.source.id, [v for v in versions if v.version > 1]),
            *_not_taken(self.source.id, spared, reading),
        )
        if spared:
            return self._recalled(kept, said)
        facts = replace(reading.facts, findings=(*reading.facts.findings, *said))
        return replace(reading, facts=facts, artifacts=())

    def _spared(self, before: KeptReading, reading: Reading) -> Held:
        """Kept months of which the files now tell less on some day, or nothing."""
        now = {(month.monitor, month.month): month.minutes for month in reading.artifacts}
        held: Held = before.body["held"]
        spared: dict[str, dict[str, Sequence[str]]] = {}
        for monitor, months in held.items():
            changed = {
                month: digests
                for month, digests in months.items()
                if (monitor, month) not in now or now[monitor, month].digest != digests[1]
            }
            kept = self.store.artifacts([minutes for _, minutes in changed.values()])
            for month, digests in changed.items():
                if self._tells_more(kept[digests[1]], now.get((monitor, month))):
                    spared.setdefault(monitor, {})[month] = digests
        return spared

    def _tells_more(self, kept: Artifact, now: Artifact | None) -> bool:
        """Whether kept counts hold more checks of any day than the files do now."""
        present = {} if now is None else self.source.checks_by_day(now)
        days = self.source.checks_by_day(kept)
        return any(checks > present.get(day, 0) for day, checks in days.items())

    def _body(self, reading: Reading, marks: Sequence[FileMark], spared: Held) -> KeptReading:
        held: dict[str, dict[str, list[str]]] = {}
        for month in reading.artifacts:
            digests = [month.runs.digest, month.minutes.digest]
            held.setdefault(month.monitor, {})[month.month] = digests
        for monitor, months in spared.items():
            held.setdefault(monitor, {}).update({m: list(d) for m, d in months.items()})
        by_path = {file.path: file for file in reading.facts.files}
        body = {
            "settings": self.source.settings,
            "floor_ms": max(month.floor_ms for month in reading.artifacts),
            "files": [_file_record(mark, by_path[mark.path]) for mark in marks],
            "facts": _facts_record(reading.facts),
            "held": held,
        }
        return KeptReading(self.source.id, self.rule, body)

    def _month(self, monitor: str, month: tuple[str, Sequence[str]]) -> KeptMonth:
        name, (runs, minutes) = month
        floor = 0 if self.wanted.gap_floor_ms is None else self.wanted.gap_floor_ms
        return KeptMonth(self.source.id, self.rule, monitor, name, 1, floor, runs, minutes)


def read_source(
    source: MonitoringSource,
    store: Store,
    wanted: Wanted,
    *,
    read_only: bool,
    later: Callable[[Callable[[], object]], object],
) -> Reading:
    """Read a source, or remember it where its files did not change.

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
        return source.read(wanted)
    return Remembering(cast(FileSource, source), store, wanted, read_only, later).reading()


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


def _altered(source: str, fact: str) -> UnusableInputError:
    return refuse(
        f"database, evidence of {source}",
        fact,
        expected="kept evidence as it was written, under its digest",
        remedy="Put the database back from a copy; where the files are still there, a new database "
        "reads them again.",
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


def _restated(source: str, versions: Sequence[KeptMonth]) -> Iterator[Finding]:
    """One word for each month of which monitors' evidence changed after it was kept."""
    by_month: dict[str, list[str]] = {}
    for version in versions:
        by_month.setdefault(version.month, []).append(version.monitor)
    for month, monitors in sorted(by_month.items()):
        named = ", ".join(monitors[:MOST_TOLD])
        more = "" if len(monitors) <= MOST_TOLD else f" and {len(monitors) - MOST_TOLD} more"
        yield Finding(
            place=source,
            fact=f"tells {month} (UTC) differently than before, of {named}{more}",
            expected="evidence that stays as it was kept",
            remedy=f"Run {month} again: what it changes becomes a new revision for a person to "
            "release; what was released stays.",
            severity=Severity.WARNING,
        )

"""Trying out sources: what each of them sees, before money hangs on it.

Every source is asked, whatever becomes of the others. Nothing is recorded and nothing remembered:
the store is not even opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import ConnectorError
from connectors.monitoring import Reading, Wanted
from flows.evidence import Evidence
from flows.exclusions import exclusion_source_of
from flows.log import watcher
from flows.office import read_terms
from flows.settings import held
from flows.sources import source_of
from models.contract import Contract
from models.exclusion import ExclusionEvent
from models.findings import Finding, Severity, UnusableInputError, refuse
from models.intervals import MINUTE_MS, Interval
from models.sightings import ProbeSeen, probe_seen
from models.sources import AnySource
from models.sources.base import Identified
from models.sources.exclusions import AnyExclusionSource
from models.terms import near_miss
from models.workspace_file import Workspace

HOUR_MS = 60 * MINUTE_MS

SHORTEST_SILENCE_MS = 15 * MINUTE_MS
"""Silences from here on are told of, or from what contracts ask for where that is shorter."""

Problem = ConnectorError | UnusableInputError
Stale = Mapping[str, int | None]
"""By monitor the shortest silence after which a contract calls its state unknown."""


@dataclass(frozen=True, slots=True)
class SourceTrial:
    """What became of asking one source of evidence.

    Attributes:
        terms: The source as the workspace names it.
        secrets: The environment variables that it may look at, and whether they are set.
        reading: What it answered; None where it did not.
        problem: Why it did not.
        probes: What each of its probes tells of the span, by monitor and region.
    """

    terms: AnySource
    secrets: Mapping[str, bool]
    reading: Reading | None = None
    problem: Problem | None = None
    probes: tuple[ProbeSeen, ...] = ()

    def samples(self, monitor: str) -> int | None:
        """How many rows it has of a monitor, where it tells them apart."""
        files = self.reading.facts.files if self.reading else ()
        return next((file.rows for file in files if file.monitor == monitor), None)

    def spacing_ms(self, monitor: str) -> int | None:
        """How often it looks, where the workspace says so."""
        lines = self.reading.timelines.get(monitor, ()) if self.reading else ()
        return next((line.spacing_ms for line in lines if line.spacing_ms is not None), None)


@dataclass(frozen=True, slots=True)
class ExclusionTrial:
    """What became of asking one source of exclusions.

    Attributes:
        terms: The source as the workspace names it.
        secrets: The environment variables that it may look at, and whether they are set.
        events: What it tells of the span and the time ahead; None where it did not answer.
        problem: Why it did not.
    """

    terms: AnyExclusionSource
    secrets: Mapping[str, bool]
    events: tuple[ExclusionEvent, ...] | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What all sources see.

    Attributes:
        span: The stretch that is looked at.
        sources: Sources of evidence, as the workspace lists them.
        exclusion_sources: Sources of exclusions, likewise.
        findings: What is worth a look beside problems of single sources.
    """

    span: Interval
    sources: tuple[SourceTrial, ...]
    exclusion_sources: tuple[ExclusionTrial, ...]
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why sources did not answer."""
        each = [one.problem for one in self.sources]
        each += [one.problem for one in self.exclusion_sources]
        return tuple(problem for problem in each if problem is not None)


def try_sources(
    folder: Path, *, span: Interval, ahead: Interval, only: Sequence[str] = ()
) -> Trial:
    """Ask every source what it sees.

    Args:
        folder: The workspace's folder.
        span: What sources of evidence are asked for.
        ahead: What sources of exclusions are asked for.
        only: Ids of the sources that are asked; empty asks all.

    Raises:
        UnusableInputError: The workspace cannot be used, or has no such source.
    """
    workspace, contracts, _ = read_terms(folder)
    _check(only, workspace)
    stale = _stale(contracts)
    sources = [s for s in workspace.sources if not only or s.id in only]
    others = [s for s in workspace.exclusion_sources if not only or s.id in only]
    watcher().begin("asking sources", len(sources) + len(others))
    tried = tuple(_tried(terms, folder, span, stale) for terms in sources)
    findings = [*_own(tried), *_silent(tried, span), *_twice(tried)]
    if not only:
        findings += _unanswered(tried, contracts)
    return Trial(
        span=span,
        sources=tried,
        exclusion_sources=tuple(_tried_exclusions(terms, folder, ahead) for terms in others),
        findings=tuple(findings),
    )


def _check(only: Sequence[str], workspace: Workspace) -> None:
    known = [source.id for source in (*workspace.sources, *workspace.exclusion_sources)]
    for name in only:
        if name not in known:
            raise refuse(
                "--source",
                f"is {name!r}",
                expected=f"one of {', '.join(known)}" if known else "a source in makegood.yaml",
                remedy=near_miss(name, known) or "Correct the id.",
            )


def _stale(contracts: Sequence[Contract]) -> Stale:
    shortest: dict[str, int | None] = {}
    for contract in contracts:
        for version in contract.versions:
            asked = version.measurement.stale_after_ms
            for monitor in version.monitors:
                known = shortest.get(monitor)
                both = [ms for ms in (asked, known) if ms is not None]
                shortest[monitor] = min(both, default=None)
    return shortest


def _tried(terms: AnySource, folder: Path, span: Interval, stale: Stale) -> SourceTrial:
    watcher().part(terms.id)
    secrets = _secrets(terms)
    floors = [floor for floor in stale.values() if floor is not None]
    wanted = Wanted(span=span, gap_floor_ms=min([SHORTEST_SILENCE_MS, *floors]))
    try:
        reading = source_of(terms, folder).read(wanted)
    except (ConnectorError, UnusableInputError) as error:
        return SourceTrial(terms, secrets, problem=error)
    probes = tuple(
        probe_seen(line, span, stale_after_ms=stale.get(monitor))
        for monitor, lines in sorted(reading.timelines.items())
        for line in lines
    )
    return SourceTrial(terms, secrets, reading, probes=probes)


def _tried_exclusions(terms: AnyExclusionSource, folder: Path, span: Interval) -> ExclusionTrial:
    watcher().part(terms.id)
    secrets = _secrets(terms)
    try:
        events = exclusion_source_of(terms, folder).events(span)
    except (ConnectorError, UnusableInputError) as error:
        return ExclusionTrial(terms, secrets, problem=error)
    return ExclusionTrial(terms, secrets, events)


def _secrets(terms: Identified) -> Mapping[str, bool]:
    return {name: bool(held(name)) for name in terms.secret_names()}


def _own(tried: Iterable[SourceTrial]) -> Iterator[Finding]:
    """What sources say of their own content."""
    for one in tried:
        if one.reading is not None:
            yield from one.reading.facts.findings


def _silent(tried: Iterable[SourceTrial], span: Interval) -> Iterator[Finding]:
    """Sources with probes that tell nothing of the span, or of parts of it."""
    for one in tried:
        for partly in (False, True):
            probes = [
                probe
                for probe in one.probes
                if probe.unknown_ms and (probe.unknown_ms < span.length) is partly
            ]
            if probes:
                yield _unknown_time(one, probes, partly=partly)


def _unknown_time(one: SourceTrial, probes: Sequence[ProbeSeen], *, partly: bool) -> Finding:
    first = probes[0]
    named = "/".join(part for part in (first.monitor, first.region) if part)
    more = f" and {len(probes) - 1} more" if len(probes) > 1 else ""
    missing = f"for {first.unknown_ms // HOUR_MS} h of" if partly else "in all of"
    return Finding(
        place="makegood.yaml",
        field=f"sources.{one.terms.id}",
        fact=f"knows no state of {named}{more} {missing} this time",
        expected="a known state all the time",
        remedy="See since when it was watched, and what stale_after_minutes contracts ask for.",
        severity=Severity.WARNING,
    )


def _twice(tried: Iterable[SourceTrial]) -> Iterator[Finding]:
    """Monitors that two sources answer for."""
    try:
        Evidence.join({one.terms.id: one.reading for one in tried if one.reading is not None})
    except UnusableInputError as error:
        yield from error.findings


def _unanswered(tried: Sequence[SourceTrial], contracts: Sequence[Contract]) -> Iterator[Finding]:
    """Monitors that contracts name and nobody answers for; unsaid while a source is silent."""
    if any(one.reading is None for one in tried):
        return
    readings = [one.reading for one in tried if one.reading is not None]
    answered = {monitor for reading in readings for monitor in reading.timelines}
    counted = {contract for reading in readings for contract, _ in reading.counts}
    for contract in contracts:
        missing = {m for v in contract.versions for m in v.monitors} - answered
        if missing and contract.id not in counted:
            yield Finding(
                place=f"contract {contract.id}",
                field="monitors",
                fact=f"names {', '.join(sorted(missing))}, which no source answers for",
                expected="monitors of sources",
                remedy=near_miss(min(missing), answered) or "Name it under a source's monitors.",
                severity=Severity.WARNING,
            )

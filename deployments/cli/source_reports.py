"""What sources see: as a JSON document for scripts, as tables for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from connectors.errors import Misconfigured
from deployments.cli.documents import (
    ExclusionTrialDocument,
    FindingDocument,
    ProbeDocument,
    SecretDocument,
    SourcesTestDocument,
    SourceTrialDocument,
)
from deployments.cli.printing import counted, seconds, table, write
from flows.source_trial import ExclusionTrial, Problem, SourceTrial, Trial
from models.findings import Finding, UnusableInputError
from models.intervals import utc_text
from models.ladder import floor_percent
from models.printing import duration_text
from models.sightings import ProbeSeen
from models.sources.base import Identified

PLACES = ("path", "address", "repository")
"""Where terms of any kind say where their source is."""


def trial_document(trial: Trial, *, now: int) -> SourcesTestDocument:
    """What all sources see, as the published document."""
    return SourcesTestDocument(
        start=utc_text(trial.span.start),
        end=utc_text(trial.span.end),
        sources=[_source(one) for one in trial.sources],
        exclusion_sources=[_exclusions(one, now) for one in trial.exclusion_sources],
        findings=[_finding(finding) for finding in trial.findings],
    )


def _source(one: SourceTrial) -> SourceTrialDocument:
    facts = None if one.reading is None else one.reading.facts
    return SourceTrialDocument(
        source=one.terms.id,
        kind=one.terms.kind,
        place=_place(one.terms),
        state=_word(one.problem),
        problem=_said(one.problem),
        secrets=_secrets(one.secrets),
        rows=None if facts is None else facts.rows,
        duplicates=None if facts is None else facts.duplicates,
        conflicting_duplicates=None if facts is None else facts.conflicting_duplicates,
        unusable_rows=None if facts is None else facts.unusable,
        first_at=None if facts is None else _time(facts.first_at),
        last_at=None if facts is None else _time(facts.last_at),
        counted_months=None if one.reading is None else len(one.reading.counts),
        monitors=[_probe(one, probe) for probe in one.probes],
    )


def _probe(one: SourceTrial, probe: ProbeSeen) -> ProbeDocument:
    spacing, silence = one.spacing_ms(probe.monitor), probe.longest_silence_ms
    return ProbeDocument(
        monitor=probe.monitor,
        region=probe.region,
        signal=one.terms.signal_of(probe.monitor).value,
        samples=one.samples(probe.monitor),
        spacing_seconds=None if spacing is None else seconds(spacing),
        first_at=_time(probe.first_at),
        last_at=_time(probe.last_at),
        up_seconds=seconds(probe.up_ms),
        degraded_seconds=seconds(probe.degraded_ms),
        down_seconds=seconds(probe.down_ms),
        unknown_seconds=seconds(probe.unknown_ms),
        coverage_percent=floor_percent(probe.coverage),
        longest_silence_seconds=None if silence is None else seconds(silence),
        last_state=probe.state.name.lower(),
    )


def _exclusions(one: ExclusionTrial, now: int) -> ExclusionTrialDocument:
    coming = [event for event in one.events or () if event.interval.start >= now]
    return ExclusionTrialDocument(
        source=one.terms.id,
        kind=one.terms.kind,
        place=_place(one.terms),
        state=_word(one.problem),
        problem=_said(one.problem),
        secrets=_secrets(one.secrets),
        events=None if one.events is None else len(one.events),
        next_start=utc_text(coming[0].interval.start) if coming else None,
        next_reason=coming[0].reason if coming else None,
    )


def _place(terms: Identified) -> str | None:
    found = (getattr(terms, name, None) for name in PLACES)
    return next((str(place) for place in found if place), None)


def _word(problem: Problem | None) -> str:
    match problem:
        case None:
            return "answers"
        case UnusableInputError():
            return "unusable"
        case Misconfigured():
            return "misconfigured"
        case _:
            return "unreachable"


def _said(problem: Problem | None) -> str | None:
    return None if problem is None else str(problem)


def _secrets(secrets: Mapping[str, bool]) -> list[SecretDocument]:
    return [SecretDocument(variable=name, is_set=is_set) for name, is_set in secrets.items()]


def _finding(finding: Finding) -> FindingDocument:
    return FindingDocument(
        severity=finding.severity.value,
        place=finding.place,
        field=finding.field,
        fact=finding.fact,
        expected=finding.expected,
        remedy=finding.remedy,
    )


def _time(at: int | None) -> str | None:
    return None if at is None else utc_text(at)


def print_trial(document: SourcesTestDocument) -> None:
    """Show a person what every source sees."""
    write(f"What the sources see from {_short(document['start'])} to {_short(document['end'])} UTC")
    for one in document["sources"]:
        write()
        _print_head(one)
        if one["state"] == "answers":
            _print_source(one)
    for other in document["exclusion_sources"]:
        write()
        _print_head(other)
        if other["state"] == "answers":
            write(f"  {_events_line(other)}")
    if document["findings"]:
        write()
        write("Worth a look", bold=True)
    for finding in document["findings"]:
        subject = " ".join(part for part in (finding["field"], finding["fact"]) if part)
        write(f"  {finding['place']}: {subject}. {finding['remedy']}")
    write()
    write(_sum(document))


def _print_head(one: SourceTrialDocument | ExclusionTrialDocument) -> None:
    at = f" at {one['place']}" if one["place"] else ""
    write(f"{one['source']}: {one['state']} ({one['kind']}{at})", bold=True)
    for secret in one["secrets"]:
        write(f"  {secret['variable']}: {'set' if secret['is_set'] else 'not set'}")
    for line in (one["problem"] or "").splitlines():
        write(f"  {line}")


def _print_source(one: SourceTrialDocument) -> None:
    write(f"  {', '.join(_facts(one))}")
    probes = one["monitors"]
    if not probes:
        return
    regions = any(probe["region"] for probe in probes)
    columns = [column for column in _columns(probes) if regions or column[0] != "Region"]
    table(
        "",
        [heading for heading, _, _ in columns],
        list(zip(*[cells for _, _, cells in columns], strict=True)),
        numbers=[place for place, (_, is_number, _) in enumerate(columns) if is_number],
    )


Column = tuple[str, bool, Sequence[str]]
"""Heading, whether its cells are numbers, and the cells."""


def _columns(probes: Sequence[ProbeDocument]) -> Iterator[Column]:
    yield "Monitor", False, [probe["monitor"] for probe in probes]
    yield "Region", False, [probe["region"] for probe in probes]
    yield "First", False, [_short(probe["first_at"]) for probe in probes]
    yield "Last", False, [_short(probe["last_at"]) for probe in probes]
    yield "Then", False, [probe["last_state"] for probe in probes]
    if any(probe["samples"] is not None for probe in probes):
        yield "Samples", True, [_or_dash(probe["samples"]) for probe in probes]
    if any(probe["spacing_seconds"] for probe in probes):
        yield "Every", True, [_length(probe["spacing_seconds"] or 0) for probe in probes]
    yield "Down", True, [_length(probe["down_seconds"]) for probe in probes]
    if any(probe["degraded_seconds"] for probe in probes):
        yield "Degraded", True, [_length(probe["degraded_seconds"]) for probe in probes]
    yield "Known %", True, [_two_places(probe["coverage_percent"]) for probe in probes]


def _facts(one: SourceTrialDocument) -> Iterator[str]:
    yield counted(one["rows"] or 0, "row")
    if one["first_at"] and one["last_at"]:
        yield f"{_short(one['first_at'])} to {_short(one['last_at'])}"
    for name, words in (
        ("duplicates", "repeated"),
        ("conflicting_duplicates", "conflicting"),
        ("unusable_rows", "unusable"),
    ):
        if one[name]:  # type: ignore[literal-required]  # All three are its fields.
            yield f"{one[name]} {words}"  # type: ignore[literal-required]  # As above.
    if one["counted_months"]:
        yield counted(one["counted_months"], "counted month")


def _events_line(one: ExclusionTrialDocument) -> str:
    said = counted(one["events"] or 0, "exclusion")
    if one["next_start"] is None:
        return f"{said}, none ahead"
    return f"{said}; the next one begins {_short(one['next_start'])}: {one['next_reason']}"


def _sum(document: SourcesTestDocument) -> str:
    each = [one["state"] for one in document["sources"]]
    each += [one["state"] for one in document["exclusion_sources"]]
    answering = sum(1 for state in each if state == "answers")
    findings = counted(len(document["findings"]), "finding")
    return f"{answering} of {counted(len(each), 'source')} answering, {findings}."


def _short(time: str | None) -> str:
    """A time to the minute: `2026-05-01 00:00`."""
    return "never" if time is None else time[:16].replace("T", " ")


def _length(length: Decimal | int) -> str:
    return duration_text(Fraction(length)) if length else "-"


def _or_dash(number: int | None) -> str:
    return "-" if number is None else str(number)


def _two_places(percent: str) -> str:
    """A percentage cut to two places, so that no gap is rounded away."""
    return percent[: percent.index(".") + 3]

"""What all sources said about a month, joined: one timeline per probe, shared by its contracts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connectors.monitoring import EvidenceLink, FileFacts, Reading
from models.case import Slice
from models.decision import digest_of
from models.findings import Finding, UnusableInputError
from models.intervals import Interval
from models.measurement import MeasurementTerms
from models.outage import Timeline
from models.payload import CalculatorPayload
from models.period import ServiceMonth
from models.signals import SignalKind
from models.uptime import evidence_of

Asked = tuple[tuple[str, ...], Interval, MeasurementTerms]
"""Monitors, month and terms: what a slice of evidence depends on."""


@dataclass(slots=True)
class Evidence:
    """The joined readings of a run; slices are cut once per monitor and month and shared.

    Attributes:
        timelines: Per monitor one timeline per region.
        counts: Counted months by `client/service` and month.
        links: Incidents per monitor.
        provenance: Per source the files and answers that were read, with their digests.
    """

    timelines: Mapping[str, tuple[Timeline, ...]]
    counts: Mapping[tuple[str, ServiceMonth], CalculatorPayload]
    links: Mapping[str, tuple[EvidenceLink, ...]]
    provenance: Mapping[str, tuple[FileFacts, ...]]
    _digests: dict[str, str] = field(default_factory=dict)
    _cut: dict[Asked, tuple[tuple[Slice, ...], ...]] = field(default_factory=dict)

    @classmethod
    def join(
        cls,
        readings: Mapping[str, Reading],
        signals: Mapping[str, Callable[[str], SignalKind]] | None = None,
    ) -> Evidence:
        """Join what each source said.

        Args:
            readings: By the source's id.
            signals: By the source's id, what kind of witness each of its monitors is; the monitors
                of sources that are not named are external.

        Raises:
            UnusableInputError: Two sources answer for one monitor, or for one counted month.
        """
        _only_one_answers(readings)
        return cls(
            timelines={
                monitor: tuple(replace(line, signal=signal_of(monitor)) for line in lines)
                for source, reading in readings.items()
                for signal_of in [(signals or {}).get(source, _external)]
                for monitor, lines in reading.timelines.items()
            },
            counts={k: v for r in readings.values() for k, v in r.counts.items()},
            links={k: v for r in readings.values() for k, v in r.evidence.items()},
            provenance={name: reading.facts.files for name, reading in readings.items()},
        )

    def provenance_of(self, monitors: Collection[str]) -> Mapping[str, str]:
        """Per source one digest over all its files, and over its answers about these monitors.

        So a run for one client records what a run for all of them records.
        """
        return {
            name: self._digest_of(name, [file for file in files if _tells_of(file, monitors)])
            for name, files in self.provenance.items()
        }

    def _digest_of(self, name: str, files: Sequence[FileFacts]) -> str:
        """One digest over a source's files, remembered where it is over all of them."""
        whole = len(files) == len(self.provenance[name])
        if whole and name in self._digests:
            return self._digests[name]
        digest = digest_of({file.path: file.sha256 for file in files})
        if whole:
            self._digests[name] = digest
        return digest

    def slices(
        self, monitors: Sequence[str], month: Interval, terms: MeasurementTerms
    ) -> tuple[tuple[Slice, ...], ...]:
        """What a month depends on, per monitor and region; an unseen monitor is an empty timeline.

        Contracts with the same monitors, month and terms share one answer.
        """
        asked = (tuple(monitors), month, terms)
        known = self._cut.get(asked)
        if known is None:
            timelines = [self.timelines.get(name) or (Timeline(name),) for name in monitors]
            cut = evidence_of(monitors=timelines, month=month, terms=terms)
            known = tuple(tuple(Slice(timeline) for timeline in regions) for regions in cut)
            self._cut[asked] = known
        return known

    def incidents(self, monitors: Sequence[str], month: Interval) -> tuple[EvidenceLink, ...]:
        """The incidents of these monitors that touch the month, rising by time."""
        found = [
            link
            for monitor in monitors
            for link in self.links.get(monitor, ())
            if link.interval.start < month.end and link.interval.end > month.start
        ]
        return tuple(sorted(found, key=lambda link: link.interval))


def _external(_monitor: str) -> SignalKind:
    return SignalKind.EXTERNAL


def _tells_of(file: FileFacts, monitors: Collection[str]) -> bool:
    return not file.monitor or file.monitor in monitors


def _only_one_answers(readings: Mapping[str, Reading]) -> None:
    findings = []
    answered: dict[object, str] = {}
    for source, reading in readings.items():
        for subject in [*reading.timelines, *reading.counts]:
            other = answered.setdefault(subject, source)
            if other != source:
                findings.append(_two_answer(subject, other, source))
    if findings:
        raise UnusableInputError(findings)


def _two_answer(subject: object, first: str, second: str) -> Finding:
    name = subject if isinstance(subject, str) else " in ".join(str(part) for part in subject)  # type: ignore[attr-defined]  # A counted month's key is a pair.
    return Finding(
        place="makegood.yaml",
        field="sources",
        fact=f"{first!r} and {second!r} both answer for {name}",
        expected="one source for each monitor",
        remedy="List the monitors that each source is to answer for under its `monitors`.",
    )

"""The monitoring role: what was seen, as compact timelines or as counted months.

This is the first step of the month: a source is read once, and every contract that names one of its
monitors shares the timelines. A source translates what its vendor or file says; it never decides
what counts as down, what silence means or what is excluded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from models.artifacts import Artifact
from models.findings import Finding, UnusableInputError
from models.intervals import Interval
from models.outage import Timeline
from models.payload import CalculatorPayload
from models.period import ServiceMonth
from models.sources import BadRows

__all__ = [
    "BadRows",
    "Capability",
    "EvidenceLink",
    "FileFacts",
    "MonitoringSource",
    "MonthArtifacts",
    "NoLongerKeptError",
    "Reading",
    "ServiceKey",
    "SourceFacts",
    "Wanted",
]

ServiceKey = tuple[str, ServiceMonth]
"""`client/service` and the month: what a counted month is about."""


class NoLongerKeptError(UnusableInputError):
    """What is wanted is so old that whoever is asked has forgotten it."""


class Capability(StrEnum):
    """What a source can answer; a source declares it, nobody asks for its class.

    TIMELINES: states over time, per monitor and region.
    COUNTED_MONTHS: months that somebody else already counted, per client and service.
    INCIDENTS: ids and links of the incidents behind its outages.
    ARTIFACTS: months to be kept, from files that can be told apart (`FileSource`).
    """

    TIMELINES = "timelines"
    COUNTED_MONTHS = "counted_months"
    INCIDENTS = "incidents"
    ARTIFACTS = "artifacts"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller will look at; a source may return more, never less.

    Attributes:
        monitors: Names as contracts write them; None for all that the source knows.
        span: The months in question. Whatever decides a state inside it is returned too: the
            last observation before it, and outages that reach over its edges at their whole
            length. None for everything.
        gap_floor_ms: Silences of at least this length are kept as gaps; None keeps none.
        better_wins: Of conflicting observations at one instant the better one stands; by default
            the worse one does.
        artifacts: Whether the months are also wanted as artifacts, to be kept.
        repeated: Whether repeated rows are to be counted where artifacts are not wanted; a source
            may be faster without.
    """

    monitors: frozenset[str] | None = None
    span: Interval | None = None
    gap_floor_ms: int | None = None
    better_wins: bool = False
    artifacts: bool = False
    repeated: bool = True

    @property
    def counts_repeated(self) -> bool:
        """Whether the facts tell of repeated rows."""
        return self.repeated or self.artifacts

    def wants(self, monitor: str) -> bool:
        """Whether the caller will look at this monitor."""
        return self.monitors is None or monitor in self.monitors


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file that was read, or one monitor's answer of a source that is asked.

    Attributes:
        path: As the workspace names it; `<source>:<monitor>` for an answer.
        sha256: Digest of its bytes, in hexadecimal; of its rows for an answer.
        rows: Rows in it, unusable ones included, the header and blank lines not.
        monitor: Whom an answer is about; "" for a file.
    """

    path: str
    sha256: str
    rows: int
    monitor: str = ""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the source held, whatever was wanted of it: the same files give the same facts.

    A source that is asked over the network holds what it answered, for the span and the monitors
    that were wanted; what it answered about one monitor does not depend on the others.

    Attributes:
        files: Every file in the order of reading, or every answer, rising by monitor.
        rows: Rows in all, unusable ones included.
        duplicates: Rows that repeat another one exactly; None where nobody asked and counted.
        conflicting_duplicates: Rows that contradict another one about the same instant; None
            likewise.
        out_of_order: Rows that are earlier than the row of the same probe read before them; None
            where there were too many rows to watch.
        unusable: Rows that could not be used; always 0 unless the source reports bad rows.
        findings: The first of those, located, and how many more there are.
        first_at: The earliest instant that any row names; None without rows.
        last_at: The latest one; None without rows.
    """

    files: tuple[FileFacts, ...] = ()
    rows: int = 0
    duplicates: int | None = 0
    conflicting_duplicates: int | None = 0
    out_of_order: int | None = 0
    unusable: int = 0
    findings: tuple[Finding, ...] = ()
    first_at: int | None = None
    last_at: int | None = None


@dataclass(frozen=True, slots=True)
class EvidenceLink:
    """Where an outage is documented.

    Attributes:
        interval: The stretch that the incident covers.
        incident_id: The incident's name at its source; "" when it has none.
        source_link: Address of the incident's page; "" when it has none.
        region: The region that it touched; "" for the whole monitor.
    """

    interval: Interval
    incident_id: str = ""
    source_link: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class MonthArtifacts:
    """A monitor's UTC month as two artifacts.

    Attributes:
        monitor: The monitor's name.
        month: The UTC month, such as 2026-05.
        floor_ms: Silences of at least this length are told of.
        runs: Exact runs.
        minutes: Minute counts.
    """

    monitor: str
    month: str
    floor_ms: int
    runs: Artifact
    minutes: Artifact


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source answered.

    Attributes:
        timelines: Per monitor one timeline per region, rising by region. A monitor that the source
            knows nothing about is absent.
        counts: Counted months by client and service.
        facts: What the source held.
        evidence: Incidents per monitor, rising by time.
        artifacts: The months to be kept, where they were wanted and the source makes them.
    """

    timelines: Mapping[str, tuple[Timeline, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    counts: Mapping[ServiceKey, CalculatorPayload] = field(
        default_factory=lambda: MappingProxyType({})
    )
    facts: SourceFacts = SourceFacts()
    evidence: Mapping[str, tuple[EvidenceLink, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    artifacts: tuple[MonthArtifacts, ...] = ()


class MonitoringSource(Protocol):
    """The promise of every source of measurements.

    Reading has no effects and may be repeated at any time; with an unchanged source it answers the
    same. Order and repetition of what the source holds never matter.
    """

    @property
    def id(self) -> str:
        """The source's name in the workspace."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this source can answer."""
        ...

    def read(self, wanted: Wanted) -> Reading:
        """Everything that the source knows about what is wanted.

        Raises:
            UnusableInputError: The source's content or configuration cannot be used; every finding
                is listed.
            ConnectorError: The source could not be asked; classed by what helps.
        """
        ...


@dataclass(frozen=True, slots=True)
class FileMark:
    """A file as its folder shows it, unread.

    Attributes:
        path: As the workspace names it.
        size: Bytes in it.
        changed_ns: When it was last written, in nanoseconds since the epoch.
    """

    path: str
    size: int
    changed_ns: int


class FileSource(MonitoringSource, Protocol):
    """What a source with the capability ARTIFACTS promises beside.

    An unchanged mark means an unchanged file; where only the time differs, the digest decides.
    """

    @property
    def settings(self) -> str:
        """All that decides what its files mean, such as names of columns; equal when it is."""
        ...

    def marks(self) -> tuple[FileMark, ...]:
        """Every file as it is now, in the order of reading.

        Raises:
            UnusableInputError: There is none.
        """
        ...

    def digest(self, path: str) -> str:
        """SHA-256 of a file's bytes."""
        ...

    def checks_by_day(self, minutes: Artifact) -> Mapping[str, int]:
        """How many checks minute counts count on each day, by ISO date.

        Raises:
            ValueError: They are not what was kept.
        """
        ...

    def united(self, kept: MonthArtifacts, now: MonthArtifacts) -> MonthArtifacts:
        """A month as two readings tell it together, where files of the first one are gone.

        Raises:
            ValueError: They contradict each other, or an artifact is not what was kept.
        """
        ...

    def recalled(self, artifacts: Iterable[Artifact], wanted: Wanted) -> Reading:
        """What kept runs say, as reading the files would have said it; no facts.

        Raises:
            ValueError: An artifact is not what was kept.
        """
        ...

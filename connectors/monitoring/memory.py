"""The in-memory twin of the role: a source that holds what it was given, for tests and trials."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType

from connectors.monitoring import (
    Capability,
    EvidenceLink,
    Reading,
    ServiceKey,
    SourceFacts,
    Wanted,
)
from models.outage import Observation, State, Timeline
from models.payload import CalculatorPayload


@dataclass(frozen=True, slots=True)
class Sighting:
    """One observation and whose it is.

    Attributes:
        monitor: The monitor's name.
        at: Milliseconds since the epoch.
        state: What was seen.
        region: Where the probe stands; "" when there are no regions.
    """

    monitor: str
    at: int
    state: State
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryMonitoring:
    """A source that answers from memory.

    Attributes:
        id: The source's name.
        sightings: Observations in any order.
        counts: Counted months.
        evidence: Incidents per monitor.
    """

    id: str
    sightings: Sequence[Sighting] = ()
    counts: Mapping[ServiceKey, CalculatorPayload] = field(
        default_factory=lambda: MappingProxyType({})
    )
    evidence: Mapping[str, tuple[EvidenceLink, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Everything that a source without files may answer."""
        return frozenset(Capability) - {Capability.ARTIFACTS}

    def read(self, wanted: Wanted) -> Reading:
        """What was given, as a file of the same rows would say it."""
        probes: dict[tuple[str, str], list[Sighting]] = defaultdict(list)
        for sighting in self.sightings:
            probes[sighting.monitor, sighting.region].append(sighting)
        timelines: dict[str, tuple[Timeline, ...]] = {}
        for (monitor, region), seen in sorted(probes.items()):
            if wanted.wants(monitor):
                made = _timeline(monitor, region, seen, wanted)
                timelines[monitor] = (*timelines.get(monitor, ()), made)
        return Reading(
            timelines=MappingProxyType(timelines),
            counts=self.counts,
            facts=_facts(probes.values()),
            evidence=MappingProxyType({k: v for k, v in self.evidence.items() if wanted.wants(k)}),
        )


def _timeline(monitor: str, region: str, seen: Iterable[Sighting], wanted: Wanted) -> Timeline:
    return Timeline.of(
        (Observation(sighting.at, sighting.state) for sighting in seen),
        monitor=monitor,
        region=region,
        gap_floor_ms=wanted.gap_floor_ms,
        better_wins=wanted.better_wins,
    )


def _facts(probes: Iterable[list[Sighting]]) -> SourceFacts:
    seen = [sighting for probe in probes for sighting in probe]
    distinct = Counter(seen)
    moments = {(sighting.monitor, sighting.region, sighting.at) for sighting in seen}
    instants = [sighting.at for sighting in seen]
    return SourceFacts(
        rows=len(seen),
        duplicates=len(seen) - len(distinct),
        conflicting_duplicates=len(distinct) - len(moments),
        out_of_order=sum(b.at < a.at for probe in probes for a, b in pairwise(probe)),
        first_at=min(instants, default=None),
        last_at=max(instants, default=None),
    )

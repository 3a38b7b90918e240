"""Rows of outages on their way to timelines: from any log that has a start and an end per row.

A log says for which stretch of time it is complete. Inside it, a monitor without an outage was up;
outside it nothing is known, and a row that reaches outside is refused, because it is either a slip
or a sign that the stretch is wrong. Overlapping rows count once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from operator import attrgetter
from types import MappingProxyType
from typing import Protocol

from connectors.monitoring import BadRows, EvidenceLink, FileFacts, Reading, SourceFacts, Wanted
from connectors.monitoring._cells import Fault, instant_of
from connectors.monitoring._unusable import (
    MOST_LISTED,
    NAME,
    judged,
    misfit_finding,
    name_finding,
    quoted,
    time_finding,
)
from models.findings import Finding
from models.intervals import Interval, IntervalSet
from models.outage import State, Timeline

LONGEST_LINK = 2_000


@dataclass(frozen=True, slots=True)
class OutageRow:
    """One row as it is written.

    Attributes:
        place: File and line.
        cells: Stripped cells by our column names.
        misfit: What is wrong with the number of cells; "" when it is right.
    """

    place: str
    cells: Mapping[str, str]
    misfit: str

    def cell(self, column: str) -> str:
        """A cell; "" when the row lacks it."""
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class _Outage:
    """What a row says: down for a stretch, or unknown where the row cannot be used."""

    monitor: str
    link: EvidenceLink


class Watched(Protocol):
    """What a log of outages watched, and how its rows are read."""

    @property
    def path(self) -> str:
        """How people know the log."""
        ...

    @property
    def covers(self) -> Interval:
        """The stretch that it is complete for."""
        ...

    @property
    def monitors(self) -> Sequence[str] | None:
        """What it watched; None for the monitors that it names."""
        ...

    @property
    def regions(self) -> Sequence[str] | None:
        """Where it watched from; None for the regions that it names."""
        ...

    @property
    def time_zone(self) -> str | None:
        """IANA zone of times without an offset; None refuses those."""
        ...

    @property
    def bad_rows(self) -> BadRows:
        """What unusable rows do."""
        ...


class OutageRows:
    """The rows of a log on their way to timelines."""

    def __init__(self, source: Watched, fields: Mapping[str, str], rows: list[OutageRow]) -> None:
        self._source = source
        self._fields = fields
        self._rows = rows
        self._monitors = _known(source.monitors, (row.cell("monitor") for row in rows))
        self._regions = _known(source.regions, (row.cell("region") for row in rows))
        self._outages: list[_Outage] = []
        self._unknown: list[_Outage] = []
        self._findings: list[Finding] = []
        for row in rows:
            self._add(row)

    def reading(self, files: tuple[FileFacts, ...], wanted: Wanted) -> Reading:
        """What the log says about the wanted monitors."""
        places = list(dict.fromkeys(finding.place for finding in self._findings))
        listed = [f for f in self._findings if f.place in set(places[:MOST_LISTED])]
        warnings = judged(
            listed,
            unusable=len(places),
            path=self._source.path,
            bad_rows=self._source.bad_rows,
        )
        return Reading(
            timelines=self._timelines(wanted),
            facts=self._facts(files, warnings, len(places)),
            evidence=self._evidence(wanted),
        )

    def _add(self, row: OutageRow) -> None:
        started, ended = self._times(row)
        findings = list(self._faults(row, started, ended))
        if findings:
            self._findings += findings
            self._doubt(row, started, ended)
            return
        stretch = Interval(started[0], ended[0])
        link = EvidenceLink(
            interval=stretch,
            incident_id=row.cell("incident_id"),
            source_link=row.cell("source_link"),
            region=row.cell("region"),
        )
        self._outages.append(_Outage(row.cell("monitor"), link))

    def _times(self, row: OutageRow) -> tuple[tuple[int, Fault], tuple[int, Fault]]:
        zone = self._source.time_zone
        started = instant_of(row.cell("started_at"), zone)
        if row.cell("ended_at") or row.misfit:
            return started, instant_of(row.cell("ended_at"), zone)
        return started, (self._source.covers.end, Fault.NONE)

    def _faults(
        self, row: OutageRow, started: tuple[int, Fault], ended: tuple[int, Fault]
    ) -> Iterator[Finding]:
        if row.misfit:
            yield misfit_finding(row.place, row.misfit)
            return
        yield from self._name_faults(row)
        for column, (_, fault) in (("started_at", started), ("ended_at", ended)):
            if fault:
                yield time_finding(
                    row.place,
                    self._fields[column],
                    row.cell(column),
                    fault=fault,
                    time_zone=self._source.time_zone,
                )
        if not started[1] and not ended[1]:
            yield from self._stretch_faults(row, started[0], ended[0])

    def _name_faults(self, row: OutageRow) -> Iterator[Finding]:
        for column, known in (("monitor", self._monitors), ("region", self._regions)):
            name = row.cell(column)
            if not name and column == "region":
                continue
            if not NAME.fullmatch(name):
                yield name_finding(row.place, self._fields[column], name)
            elif name not in known:
                yield self._stranger(row.place, column, name, known)
        incident, link = row.cell("incident_id"), row.cell("source_link")
        if incident and not NAME.fullmatch(incident):
            yield name_finding(row.place, self._fields["incident_id"], incident)
        if link and not _is_address(link):
            yield self._no_address(row.place, link)

    def _stranger(self, place: str, column: str, name: str, known: Sequence[str]) -> Finding:
        near = get_close_matches(name, known, n=3)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        return Finding(
            place=place,
            field=self._fields[column],
            fact=quoted(name),
            expected=f"one of the {len(known)} {column}s that the source lists",
            remedy=f"{hint}Correct the row, or add the name to the source's {column}s.",
        )

    def _no_address(self, place: str, link: str) -> Finding:
        return Finding(
            place=place,
            field=self._fields["source_link"],
            fact=quoted(link),
            expected=f"an address that begins with https://, at most {LONGEST_LINK:,} characters",
            remedy="Write the incident's page, or leave the cell empty.",
        )

    def _stretch_faults(self, row: OutageRow, started: int, ended: int) -> Iterator[Finding]:
        covers = self._source.covers
        open_ended = not row.cell("ended_at")
        if ended <= started and not open_ended:
            yield Finding(
                place=row.place,
                field=self._fields["ended_at"],
                fact=quoted(row.cell("ended_at")),
                expected=f"a time after {self._fields['started_at']} {row.cell('started_at')!r}",
                remedy="Correct the two times, or leave the end empty while the outage lasts.",
            )
            return
        for column, inside in (
            ("started_at", covers.start <= started < covers.end),
            ("ended_at", ended <= covers.end),
        ):
            if not inside:
                yield self._outside(row, column)

    def _outside(self, row: OutageRow, column: str) -> Finding:
        return Finding(
            place=row.place,
            field=self._fields[column],
            fact=f"{quoted(row.cell(column))}, outside of what the log covers",
            expected=f"a time in {self._source.covers}",
            remedy="Correct the time, cut the row at the edge, or widen the source's covers.",
        )

    def _doubt(self, row: OutageRow, started: tuple[int, Fault], ended: tuple[int, Fault]) -> None:
        if row.cell("monitor") not in self._monitors:
            return
        covers = self._source.covers
        start = covers.start if started[1] else max(started[0], covers.start)
        end = covers.end if ended[1] else min(ended[0], covers.end)
        stretch = Interval(start, end) if start < end else covers
        region = row.cell("region") if row.cell("region") in self._regions else ""
        self._unknown.append(
            _Outage(row.cell("monitor"), EvidenceLink(interval=stretch, region=region))
        )

    def _timelines(self, wanted: Wanted) -> Mapping[str, tuple[Timeline, ...]]:
        down, unknown = _by_monitor(self._outages), _by_monitor(self._unknown)
        return MappingProxyType(
            {
                monitor: tuple(
                    self._timeline(monitor, region, down[monitor], unknown[monitor], wanted)
                    for region in self._regions_of([*down[monitor], *unknown[monitor]])
                )
                for monitor in self._monitors
                if wanted.wants(monitor)
            }
        )

    def _regions_of(self, links: Iterable[EvidenceLink]) -> Sequence[str]:
        return self._regions if any(link.region for link in links) else ("",)

    def _timeline(
        self,
        monitor: str,
        region: str,
        down: Sequence[EvidenceLink],
        unknown: Sequence[EvidenceLink],
        wanted: Wanted,
    ) -> Timeline:
        covers = self._source.covers
        was_down = _stretches(down, region)
        in_doubt = _stretches(unknown, region) - was_down
        return Timeline(
            monitor=monitor,
            region=region,
            changes=tuple(_changes(was_down, in_doubt, covers)),
            gap_floor_ms=wanted.gap_floor_ms,
            last_observed_at=covers.end,
        )

    def _evidence(self, wanted: Wanted) -> Mapping[str, tuple[EvidenceLink, ...]]:
        named = [o for o in self._outages if o.link.incident_id or o.link.source_link]
        return MappingProxyType(
            {
                monitor: tuple(dict.fromkeys(links))
                for monitor, links in _by_monitor(named).items()
                if wanted.wants(monitor)
            }
        )

    def _facts(
        self, files: tuple[FileFacts, ...], warnings: tuple[Finding, ...], unusable: int
    ) -> SourceFacts:
        stretches = [outage.link.interval for outage in self._outages]
        return SourceFacts(
            files=files,
            rows=len(self._rows),
            duplicates=len(self._outages) - len(set(self._outages)),
            out_of_order=_out_of_order(self._outages),
            unusable=unusable,
            findings=warnings,
            first_at=min((stretch.start for stretch in stretches), default=None),
            last_at=max((stretch.end for stretch in stretches), default=None),
        )


def _known(listed: Sequence[str] | None, named: Iterable[str]) -> tuple[str, ...]:
    if listed is not None:
        return tuple(sorted(set(listed)))
    return tuple(sorted({name for name in named if NAME.fullmatch(name)}))


def _is_address(link: str) -> bool:
    fits = link.startswith(("https://", "http://")) and len(link) <= LONGEST_LINK
    return fits and link.isprintable() and " " not in link


def _by_monitor(outages: Iterable[_Outage]) -> dict[str, list[EvidenceLink]]:
    found: dict[str, list[EvidenceLink]] = defaultdict(list)
    for outage in outages:
        found[outage.monitor].append(outage.link)
    for links in found.values():
        links.sort(key=attrgetter("interval", "incident_id", "source_link", "region"))
    return found


def _stretches(links: Iterable[EvidenceLink], region: str) -> IntervalSet:
    return IntervalSet.of(link.interval for link in links if link.region in {"", region})


def _changes(
    down: IntervalSet, unknown: IntervalSet, covers: Interval
) -> Iterator[tuple[int, State]]:
    up = (down | unknown).complement(covers)
    named = ((down, State.DOWN), (unknown, State.UNKNOWN), (up, State.UP))
    pieces = sorted((span.start, state) for spans, state in named for span in spans)
    before: State | None = None
    for start, state in [*pieces, (covers.end, State.UNKNOWN)]:
        if state is not before:
            yield start, state
        before = state


def _out_of_order(outages: Iterable[_Outage]) -> int:
    probes: dict[tuple[str, str], list[int]] = defaultdict(list)
    for outage in outages:
        probes[outage.monitor, outage.link.region].append(outage.link.interval.start)
    return sum(later < earlier for starts in probes.values() for earlier, later in pairwise(starts))

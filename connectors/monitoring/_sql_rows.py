"""What the rows of a query say: checks, counted requests or outages, as timelines with facts."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from types import MappingProxyType

import numpy as np

from connectors.monitoring import BadRows, FileFacts, Reading, SourceFacts, Wanted
from connectors.monitoring._answers import answer_of
from connectors.monitoring._cells import Fault
from connectors.monitoring._collected import Collected, Collector
from connectors.monitoring._compaction import compact_all
from connectors.monitoring._outages import OutageRow, OutageRows
from connectors.monitoring._rows import batch_of, instants_of
from connectors.monitoring._sql_columns import BESIDE, NEEDED, Part
from connectors.monitoring._unusable import MOST_LISTED, REMEDY, judged, time_finding
from models.findings import Finding, UnusableInputError
from models.intervals import MINUTE_MS, Interval
from models.outage import Timeline
from models.requests import RequestRule, RequestWindow, timeline_of
from models.sources.sql import SqlDatabase, Yields
from models.terms import plain

Probe = tuple[str, str]
"""A monitor and a region."""


@dataclass(frozen=True, slots=True)
class Names:
    """What monitors are called in rows, and in contracts.

    Attributes:
        source: The source's name.
        ours: By what rows call them.
        wanted: Those of ours that were asked about, rising.
    """

    source: str
    ours: Mapping[str, str]
    wanted: tuple[str, ...]

    @classmethod
    def of(cls, terms: SqlDatabase, wanted: Wanted) -> Names:
        """The names of a source's monitors."""
        return cls(
            source=terms.id,
            ours={own.called or name: name for name, own in terms.monitors.items()},
            wanted=tuple(sorted(name for name in terms.monitors if wanted.wants(name))),
        )

    def check(self, met: Iterator[str]) -> None:
        """Refuse rows about monitors that the source does not list.

        Raises:
            UnusableInputError: There are such rows.
        """
        strangers = sorted({name for name in met if name not in self.ours})
        if strangers:
            raise UnusableInputError([self._stranger(name) for name in strangers[:MOST_LISTED]])

    def _stranger(self, name: str) -> Finding:
        near = get_close_matches(name, self.ours, n=3)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        return Finding(
            place=self.source,
            field="monitor",
            fact=f"is {name!r} in some rows",
            expected=f"one of the {len(self.ours)} monitors that the source lists",
            remedy=f"{hint}Leave such rows out in the query, or add the name to its monitors.",
        )


@dataclass(slots=True)
class OfChecks:
    """Rows that are single checks, as those of a file.

    Attributes:
        terms: What the source says of its rows.
        names: What monitors are called.
        wanted: What is asked for.
    """

    terms: SqlDatabase
    names: Names
    wanted: Wanted
    _collector: Collector | None = None

    @property
    def collector(self) -> Collector:
        """What gathers the rows."""
        if self._collector is None:
            fields = {name: name for name in (*NEEDED[Yields.CHECKS], *BESIDE[Yields.CHECKS])}
            self._collector = Collector(monitor="", time_zone=self.terms.time_zone, fields=fields)
        return self._collector

    def take(self, part: Part) -> None:
        """Take some rows."""
        cells = {column: part.arrow(column) for column in part.columns}
        self.collector.add(
            batch_of(
                cells, place=part.place, first_row=part.first_row, time_zone=self.terms.time_zone
            )
        )

    def reading(self) -> Reading:
        """What all rows say.

        Raises:
            UnusableInputError: Some cannot be used, or are about strangers.
        """
        unusable = self.collector.unusable
        findings = judged(
            self.collector.findings,
            unusable=unusable,
            path=self.terms.id,
            bad_rows=self.terms.bad_rows,
        )
        rows, collected = self.collector.rows, self.collector.collected()
        self.names.check(monitor for monitor, _ in collected.names)
        probes = [(self.names.ours[monitor], region) for monitor, region in collected.names]
        compacted = compact_all(
            collected.observations,
            names=probes,
            wanted=[self.wanted.wants(monitor) for monitor, _ in probes],
            untimed=collected.untimed,
            gap_floor_ms=self.wanted.gap_floor_ms,
            better_wins=self.wanted.better_wins,
        )
        return Reading(
            timelines=by_monitor([self._told(line) for line in compacted.timelines]),
            facts=SourceFacts(
                files=tuple(self._answers(collected, probes)),
                rows=rows,
                duplicates=compacted.duplicates,
                conflicting_duplicates=compacted.conflicting_duplicates,
                out_of_order=compacted.out_of_order,
                unusable=unusable,
                findings=findings,
                first_at=collected.first_at,
                last_at=collected.last_at,
            ),
        )

    def _told(self, line: Timeline) -> Timeline:
        spacing = self.terms.spacing_minutes
        return replace(line, spacing_ms=None if spacing is None else int(spacing * MINUTE_MS))

    def _answers(self, collected: Collected, probes: Sequence[Probe]) -> Iterator[FileFacts]:
        """A digest for each wanted monitor: of its regions' names, instants and states, rising."""
        seen = collected.observations
        order = np.lexsort((seen.states, seen.at, seen.probes))
        ends = np.cumsum(np.bincount(seen.probes, minlength=len(probes)))
        rows_of = {
            probe: order[(int(ends[number - 1]) if number else 0) : int(ends[number])]
            for number, probe in enumerate(probes)
        }
        for monitor in self.names.wanted:
            digest, rows = hashlib.sha256(), 0
            for probe in sorted(probe for probe in probes if probe[0] == monitor):
                chosen = rows_of[probe]
                digest.update(f"{probe[1]}\n{chosen.size}\n".encode())
                digest.update(seen.at[chosen].astype("<i8").tobytes())
                digest.update(seen.states[chosen].astype("<i1").tobytes())
                rows += int(chosen.size)
            path = f"{self.terms.id}:{monitor}"
            yield FileFacts(path, digest.hexdigest(), rows, monitor)


class OfCounts:
    """Rows that count requests, each over a window."""

    def __init__(self, terms: SqlDatabase, names: Names, wanted: Wanted) -> None:
        self._terms, self._names, self._wanted = terms, names, wanted
        self._windows: dict[Probe, list[RequestWindow]] = defaultdict(list)
        self._findings: list[Finding] = []
        self._rows = self._unusable = 0

    def take(self, part: Part) -> None:
        """Take some rows."""
        instants = instants_of(part.arrow("at"), self._terms.time_zone)
        faults = np.zeros(instants.at.shape) if instants.faults is None else instants.faults
        totals, failures = part.columns["total"], part.columns["failed"]
        rows = zip(part.texts("monitor"), part.texts("region"), totals, failures, strict=True)
        length_ms = int(self._terms.window_seconds or 0) * 1000
        for number, (monitor, region, total, failed) in enumerate(rows):
            place = part.place(part.first_row + number)
            if faults[number]:
                self._refuse(self._untimed(place, part.texts("at")[number], int(faults[number])))
                continue
            try:
                at = int(instants.at[number])
                window = RequestWindow(at, length_ms, Decimal(total), Decimal(failed))
            except (TypeError, ValueError):
                self._refuse(_no_counts(place, total, failed))
                continue
            self._windows[monitor, region].append(window)
        self._rows += len(totals)

    def reading(self) -> Reading:
        """What all rows say.

        Raises:
            UnusableInputError: Some cannot be used, or are about strangers.
        """
        findings = judged(
            self._findings,
            unusable=self._unusable,
            path=self._terms.id,
            bad_rows=self._terms.bad_rows,
        )
        self._names.check(monitor for monitor, _ in self._windows)
        instants = [window.at for windows in self._windows.values() for window in windows]
        return Reading(
            timelines=by_monitor(list(self._lines())),
            facts=SourceFacts(
                files=tuple(answer_of(self._terms.id, *answer) for answer in self._answers()),
                rows=self._rows,
                duplicates=sum(len(w) - len(set(w)) for w in self._windows.values()),
                unusable=self._unusable,
                findings=findings,
                first_at=min(instants, default=None),
                last_at=max(instants, default=None),
            ),
        )

    def _refuse(self, finding: Finding) -> None:
        self._unusable += 1
        if len(self._findings) < MOST_LISTED:
            self._findings.append(finding)

    def _untimed(self, place: str, text: str, fault: int) -> Finding:
        zone = self._terms.time_zone
        return time_finding(place, "at", text, fault=Fault(fault), time_zone=zone)

    def _lines(self) -> Iterator[Timeline]:
        for (called, region), windows in self._windows.items():
            monitor = self._names.ours[called]
            if not self._wanted.wants(monitor):
                continue
            try:
                line = timeline_of(windows, self._rule(monitor), monitor=monitor, region=region)
            except ValueError as error:
                raise UnusableInputError([_two_counts(self._terms.id, monitor, error)]) from None
            yield replace(line, gap_floor_ms=self._wanted.gap_floor_ms)

    def _rule(self, monitor: str) -> RequestRule:
        rule = self._terms.monitors[monitor].rule or self._terms.rule
        if rule is None:
            message = f"{monitor} has no rule"
            raise ValueError(message)
        return rule

    def _answers(self) -> Iterator[tuple[str, list[tuple[int, str, str, str]]]]:
        for monitor in self._names.wanted:
            yield (
                monitor,
                [
                    (window.at, region, plain(window.total), plain(window.failed))
                    for (called, region), windows in self._windows.items()
                    if self._names.ours[called] == monitor
                    for window in windows
                ],
            )


@dataclass(frozen=True, slots=True)
class _Log:
    """What an outage log is to be read by; see `connectors.monitoring._outages.Watched`."""

    path: str
    covers: Interval
    monitors: Sequence[str]
    regions: Sequence[str] | None
    time_zone: str | None
    bad_rows: BadRows


class OfOutages:
    """Rows that are outages, as those of a log."""

    def __init__(self, terms: SqlDatabase, names: Names, wanted: Wanted) -> None:
        self._terms, self._names, self._wanted = terms, names, wanted
        self._rows: list[OutageRow] = []

    def take(self, part: Part) -> None:
        """Take some rows."""
        columns = [*NEEDED[Yields.OUTAGES], *BESIDE[Yields.OUTAGES]]
        cells = zip(*(part.texts(column) for column in columns), strict=True)
        for row, its in enumerate(cells, part.first_row):
            self._rows.append(
                OutageRow(part.place(row), dict(zip(columns, its, strict=True)), misfit="")
            )

    def reading(self) -> Reading:
        """What all rows say.

        Raises:
            UnusableInputError: Some cannot be used, or are about strangers.
        """
        self._names.check(row.cell("monitor") for row in self._rows)
        ours = [
            replace(row, cells={**row.cells, "monitor": self._names.ours[row.cell("monitor")]})
            for row in self._rows
        ]
        fields = {name: name for name in (*NEEDED[Yields.OUTAGES], *BESIDE[Yields.OUTAGES])}
        rows: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for row in ours:
            rows[row.cell("monitor")].append(tuple(row.cells.values()))
        answers = tuple(answer_of(self._terms.id, name, rows[name]) for name in self._names.wanted)
        return OutageRows(self._log(), fields, ours).reading(answers, self._wanted)

    def _log(self) -> _Log:
        if self._terms.covers is None:
            message = f"{self._terms.id} does not say what its outages cover"
            raise ValueError(message)
        return _Log(
            path=self._terms.id,
            covers=self._terms.covers,
            monitors=tuple(self._terms.monitors),
            regions=self._terms.regions,
            time_zone=self._terms.time_zone,
            bad_rows=self._terms.bad_rows,
        )


def by_monitor(lines: Sequence[Timeline]) -> Mapping[str, tuple[Timeline, ...]]:
    """Timelines by their monitor, rising by region."""
    found: dict[str, tuple[Timeline, ...]] = {}
    for line in sorted(lines, key=lambda line: (line.monitor, line.region)):
        found[line.monitor] = (*found.get(line.monitor, ()), line)
    return MappingProxyType(found)


def _no_counts(place: str, total: object, failed: object) -> Finding:
    return Finding(
        place=place,
        fact=f"counts {failed} failed of {total} requests",
        expected="two numbers that are not negative",
        remedy=REMEDY,
    )


def _two_counts(source: str, monitor: str, error: Exception) -> Finding:
    return Finding(
        place=source,
        field="at",
        fact=f"counts a stretch of {monitor!r} twice, and differently: {error}",
        expected="windows of window_seconds that do not overlap",
        remedy="Group the query by monitor and window, or correct window_seconds.",
    )

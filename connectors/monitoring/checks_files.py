"""Checks files: what probes wrote down, one row per check, as CSV or Parquet.

Several files are one set: their order, the order of their rows and repeated rows change nothing
and are counted. Everything in the files is kept, whatever span is wanted, because an outage is
judged by its whole length and the last check before a month sets its first state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

from connectors.monitoring import BadRows, Capability, FileFacts, Reading, SourceFacts, Wanted
from connectors.monitoring._collected import Collector
from connectors.monitoring._columns import Columns
from connectors.monitoring._compaction import compact_all
from connectors.monitoring._files import SourceFile, find_files, read_each
from connectors.monitoring._rows import batches_of
from connectors.monitoring._unusable import check_zone, judged
from connectors.retry import with_retries
from models.findings import UnusableInputError
from models.outage import Timeline

COLUMNS = ("monitor", "region", "at", "up")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksFiles:
    """A source that reads checks files.

    Attributes:
        id: The source's name in the workspace.
        path: A file or a pattern of files, seen from `folder`.
        folder: The workspace's folder.
        columns: Our column names (`monitor`, `region`, `at`, `up`) to those of the files, where
            they differ. A mapped column must be there.
        monitor: The only monitor, for files without that column; "" when every file has it.
        time_zone: IANA zone of times without an offset; None refuses those.
        bad_rows: What unusable rows do.
        spacing_ms: How often the probes look at least; None where nobody knows.
    """

    id: str
    path: str
    folder: Path = Path()
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    monitor: str = ""
    time_zone: str | None = None
    bad_rows: BadRows = BadRows.REFUSE
    spacing_ms: int | None = None

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Timelines."""
        return frozenset({Capability.TIMELINES})

    def read(self, wanted: Wanted) -> Reading:
        """Read every file and compact what it says.

        Raises:
            UnusableInputError: A file or row cannot be used; every finding is listed.
            Retriable: The file system failed, several times over.
        """
        return with_retries(lambda: self._read(wanted))

    def _read(self, wanted: Wanted) -> Reading:
        columns = self._checked()
        collector = Collector(monitor=self.monitor, time_zone=self.time_zone, fields=columns.names)
        files = self._read_files(columns, collector)
        findings = judged(
            collector.findings,
            unusable=collector.unusable,
            path=self.path,
            bad_rows=self.bad_rows,
        )
        collected = collector.collected()
        compacted = compact_all(
            collected.observations,
            names=collected.names,
            wanted=[wanted.wants(monitor) for monitor, _ in collected.names],
            untimed=collected.untimed,
            gap_floor_ms=wanted.gap_floor_ms,
            better_wins=wanted.better_wins,
        )
        return Reading(
            timelines=_by_monitor(
                replace(timeline, spacing_ms=self.spacing_ms) for timeline in compacted.timelines
            ),
            facts=SourceFacts(
                files=files,
                rows=collector.rows,
                duplicates=compacted.duplicates,
                conflicting_duplicates=compacted.conflicting_duplicates,
                out_of_order=compacted.out_of_order,
                unusable=collector.unusable,
                findings=findings,
                first_at=collected.first_at,
                last_at=collected.last_at,
            ),
        )

    def _checked(self) -> Columns:
        if self.time_zone is not None:
            check_zone(self.time_zone, source=self.id)
        optional = ("region", "monitor") if self.monitor else ("region",)
        return Columns.of(COLUMNS, optional=optional, mapped=self.columns, source=self.id)

    def _read_files(self, columns: Columns, collector: Collector) -> tuple[FileFacts, ...]:
        try:
            return read_each(
                find_files(self.path, folder=self.folder),
                lambda file: self._read_file(file, columns, collector),
            )
        except UnusableInputError as error:
            raise UnusableInputError([*error.findings, *collector.findings]) from None

    def _read_file(self, file: SourceFile, columns: Columns, collector: Collector) -> FileFacts:
        before, digest = collector.rows, hashlib.sha256()
        for batch in batches_of(
            file.path,
            shown=file.shown,
            columns=columns,
            time_zone=self.time_zone,
            digest=digest,
        ):
            collector.add(batch)
        return FileFacts(file.shown, digest.hexdigest(), collector.rows - before)


def read_checks(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    monitor: str = "",
    time_zone: str | None = None,
    bad_rows: BadRows = BadRows.REFUSE,
    gap_floor_ms: int | None = None,
    better_wins: bool = False,
) -> Reading:
    """Read one checks file, or a pattern of them, without a workspace.

    Args:
        path: The file, seen from the current folder.
        columns: Our column names to those of the file, where they differ.
        monitor: The only monitor, for a file without that column.
        time_zone: IANA zone of times without an offset; None refuses those.
        bad_rows: What unusable rows do.
        gap_floor_ms: Silences of at least this length are kept as gaps; None keeps none.
        better_wins: Of conflicting observations at one instant the better one stands.

    Raises:
        UnusableInputError: The file or a row of it cannot be used; every finding is listed.
    """
    source = ChecksFiles(
        id=str(path),
        path=str(path),
        columns=columns or {},
        monitor=monitor,
        time_zone=time_zone,
        bad_rows=bad_rows,
    )
    return source.read(Wanted(gap_floor_ms=gap_floor_ms, better_wins=better_wins))


def _by_monitor(made: Iterable[Timeline]) -> Mapping[str, tuple[Timeline, ...]]:
    ordered = sorted(made, key=lambda timeline: (timeline.monitor, timeline.region))
    by_monitor = groupby(ordered, key=lambda timeline: timeline.monitor)
    return MappingProxyType({monitor: tuple(regions) for monitor, regions in by_monitor})

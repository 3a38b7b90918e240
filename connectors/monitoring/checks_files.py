"""Checks files: what probes wrote down, one row per check, as CSV or Parquet.

Several files are one set: their order, the order of their rows and repeated rows change nothing
and are counted. Everything in the files is kept, whatever span is wanted, because an outage is
judged by its whole length and the last check before a month sets its first state.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from connectors.monitoring import (
    BadRows,
    Capability,
    FileFacts,
    FileMark,
    MonthArtifacts,
    Reading,
    SourceFacts,
    Wanted,
)
from connectors.monitoring._collected import Collected, Collector
from connectors.monitoring._columns import Columns
from connectors.monitoring._compaction import compact_all, with_unknown
from connectors.monitoring._engine.measure import DEFAULT_FLOOR_MS, Asked, measure, measure_rows
from connectors.monitoring._engine.packing import (
    artifacts_of,
    united,
    unpacked_minutes,
    unpacked_runs,
)
from connectors.monitoring._engine.scan import Layout, Unfit
from connectors.monitoring._files import SourceFile, find_files, read_each
from connectors.monitoring._rows import batches_of
from connectors.monitoring._unusable import check_zone, judged
from connectors.retry import with_retries
from models.artifacts import Artifact
from models.findings import UnusableInputError, refuse
from models.outage import Timeline
from models.runs import Runs

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
        """Timelines, also as artifacts to be kept."""
        return frozenset({Capability.TIMELINES, Capability.ARTIFACTS})

    @property
    def settings(self) -> str:
        """All that decides what the files mean."""
        meaning = {
            "path": self.path,
            "columns": dict(self.columns),
            "monitor": self.monitor,
            "time_zone": self.time_zone,
            "bad_rows": self.bad_rows.value,
        }
        return json.dumps(meaning, sort_keys=True)

    def marks(self) -> tuple[FileMark, ...]:
        """Every file as it is now."""
        found = []
        for file in find_files(self.path, folder=self.folder):
            status = file.path.stat()
            found.append(FileMark(file.shown, status.st_size, status.st_mtime_ns))
        return tuple(found)

    def digest(self, path: str) -> str:
        """SHA-256 of a file's bytes."""
        with (self.folder / path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def checks_by_day(self, minutes: Artifact) -> Mapping[str, int]:
        """How many checks minute counts count on each day."""
        return {day: counts.checks for day, counts in unpacked_minutes(minutes).items()}

    def united(self, kept: MonthArtifacts, now: MonthArtifacts) -> MonthArtifacts:
        """A month as two readings tell it together, where files of the first one are gone.

        Raises:
            ValueError: They contradict each other, or an artifact is not what was kept.
        """
        return united(kept, now)

    def recalled(self, artifacts: Iterable[Artifact], wanted: Wanted) -> Reading:
        """What kept runs say about what is wanted."""
        months: dict[str, list[Artifact]] = {}
        for artifact in artifacts:
            months.setdefault(artifact.monitor, []).append(artifact)
        kept = (
            Runs.joined([unpacked_runs(a) for a in sorted(its, key=lambda a: a.month)])
            for monitor, its in months.items()
            if wanted.wants(monitor)
        )
        return Reading(timelines=self._timelines(kept, wanted))

    def monitor_names(self) -> frozenset[str]:
        """Every monitor that the files name; nothing else of them is read.

        Raises:
            UnusableInputError: There is no file, or one that cannot be read.
        """
        columns = self._checked()
        found = find_files(self.path, folder=self.folder)
        return frozenset(name for file in found for name in self._named_in(file, columns))

    def _named_in(self, file: SourceFile, columns: Columns) -> Iterable[str]:
        wanted = columns.names["monitor"]
        try:
            if file.path.suffix == ".parquet":
                column = pa.parquet.read_table(file.path, columns=[wanted]).column(wanted)
            else:
                only = pa.csv.ConvertOptions(
                    include_columns=[wanted], column_types={wanted: pa.string()}
                )
                column = pa.csv.read_csv(file.path, convert_options=only).column(wanted)
        except (pa.ArrowException, KeyError, OSError) as error:
            if self.monitor:
                return [self.monitor]
            raise refuse(
                file.shown,
                f"does not tell its monitors: {error}",
                expected=f"a checks file with the column {wanted}",
                remedy="`makegood sources test` says more about it.",
            ) from None
        return [str(name) for name in column.unique().to_pylist() if name is not None]

    def read(self, wanted: Wanted) -> Reading:
        """Read every file and compact what it says.

        Raises:
            UnusableInputError: A file or row cannot be used; every finding is listed.
            Retriable: The file system failed, several times over.
        """
        return with_retries(lambda: self._read(wanted))

    def _read(self, wanted: Wanted) -> Reading:
        columns = self._checked()
        try:
            return self._read_fast(columns, wanted)
        except Unfit:
            return self._read_any(columns, wanted)

    def _read_fast(self, columns: Columns, wanted: Wanted) -> Reading:
        """Read Parquet files in which nothing needs a closer look.

        Raises:
            Unfit: Something does.
        """
        found = find_files(self.path, folder=self.folder)
        layouts = [self._layout(file, columns) for file in found]
        measured = measure(layouts, self._asked(wanted))
        kept = artifacts_of(measured) if wanted.artifacts else ()
        runs = (runs for runs in measured.runs() if wanted.wants(runs.monitor))
        files = tuple(
            FileFacts(file.shown, self._digest_of(file), measured.rows_of.get(number, 0))
            for number, file in enumerate(found)
        )
        return Reading(
            timelines=self._timelines(runs, wanted),
            facts=SourceFacts(
                files=files,
                rows=measured.rows,
                duplicates=measured.duplicates if wanted.counts_repeated else None,
                conflicting_duplicates=measured.conflicting if wanted.counts_repeated else None,
                out_of_order=measured.out_of_order,
                first_at=measured.first_at,
                last_at=measured.last_at,
            ),
            artifacts=tuple(kept),
        )

    def _layout(self, file: SourceFile, columns: Columns) -> Layout:
        try:
            header = pa.parquet.read_schema(file.path).names
            positions = columns.locate(header, place=file.shown)
            return Layout.of(file.path, {ours: header[place] for ours, place in positions.items()})
        except (pa.ArrowException, UnusableInputError, OSError):
            raise Unfit from None

    def _digest_of(self, file: SourceFile) -> str:
        with file.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def _asked(self, wanted: Wanted) -> Asked:
        floor = DEFAULT_FLOOR_MS
        if wanted.gap_floor_ms is not None:
            floor = max(min(wanted.gap_floor_ms, floor), 1)
        return Asked(
            floor_ms=floor,
            better_wins=wanted.better_wins,
            monitor=self.monitor,
            counts=wanted.artifacts,
            repeated=wanted.counts_repeated,
        )

    def _timelines(
        self, kept: Iterable[Runs], wanted: Wanted
    ) -> Mapping[str, tuple[Timeline, ...]]:
        made = (line for runs in kept for line in runs.timelines(wanted.gap_floor_ms))
        return _by_monitor(replace(line, spacing_ms=self.spacing_ms) for line in made)

    def _read_any(self, columns: Columns, wanted: Wanted) -> Reading:
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
                duplicates=compacted.duplicates if wanted.counts_repeated else None,
                conflicting_duplicates=compacted.conflicting_duplicates
                if wanted.counts_repeated
                else None,
                out_of_order=compacted.out_of_order,
                unusable=collector.unusable,
                findings=findings,
                first_at=collected.first_at,
                last_at=collected.last_at,
            ),
            artifacts=self._kept(collected, wanted) if wanted.artifacts else (),
        )

    def _kept(self, collected: Collected, wanted: Wanted) -> tuple[MonthArtifacts, ...]:
        rows = with_unknown(collected.observations, len(collected.names), collected.untimed)
        measured = measure_rows(rows, collected.names, self._asked(wanted))
        return tuple(artifacts_of(measured))

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
    repeated: bool = True,
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
        repeated: Whether repeated rows are to be counted.

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
    wanted = Wanted(gap_floor_ms=gap_floor_ms, better_wins=better_wins, repeated=repeated)
    return source.read(wanted)


def _by_monitor(made: Iterable[Timeline]) -> Mapping[str, tuple[Timeline, ...]]:
    ordered = sorted(made, key=lambda timeline: (timeline.monitor, timeline.region))
    by_monitor = groupby(ordered, key=lambda timeline: timeline.monitor)
    return MappingProxyType({monitor: tuple(regions) for monitor, regions in by_monitor})

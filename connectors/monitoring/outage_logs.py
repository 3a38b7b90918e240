"""Outage logs: incidents with a start and an end, one per row, as CSV.

A log says for which stretch of time it is complete (`covers`); what its rows mean is written in
`_outages.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from connectors.monitoring import BadRows, Capability, FileFacts, Reading, Wanted
from connectors.monitoring._columns import Columns
from connectors.monitoring._csv import CsvFile
from connectors.monitoring._files import SourceFile, find_files, read_each
from connectors.monitoring._outages import OutageRow, OutageRows
from connectors.monitoring._unusable import check_zone
from connectors.retry import with_retries
from models.intervals import Interval

COLUMNS = ("monitor", "started_at", "ended_at", "incident_id", "source_link", "region")
OPTIONAL = ("incident_id", "source_link", "region")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageLogs:
    """A source that reads outage logs.

    Attributes:
        id: The source's name in the workspace.
        path: A file or a pattern of files, seen from `folder`.
        covers: The stretch that the log is complete for.
        folder: The workspace's folder.
        monitors: What the log watched; None for the monitors that it names.
        regions: Where the log watched from; None for the regions that it names. They concern
            monitors with a row that names a region; the others have no regions.
        columns: Our column names (`monitor`, `started_at`, `ended_at`, `incident_id`,
            `source_link`, `region`) to those of the files, where they differ.
        time_zone: IANA zone of times without an offset; None refuses those.
        bad_rows: What unusable rows do.
    """

    id: str
    path: str
    covers: Interval
    folder: Path = Path()
    monitors: Sequence[str] | None = None
    regions: Sequence[str] | None = None
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    time_zone: str | None = None
    bad_rows: BadRows = BadRows.REFUSE

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Timelines, and the incidents behind their outages."""
        return frozenset({Capability.TIMELINES, Capability.INCIDENTS})

    def read(self, wanted: Wanted) -> Reading:
        """Read every file and lay the outages on the stretch that the log covers.

        Raises:
            UnusableInputError: A file or row cannot be used; every finding is listed.
            Retriable: The file system failed, several times over.
        """
        return with_retries(lambda: self._read(wanted))

    def _read(self, wanted: Wanted) -> Reading:
        if self.time_zone is not None:
            check_zone(self.time_zone, source=self.id)
        columns = Columns.of(COLUMNS, optional=OPTIONAL, mapped=self.columns, source=self.id)
        rows: list[OutageRow] = []
        files = read_each(
            find_files(self.path, folder=self.folder),
            lambda file: _read_file(file, columns, rows),
        )
        return OutageRows(self, columns.names, rows).reading(files, wanted)


def _read_file(file: SourceFile, columns: Columns, rows: list[OutageRow]) -> FileFacts:
    digest, before = hashlib.sha256(), len(rows)
    with file.path.open("rb") as stream:
        rows += _rows(stream, file.shown, columns, digest)
    return FileFacts(file.shown, digest.hexdigest(), len(rows) - before)


def _rows(
    stream: BinaryIO, shown: str, columns: Columns, digest: hashlib._Hash
) -> Iterator[OutageRow]:
    file = CsvFile(stream, shown, digest)
    positions = columns.locate(file.header, place=f"{shown}:{file.header_line}")
    width = len(file.header)
    for line, cells in file.rows():
        if not any(cell.strip() for cell in cells):
            continue
        misfit = f"has {len(cells)} cells, the header has {width}" if len(cells) != width else ""
        found = {ours: cells[at].strip() for ours, at in positions.items() if at < len(cells)}
        yield OutageRow(f"{shown}:{line}", found, misfit)

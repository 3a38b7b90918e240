"""What the sources of a workspace watch, as far as its folder tells: no network is asked.

A source that is asked over the network names its monitors in `makegood.yaml`; files name them in
their rows. Where a file is missing or cannot be read, nobody can tell, and nothing is called
unknown: the run itself, and `makegood sources test`, say what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from connectors.errors import ConnectorError
from connectors.monitoring import Wanted
from connectors.monitoring.checks_files import ChecksFiles
from connectors.terms.files import WorkspaceFolder
from flows.sources import source_of
from models.findings import UnusableInputError
from models.linting.contracts import Watched
from models.sources import AnySource


def watched_in(folder: Path) -> Watched | None:
    """What the sources of a workspace watch; None where that cannot be told."""
    try:
        workspace = WorkspaceFolder(folder).workspace()
        return _joined(_watched_by(source, folder) for source in workspace.sources)
    except (UnusableInputError, ConnectorError):
        return None


def _joined(each: Iterable[Watched]) -> Watched:
    monitors, counted = set[str](), set[str]()
    for one in each:
        monitors |= one.monitors
        counted |= one.counted
    return Watched(frozenset(monitors), frozenset(counted))


def _watched_by(terms: AnySource, folder: Path) -> Watched:
    named = getattr(terms, "monitors", None)
    if isinstance(named, Mapping | tuple):
        return Watched(frozenset(named))
    source = source_of(terms, folder)
    if isinstance(source, ChecksFiles):
        return Watched(source.monitor_names())
    reading = source.read(Wanted(repeated=False))
    return Watched(frozenset(reading.timelines), frozenset(name for name, _ in reading.counts))

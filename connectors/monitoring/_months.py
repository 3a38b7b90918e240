"""A monitor's answers as artifacts of UTC months, and back: what is kept of sources that are asked.

Such a source tells states and counts no single checks, so that its minute counts are empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connectors.monitoring import MonthArtifacts
from connectors.monitoring._engine.packing import packed_minutes, packed_runs, unpacked_runs
from models.answers import Told, joined, within
from models.artifacts import Artifact
from models.intervals import IntervalSet
from models.period import ServiceMonth
from models.runs import Run, Runs


def packed(
    monitor: str, told: Told, months: Iterable[str], *, floor_ms: int
) -> Iterator[MonthArtifacts]:
    """What is told of each of these UTC months, where anything is."""
    for month in months:
        bounds = IntervalSet.of([ServiceMonth.parse(month).bounds("UTC")])
        inside = {
            region: part
            for region, runs in told.items()
            if (part := within(runs, bounds, floor_ms=floor_ms))
        }
        if inside:
            runs = Runs.of(monitor, inside, floor_ms=floor_ms)
            yield MonthArtifacts(
                monitor=monitor,
                month=month,
                floor_ms=floor_ms,
                runs=packed_runs(runs, month),
                minutes=packed_minutes(monitor, month, {}),
            )


def unpacked(artifacts: Iterable[Artifact], *, floor_ms: int) -> Mapping[str, tuple[Run, ...]]:
    """What a monitor's months tell, by region.

    Raises:
        ValueError: An artifact is not what was stored.
    """
    told: dict[str, list[Run]] = {}
    for artifact in sorted(artifacts, key=lambda artifact: artifact.month):
        for region, runs in unpacked_runs(artifact).told.items():
            told.setdefault(region, []).extend(runs)
    return {region: joined(runs, floor_ms=floor_ms) for region, runs in told.items()}

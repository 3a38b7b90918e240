"""Artifacts as bytes: what is stored of a monitor's month, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import groupby

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from connectors.monitoring import MonthArtifacts
from connectors.monitoring._engine.chunks import ZSTD, Chunk
from connectors.monitoring._engine.measure import Measured, dates, month_edges
from models.artifacts import Artifact, ArtifactKind
from models.intervals import utc
from models.minutes import DayCounts, digest, month_bytes
from models.outage import State
from models.runs import Runs

TIGHT = pa.Codec("zstd", compression_level=3)


def artifacts_of(measured: Measured) -> Iterator[MonthArtifacts]:
    """The two artifacts of every monitor and UTC month."""
    for runs in measured.runs():
        chunks = dates(measured.chunks.get(runs.monitor, {}))
        counts = {month: dict(days) for month, days in groupby(chunks.items(), _month_of_day)}
        for month, part in _by_month(runs):
            yield MonthArtifacts(
                monitor=runs.monitor,
                month=month,
                floor_ms=runs.floor_ms,
                runs=packed_runs(part, month),
                minutes=packed_minutes(runs.monitor, month, counts.get(month, {})),
            )


def _month_of_day(day: tuple[str, Chunk]) -> str:
    return day[0][:7]


def _by_month(runs: Runs) -> Iterator[tuple[str, Runs]]:
    edges = month_edges(int(runs.first.min()), int(runs.last.max()))
    number = np.searchsorted(np.array(edges), runs.first, side="right")
    for month, edge in enumerate(edges, start=1):
        rows = np.flatnonzero(number == month)
        if rows.size:
            yield utc(edge).strftime("%Y-%m"), _chosen(runs, rows)


def _chosen(runs: Runs, rows: np.ndarray) -> Runs:
    present = sorted(set(runs.places[rows].tolist()))
    rank = np.zeros(len(runs.regions), np.int32)
    rank[present] = np.arange(len(present), dtype=np.int32)
    return Runs(
        monitor=runs.monitor,
        regions=tuple(runs.regions[place] for place in present),
        floor_ms=runs.floor_ms,
        places=rank[runs.places[rows]],
        first=runs.first[rows],
        last=runs.last[rows],
        states=runs.states[rows],
    )


def packed_runs(runs: Runs, month: str) -> Artifact:
    """A month's runs as they are stored."""
    content = runs.canonical()
    body = len(content).to_bytes(8, "little") + TIGHT.compress(content, asbytes=True)
    return Artifact(digest(content), ArtifactKind.RUNS, runs.monitor, month, body)


def unpacked_runs(artifact: Artifact) -> Runs:
    """The runs of an artifact.

    Raises:
        ValueError: They are not what was stored.
    """
    size = int.from_bytes(artifact.body[:8], "little")
    content = _opened(artifact.body[8:], size, artifact.digest)
    return Runs.parsed(content)


def packed_minutes(monitor: str, month: str, days: Mapping[str, Chunk]) -> Artifact:
    """A month's minute counts as they are stored."""
    digests = {day: chunk.digest for day, chunk in days.items()}
    head = {day: [chunk.digest, chunk.size, len(chunk.packed)] for day, chunk in days.items()}
    body = json.dumps(head, sort_keys=True).encode() + b"\n"
    body += b"".join(chunk.packed for _, chunk in sorted(days.items()))
    content = month_bytes(monitor, month, digests)
    return Artifact(digest(content), ArtifactKind.MINUTES, monitor, month, body)


def unpacked_minutes(artifact: Artifact) -> Mapping[str, DayCounts]:
    """The counts of every day of an artifact, by ISO date.

    Raises:
        ValueError: They are not what was stored.
    """
    chunks = dict(_chunks(artifact))
    digests = {day: chunk.digest for day, chunk in chunks.items()}
    if digest(month_bytes(artifact.monitor, artifact.month, digests)) != artifact.digest:
        raise _altered(artifact.digest)
    return {day: chunk.counts() for day, chunk in chunks.items()}


def united(kept: MonthArtifacts, now: MonthArtifacts) -> MonthArtifacts:
    """A month as two readings tell it together, each of other days or of more checks of a day.

    Raises:
        ValueError: They contradict each other about a day, or are not what was stored.
    """
    runs = Runs.united([unpacked_runs(kept.runs), unpacked_runs(now.runs)])
    chunks, others = (dict(_chunks(month.minutes)) for month in (kept, now))
    for day, chunk in others.items():
        chunks[day] = _fuller(chunks.get(day, chunk), chunk)
    return MonthArtifacts(
        monitor=kept.monitor,
        month=kept.month,
        floor_ms=runs.floor_ms,
        runs=packed_runs(runs, kept.month),
        minutes=packed_minutes(kept.monitor, kept.month, chunks),
    )


def _chunks(artifact: Artifact) -> Iterator[tuple[str, Chunk]]:
    line, packed = artifact.body.split(b"\n", 1)
    place = 0
    for day, (name, size, length) in sorted(json.loads(line, parse_float=Decimal).items()):
        yield day, Chunk(name, size, packed[place : place + length])
        place += length


def _fuller(one: Chunk, other: Chunk) -> Chunk:
    """Of two days' counts the one that holds every check of the other one."""
    if one.digest == other.digest:
        return one
    first, second = _by_probe(one.counts()), _by_probe(other.counts())
    if _holds(first, second):
        return one
    if _holds(second, first):
        return other
    message = f"minute counts {one.digest[:12]} and {other.digest[:12]} contradict each other"
    raise ValueError(message)


ByProbe = Mapping[tuple[str, State], NDArray[np.uint32]]
"""The minutes of each region in which a state was seen, by region and state."""


def _holds(fuller: ByProbe, less: ByProbe) -> bool:
    return all(
        name in fuller and bool((fuller[name] >= minutes).all()) for name, minutes in less.items()
    )


def _by_probe(day: DayCounts) -> ByProbe:
    return {
        (region, state): minutes
        for state, plane in day.counts.items()
        for region, minutes in zip(day.regions, plane, strict=True)
        if minutes.any()
    }


def _opened(packed: bytes, size: int, name: str) -> bytes:
    try:
        content = bytes(ZSTD.decompress(packed, size, asbytes=True))
    except (pa.ArrowException, OSError):
        raise _altered(name) from None
    if digest(content) != name:
        raise _altered(name)
    return content


def _altered(name: str) -> ValueError:
    return ValueError(f"stored evidence {name[:12]} is not what was stored")

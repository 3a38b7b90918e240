"""What is kept of a monitor's month once its raw checks are gone: two artifacts and an index.

An artifact is named by the SHA-256 of its content's canonical bytes and written once. The index
says which artifacts are a monitor's month as a source tells it; data that come late make another
version of it, and the older one stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.terms import JsonValue


class ArtifactKind(StrEnum):
    """Exact runs (`models.runs`) or minute counts (`models.minutes`)."""

    RUNS = "runs"
    MINUTES = "minutes"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact as it is stored.

    Attributes:
        digest: SHA-256 of its content's canonical bytes.
        kind: What it holds.
        monitor: The monitor that it tells of.
        month: The UTC month, such as 2026-05.
        body: The content, packed.
    """

    digest: str
    kind: ArtifactKind
    monitor: str
    month: str
    body: bytes


@dataclass(frozen=True, slots=True)
class KeptMonth:
    """One version of a monitor's UTC month as a source tells it under a rule.

    Attributes:
        source: The source's id.
        rule: Which of conflicting checks stands: worse_wins or better_wins.
        monitor: The monitor.
        month: The UTC month, such as 2026-05.
        version: Counted from 1.
        floor_ms: Silences of at least this length are told of.
        runs: Digest of its runs.
        minutes: Digest of its minute counts.
    """

    source: str
    rule: str
    monitor: str
    month: str
    version: int
    floor_ms: int
    runs: str
    minutes: str


@dataclass(frozen=True, slots=True)
class KeptReading:
    """What a source's files were when they were last read.

    Attributes:
        source: The source's id.
        rule: Which of conflicting checks stands: worse_wins or better_wins.
        body: Settings, files with marks and digests, and facts, as JSON values.
    """

    source: str
    rule: str
    body: Mapping[str, JsonValue]

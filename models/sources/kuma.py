"""Uptime Kuma: its SQLite database, or what it answers as JSON with heartbeats."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.sources.base import FileSource, SignalKind
from models.sources.files import BadRows
from models.terms import Minutes, Name, Terms, Whole


class Pending(StrEnum):
    """What a pending heartbeat counts as: a check failed, and Kuma will try again."""

    UNKNOWN = "unknown"
    DOWN = "down"


class KumaMonitor(Terms):
    """How Uptime Kuma knows a monitor: by its number, or by its name.

    Attributes:
        number: The id in its address, such as 7 in `/dashboard/7`.
        name: Its name, where only one has it.
        signal: What kind of witness it is; None as the whole source.
    """

    number: Whole | None = None
    name: Name | None = None
    signal: SignalKind | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> KumaMonitor:
        if (self.number is None) is (self.name is None):
            raise PydanticCustomError(
                "kuma_monitor",
                "a number or a name",
                {"fact": "has both or neither", "remedy": "Give one of them."},
            )
        return self

    def __str__(self) -> str:
        """The monitor as people know it."""
        return f"number {self.number}" if self.name is None else f'"{self.name}"'


class UptimeKuma(FileSource):
    """An Uptime Kuma's `kuma.db`, or JSON with a `heartbeatList`.

    Attributes:
        monitors: The contract's name of each monitor, and how Kuma knows it.
        pending: What a pending heartbeat counts as.
        spacing_minutes: How often Kuma looks at least; it forgets uneventful heartbeats, and bounds
            of the uptime are as wide as that. None where nobody knows.
        bad_rows: What unusable heartbeats do.
    """

    kind: Literal["uptime_kuma"]
    monitors: Annotated[Mapping[Name, KumaMonitor], Field(min_length=1)]
    pending: Pending = Pending.UNKNOWN
    spacing_minutes: Minutes | None = None
    bad_rows: BadRows = BadRows.REFUSE

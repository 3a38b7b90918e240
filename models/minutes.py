"""Minute counts: how many checks of a monitor said what in each minute, per region.

The second of the two artifacts that a monitor's month is kept as (`models.runs` is the other).
Repeated checks count once, and of contradicting ones the one that stands. Days are kept apart, each
under the digest of its own bytes; the month's bytes name the days' digests, so that a month is
known by its content without being unpacked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.outage import State

MAGIC = b"makegood minutes 1\n"
MINUTES_PER_DAY = 1440
WIDTHS = ("<u1", "<u2", "<u4")
"""How a count is written: as narrow as the day's largest one fits."""


@dataclass(frozen=True, slots=True, eq=False)
class DayCounts:
    """One monitor's UTC day.

    Attributes:
        regions: Where its probes stand, rising; only those with a check on that day.
        counts: For each state that was seen, checks per region and minute, shape (regions, 1440).
    """

    regions: tuple[str, ...]
    counts: Mapping[State, NDArray[np.uint32]]

    @property
    def checks(self) -> int:
        """How many checks are counted."""
        return sum(int(plane.sum()) for plane in self.counts.values())

    def canonical(self) -> bytes:
        """The same bytes for the same counts."""
        states = tuple(state for state in State if state in self.counts)
        largest = max((int(self.counts[state].max()) for state in states), default=0)
        width = next(name for name in WIDTHS if largest <= np.iinfo(np.dtype(name)).max)
        planes = [self.counts[state].astype(width).tobytes() for state in states]
        return day_head(self.regions, states, width) + b"".join(planes)

    @classmethod
    def parsed(cls, content: bytes) -> Self:
        """The counts of canonical bytes.

        Raises:
            ValueError: They are not canonical bytes of a day's counts.
        """
        if not content.startswith(MAGIC):
            message = f"a day's counts begin with {MAGIC!r}, not with {content[: len(MAGIC)]!r}"
            raise ValueError(message)
        end = content.index(b"\n", len(MAGIC))
        head = json.loads(content[len(MAGIC) : end], parse_float=Decimal)
        shape = (len(head["states"]), len(head["regions"]), MINUTES_PER_DAY)
        cells = np.frombuffer(content, np.dtype(head["width"]), -1, end + 1).reshape(shape)
        planes = zip(head["states"], cells.astype(np.uint32), strict=True)
        return cls(
            regions=tuple(head["regions"]),
            counts={State[name.upper()]: plane for name, plane in planes},
        )


@lru_cache(maxsize=1024)
def day_head(regions: tuple[str, ...], states: tuple[State, ...], width: str) -> bytes:
    """What stands before the counts of a day."""
    head = {"regions": list(regions), "states": [s.name.lower() for s in states], "width": width}
    return MAGIC + json.dumps(head, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def month_bytes(monitor: str, month: str, days: Mapping[str, str]) -> bytes:
    """The canonical bytes of a month's counts, which name each day's digest.

    Args:
        monitor: The monitor's name.
        month: The UTC month, such as 2026-05.
        days: SHA-256 of each day's canonical bytes, by ISO date.
    """
    head = {"monitor": monitor, "month": month, "days": dict(sorted(days.items()))}
    return MAGIC + json.dumps(head, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def digest(content: bytes) -> str:
    """SHA-256 of canonical bytes, in hexadecimal: an artifact's name."""
    return hashlib.sha256(content).hexdigest()

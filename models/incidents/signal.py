"""One event of a monitor, whoever told it: the form into which every webhook is brought.

It is the first thing that the guard reads, long before anything is said to anybody. It never
measures a month: what is owed follows from the evidence of `models.uptime`, not from alerts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.decision import digest_of
from models.findings import Finding
from models.intervals import MINUTE_MS, utc_text
from models.terms import JsonValue

MOST_AHEAD_MS = 5 * MINUTE_MS
"""How far a sender's clock may be ahead of ours."""

LONGEST_NAME = 200
"""Characters of a monitor's, a region's or an event's name."""

LATEST_MS = 253_402_300_800_000
"""The end of the year 9999, after which no instant can be written."""


class Condition(StrEnum):
    """What a monitor says of the service."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A monitor went down or came up again.

    Attributes:
        source: Id of the workspace's source that told it.
        monitor: The monitor's name at that source.
        condition: What it says from then on.
        at: The instant from which on it says so, by the source's clock.
        region: Where it looked from; "" where that is not said.
        duration_ms: For how long it had been down, where an event about coming up says so.
        event: The sender's own id of the event; "" where there is none.
    """

    source: str
    monitor: str
    condition: Condition
    at: int
    region: str = ""
    duration_ms: int | None = None
    event: str = ""

    def __post_init__(self) -> None:
        """Refuse to exist without a name, outside of time, or with a negative length."""
        names = (self.monitor, self.region, self.event)
        if not self.monitor.strip() or max(map(len, names)) > LONGEST_NAME:
            message = f"a monitor has a name, and no name has over {LONGEST_NAME} characters"
            raise ValueError(message)
        if not all(name.isprintable() for name in names):
            message = "a name holds a sign that cannot be printed"
            raise ValueError(message)
        if not 0 <= self.at < LATEST_MS:
            message = f"{self.at} is no instant between 1970 and 9999"
            raise ValueError(message)
        if self.duration_ms is not None and self.duration_ms < 0:
            message = f"{self.duration_ms} ms is no length"
            raise ValueError(message)

    @property
    def id(self) -> str:
        """What a second delivery of the same event has as well: 64 hexadecimal digits.

        The sender's own id where there is one, with what it said; else what was said alone.
        """
        said = [self.event, self.monitor, self.region, self.condition.value]
        return digest_of(said if self.event else [*said, self.at])

    @property
    def record(self) -> dict[str, JsonValue]:
        """The event as canonical JSON values."""
        return {
            "source": self.source,
            "monitor": self.monitor,
            "region": self.region,
            "condition": self.condition.value,
            "at": utc_text(self.at),
            "duration_ms": self.duration_ms,
        }


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as it was stored.

    Attributes:
        number: Its place among all that was heard; rises with every event.
        signal: What was told.
        heard_at: When it was stored, by the database's clock.
    """

    number: int
    signal: Signal
    heard_at: int


def ahead_of(signal: Signal, now: int) -> Finding | None:
    """What is wrong with an event from the future, which would drown every true one after it."""
    if signal.at - now <= MOST_AHEAD_MS:
        return None
    return Finding(
        place=f"{signal.source}/{signal.monitor}",
        fact=f"says that it changed at {utc_text(signal.at)}, at {utc_text(now)}",
        expected=f"a time at most {MOST_AHEAD_MS // MINUTE_MS} minutes ahead",
        remedy="Set the sender's clock.",
    )

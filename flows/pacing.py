"""How fast a run writes at a far side: at the limit, and politely below it after a refusal.

What may go out at once and per second is halved when the far side says that it is too much, and
grows back slowly. A limit is never a failure.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from connectors.retry import pause

SLACK_US = 1_030_000
"""A second with a margin, in microseconds: jitter must not push two requests into one slot."""

SECOND_US = 1_000_000
MINUTE_US = 60 * SLACK_US
SLOWEST_US = 10_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What a far side bears.

    Attributes:
        at_once: Writers at the same time; 1 works in the caller's own thread.
        per_second: Requests per second; None when nothing is published.
        per_minute: Requests per minute, where a limit is that slow; None for none.
        wait_for_turn: Waits until one more request may leave, where the connector knows: it shares
            a rate with other programs. None leaves it to the gaps.
    """

    at_once: int = 1
    per_second: int | None = None
    per_minute: int | None = None
    wait_for_turn: Callable[[], None] | None = None

    @property
    def gap_us(self) -> int:
        """Microseconds between two requests, the longer one of both limits."""
        by_second = SLACK_US // self.per_second if self.per_second else 0
        by_minute = MINUTE_US // self.per_minute if self.per_minute else 0
        return max(by_second, by_minute)


def boottime_ms() -> int:
    """Milliseconds since the host started, time asleep included; never set back."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


@dataclass(frozen=True, slots=True)
class Clocks:
    """The host's clock and how to wait; tests bring their own."""

    boottime_ms: Callable[[], int] = boottime_ms
    pause: Callable[[int], None] = pause


class Pace:
    """The adaptive limits of one run; threads may share it."""

    def __init__(self, limits: Limits, clocks: Clocks) -> None:
        """Start with one writer, at the published rate; with all where turns are waited for."""
        self._limits, self._clocks = limits, clocks
        self._guard = Lock()
        self._width, self._gone_well = limits.at_once if limits.wait_for_turn else 1, 0
        self._best_us = limits.gap_us
        self._gap_us = self._best_us
        self._next_us = self._slowed_at_us = self._eased_at_us = 0

    @property
    def width(self) -> int:
        """How many writers may work now, at least one."""
        return self._width

    def turn(self) -> None:
        """Wait until the next request may go out."""
        if self._limits.wait_for_turn is not None:
            self._limits.wait_for_turn()
            return
        with self._guard:
            now = self._now_us()
            slot = max(now, self._next_us)
            self._next_us = slot + self._gap_us
        if slot > now:
            self._clocks.pause((slot - now + 999) // 1000)

    def went_well(self) -> None:
        """One more writer after as many successes as there are; once a second a shorter gap."""
        with self._guard:
            self._gone_well += 1
            if self._gone_well >= self._width:
                self._width = min(self._width + 1, self._limits.at_once)
                self._gone_well = 0
            now = self._now_us()
            if now - self._eased_at_us >= SECOND_US:
                self._gap_us = max(self._best_us, self._gap_us * 19 // 20)
                self._eased_at_us = now

    def limited(self) -> None:
        """Half as much, once for all refusals of the same second; turns are late by themselves."""
        if self._limits.wait_for_turn is not None:
            return
        with self._guard:
            now = self._now_us()
            if now - self._slowed_at_us < SECOND_US and self._slowed_at_us:
                return
            self._slowed_at_us = self._eased_at_us = now
            self._width, self._gone_well = max(1, self._width // 2), 0
            self._gap_us = min(self._gap_us * 2, max(SLOWEST_US, self._best_us))

    def _now_us(self) -> int:
        return self._clocks.boottime_ms() * 1000

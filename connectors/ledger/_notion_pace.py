"""Whose turn it is at Notion: one rate for all programs that use a token.

Whoever hands out the moments (the store, for all processes over one database) is asked for each
request; this module waits for them. A turn may be taken ahead, before an attempt is written down,
so that nothing is waited for between the two.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

MINUTE_US = 60_000_000
USED_PERCENT = 97
"""How much of the rate is used: the rest is for requests that travel unevenly."""

SPELL_US = 10_000_000
"""In any time so long no more requests leave than the rate allows for it, whatever delayed them."""

SPREAD_US = 300_000
"""How unevenly requests may travel; the rate that is used leaves so much in a spell."""

LATE_US = 5_000_000
"""A turn that was taken ahead is used within this time, or another one is taken."""


def gap_us(requests_per_minute: int) -> int:
    """Microseconds between two requests, a little more than the rate asks for.

    >>> gap_us(180)
    343643
    """
    return -(-MINUTE_US * 100 // (requests_per_minute * USED_PERCENT))


def awake_us() -> int:
    """Microseconds since the machine started, the time that it slept included."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1000


def sleep_us(duration: int) -> None:
    """Let so many microseconds pass."""
    time.sleep(duration / 1_000_000)


@dataclass(frozen=True, slots=True)
class Turns:
    """Who hands out the moments.

    Attributes:
        take: Takes the next moment; how many microseconds it is away.
        hold_off: Lets nobody take a moment within so many microseconds.
    """

    take: Callable[[], int]
    hold_off: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Clock:
    """The host's time and how to wait; tests bring their own."""

    now_us: Callable[[], int] = awake_us
    sleep_us: Callable[[int], None] = sleep_us


@dataclass(slots=True)
class LocalTurns:
    """Moments for one program alone, where no database hands them out."""

    gap_us: int
    clock: Clock = field(default_factory=Clock)
    _next_us: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def turns(self) -> Turns:
        """What a line is given."""
        return Turns(self.take, self.hold_off)

    def take(self) -> int:
        """See `Turns.take`."""
        with self._guard:
            now = self.clock.now_us()
            moment = max(now, self._next_us)
            self._next_us = moment + self.gap_us
        return moment - now

    def hold_off(self, duration: int) -> None:
        """See `Turns.hold_off`."""
        with self._guard:
            self._next_us = max(self._next_us, self.clock.now_us() + duration)


class Line:
    """Waits for the turns of one token; safe to share between threads."""

    def __init__(
        self, turns: Turns, clock: Clock | None = None, *, requests_per_minute: int = 180
    ) -> None:
        """Nothing is waited for yet."""
        self.clock = clock or Clock()
        self.turns = turns
        self._held_until = 0
        self._ahead = threading.local()
        self._guard = threading.Lock()
        most = max(1, requests_per_minute * SPELL_US // MINUTE_US)
        self._left: deque[int] = deque(maxlen=most)

    def take_ahead(self) -> None:
        """Wait for a turn now; the next request of this thread uses it."""
        self._wait()
        self._ahead.taken_us = self.clock.now_us()

    def turn(self) -> None:
        """Wait until a request may leave, unless the turn was taken ahead."""
        taken, self._ahead.taken_us = getattr(self._ahead, "taken_us", None), None
        now = self.clock.now_us()
        if taken is None or now - taken > LATE_US or now < self._held_until:
            self._wait()
        self._leave()

    def _leave(self) -> None:
        """Leave, unless what was late has to be spread: moments that passed come all at once."""
        with self._guard:
            now = self.clock.now_us()
            full = len(self._left) == self._left.maxlen
            moment = max(now, self._left[0] + SPELL_US + SPREAD_US) if full else now
            self._left.append(moment)
        self._sleep_until(moment)

    def limited(self, duration: int) -> None:
        """Notion asks to be left alone for so many microseconds."""
        self._held_until = max(self._held_until, self.clock.now_us() + duration)
        self.turns.hold_off(duration)

    def _wait(self) -> None:
        while True:
            due = self.clock.now_us() + self.turns.take()
            self._sleep_until(due)
            # Moments that were taken before the limit was met are no longer good.
            if self.clock.now_us() >= self._held_until:
                return

    def _sleep_until(self, due: int) -> None:
        left = due - self.clock.now_us()
        if left > 0:
            self.clock.sleep_us(left)

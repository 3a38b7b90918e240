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
        held: For how many microseconds somebody has still asked for that; 0 when nobody has.
    """

    take: Callable[[], int]
    hold_off: Callable[[int], None]
    held: Callable[[], int] = lambda: 0


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
    _held_until: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def turns(self) -> Turns:
        """What a line is given."""
        return Turns(self.take, self.hold_off, self.held)

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
            until = self.clock.now_us() + duration
            self._next_us = max(self._next_us, until)
            self._held_until = max(self._held_until, until)

    def held(self) -> int:
        """See `Turns.held`."""
        with self._guard:
            return max(0, self._held_until - self.clock.now_us())


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

    def turn(self, requests: int = 1) -> None:
        """Wait until so many requests may leave one right after the other.

        A turn that was taken ahead is used for a single one.
        """
        taken, self._ahead.taken_us = getattr(self._ahead, "taken_us", None), None
        now = self.clock.now_us()
        if requests > 1 or taken is None or now - taken > LATE_US or self.is_held:
            self._wait(requests)
        self._leave(requests)
        while self.is_held:
            # It was spread, and a limit was met meanwhile.
            self._wait(requests)
            self._leave(requests)

    @property
    def is_held(self) -> bool:
        """Whether this program was told to wait, and the time is not over."""
        return self.clock.now_us() < self._held_until

    def _leave(self, requests: int) -> None:
        """Leave, unless what was late has to be spread: moments that passed come all at once."""
        moment = 0
        with self._guard:
            for _ in range(requests):
                now = self.clock.now_us()
                full = len(self._left) == self._left.maxlen
                moment = max(now, self._left[0] + SPELL_US + SPREAD_US) if full else now
                self._left.append(moment)
        self._sleep_until(moment)

    def limited(self, duration: int) -> None:
        """Notion asks to be left alone for so many microseconds."""
        self._hold(duration)
        self.turns.hold_off(duration)

    def _hold(self, duration: int) -> None:
        with self._guard:
            self._held_until = max(self._held_until, self.clock.now_us() + duration)

    def _wait(self, requests: int = 1) -> None:
        while True:
            due = max(self.clock.now_us() + self.turns.take() for _ in range(requests))
            if self._sleep_until(max(due, self._held_until)):
                # Moments that were taken before a limit was met are no longer good, whichever
                # program has met it.
                self._hold(self.turns.held())
            if not self.is_held:
                return

    def _sleep_until(self, due: int) -> bool:
        """Wait for a moment; whether there was anything to wait for."""
        left = due - self.clock.now_us()
        if left > 0:
            self.clock.sleep_us(left)
        return left > 0

"""One account, several processes: moments at which a request may leave, shared by all of them.

A store hands the moments out by the database's clock. They are taken in blocks of a quarter of a
second and ahead of their use, so that a process that is alone never waits for its database; what
`_pace` knows of the vendor's limits still holds beside them. Nothing here is an amount.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

MICROSECOND_NS = 1000
SECOND_US = 1_000_000

BLOCKS_PER_S = 4
"""How often moments are taken at full speed; what a process does not use of a block is lost."""


AMONG_OTHERS_NS = 3_000_000_000
"""So long after its start, or a block behind somebody else's, a process counts as not alone."""

AMONG_OTHERS_PERCENT = 95
"""How much of the rate is handed out then: nobody sees how long the others' requests travel."""

AMONG_OTHERS_LATE_NS = 10_000_000
"""How late a moment may be used then: what is late meets the others' moments."""


class SharedTurns(Protocol):
    """What hands moments out to all processes; see `connectors.store.Store`."""

    def turns(self, name: str, *, gap_us: int, count: int = 1) -> int:
        """Take the next moments; how many microseconds the first one is away."""
        ...

    def hold_off(self, name: str, *, us: int) -> None:
        """Let nobody take a moment within so many microseconds."""
        ...


class Moments:
    """The moments of one account that this process has taken; safe to share between threads."""

    def __init__(
        self,
        shared: SharedTurns,
        name: str,
        *,
        per_minute: int,
        clock: Callable[[], int],
        late_ns: int,
    ) -> None:
        """Take nothing yet.

        Args:
            shared: Hands them out.
            name: The account, as all processes name it.
            per_minute: How many of them there are, over all processes.
            clock: The present, in nanoseconds of any steady clock.
            late_ns: How late a moment may still be used; later it is lost.
        """
        self._shared, self._name = shared, name
        self._gap_us = 60 * SECOND_US // per_minute
        self._block = max(1, per_minute // (60 * BLOCKS_PER_S))
        self._clock, self._late_ns = clock, late_ns
        self._taken: deque[int] = deque()
        self._end_ns = self._clock()
        # Until its own blocks follow each other, nobody knows who else is at it.
        self._alone_from_ns = self._end_ns + AMONG_OTHERS_NS
        self._guard, self._taking = threading.Lock(), threading.Lock()

    def top_up(self) -> None:
        """Take the next block when this one is half used, unless somebody is at it already.

        Raises:
            Retriable: The database cannot be reached.
        """
        with self._guard:
            enough = len(self._taken) * 2 > self._block
        if not enough and self._taking.acquire(blocking=False):
            try:
                self._take()
            finally:
                self._taking.release()

    def next_ns(self) -> int:
        """The next moment, by this process's own clock; nobody else has it.

        Raises:
            Retriable: The database cannot be reached.
        """
        while True:
            moment = self._popped()
            if moment is not None:
                return moment
            with self._taking:
                if not self._taken:
                    self._take()

    def hold_off(self, duration_ns: int) -> None:
        """Tell all processes that the vendor is to be left alone so long.

        Raises:
            Retriable: The database cannot be reached.
        """
        self._shared.hold_off(self._name, us=duration_ns // MICROSECOND_NS)

    def _popped(self) -> int | None:
        with self._guard:
            since = self._clock() - (self._late_ns if self._alone else AMONG_OTHERS_LATE_NS)
            while self._taken:
                moment = self._taken.popleft()
                if moment >= since:
                    return moment
        return None

    @property
    def _alone(self) -> bool:
        return self._clock() >= self._alone_from_ns

    def _take(self) -> None:
        gap_us = self._gap_us if self._alone else self._gap_us * 100 // AMONG_OTHERS_PERCENT
        wait_us = self._shared.turns(self._name, gap_us=gap_us, count=self._block)
        now, gap = self._clock(), gap_us * MICROSECOND_NS
        first = now + wait_us * MICROSECOND_NS
        with self._guard:
            # Nearly a whole block lies between: somebody else's. Less is our clocks' doing.
            if wait_us and first - self._end_ns > self._block * gap * 4 // 5:
                self._alone_from_ns = now + AMONG_OTHERS_NS
            self._end_ns = first + self._block * gap
            self._taken.extend(first + number * gap for number in range(self._block))

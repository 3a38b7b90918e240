"""Notion's limits on the rate: per connection, and per workspace over all its connections.

Source: developers.notion.com/reference/request-limits: three requests a second per connection on
average, some bursts allowed; a workspace's own limit depends on its plan and has no figure. Over
how long the average is taken is not published; here it is ten seconds, and a minute.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.standins.notion.refusals import CONNECTION_LIMIT, WORKSPACE_LIMIT, Refusal, limited

SECOND_NS = 1_000_000_000
PER_SECOND = 3
PUBLISHED = ((10 * PER_SECOND, 10), (60 * PER_SECOND, 60))


@dataclass(slots=True)
class Budget:
    """How many requests fit into windows that slide, and when the latest came.

    Attributes:
        windows: How many, within how many seconds.
    """

    windows: tuple[tuple[int, int], ...]
    used: deque[int] = field(default_factory=deque)

    def wait_ns(self, now: int) -> int:
        """How long until another one fits; 0 when it does."""
        waits = [
            self.used[-most] + seconds * SECOND_NS - now
            for most, seconds in self.windows
            if len(self.used) >= most
        ]
        return max(0, *waits, 0)

    def use(self, now: int) -> None:
        """One came."""
        self.used.append(now)
        if len(self.used) > max(most for most, _ in self.windows):
            self.used.popleft()


@dataclass(slots=True)
class Limits:
    """What a workspace allows.

    Attributes:
        connection: Windows of every connection, as `(requests, seconds)`; empty for no limit.
        workspace: Windows of all connections together.
        scale: How many of the limits' seconds pass in one real second.
        own_clock: Whether seconds are those of the workspace's clock instead.
        extra_seconds: What `Retry-After` asks beyond what is needed.
        closed: Until when each connection was told to wait.
        impatient: How many requests came before that.
    """

    connection: tuple[tuple[int, int], ...] = ()
    workspace: tuple[tuple[int, int], ...] = ()
    scale: int = 1
    own_clock: bool = False
    extra_seconds: int = 0
    budgets: dict[str, Budget] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)
    impatient: int = 0

    def now_ns(self, own_ms: int) -> int:
        """The present, on the clock that the limits keep to."""
        return own_ms * 1_000_000 if self.own_clock else time.monotonic_ns() * self.scale

    def arrived(self, connection: str, own_ms: int) -> None:
        """Note a request that came although its connection was told to wait."""
        if self.closed.get(connection, 0) > self.now_ns(own_ms):
            self.impatient += 1

    def close(self, connection: str, seconds: int, own_ms: int) -> None:
        """Remember that a connection was told to wait so long."""
        until = self.now_ns(own_ms) + seconds * SECOND_NS
        self.closed[connection] = max(until, self.closed.get(connection, 0))

    def admit(self, connection: str, own_ms: int) -> Refusal | None:
        """Count a request, or say which limit it meets; a refused one counts for nothing."""
        now = self.now_ns(own_ms)
        budgets = (
            (CONNECTION_LIMIT, self._budget(connection, self.connection)),
            (WORKSPACE_LIMIT, self._budget("", self.workspace)),
        )
        for reason, budget in budgets:
            if budget is not None and (wait := budget.wait_ns(now)):
                seconds = -(-wait // SECOND_NS) + self.extra_seconds
                return limited(reason, seconds)
        for _, budget in budgets:
            if budget is not None:
                budget.use(now)
        return None

    def _budget(self, whose: str, windows: Sequence[tuple[int, int]]) -> Budget | None:
        if not windows:
            return None
        if whose not in self.budgets:
            self.budgets[whose] = Budget(tuple(windows))
        return self.budgets[whose]

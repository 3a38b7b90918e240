"""The time that a stand-in lives in: it may be moved, sped up and stopped."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clock:
    """The far side's time, in milliseconds since the epoch; it runs unless its speed is 0.

    Attributes:
        own_ms: What it showed when it was last set.
        real_ns: When that was, on the machine's monotonic clock.
        speed: Own milliseconds per real one, a whole number.
    """

    own_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    real_ns: int = field(default_factory=time.monotonic_ns)
    speed: int = 1

    def now_ms(self) -> int:
        """The present."""
        if not self.speed:
            return self.own_ms
        return self.own_ms + (time.monotonic_ns() - self.real_ns) * self.speed // 1_000_000

    def set(self, *, now_ms: int | None = None, speed: int | None = None) -> None:
        """Move to another instant, or run faster, slower or not at all."""
        self.own_ms = self.now_ms() if now_ms is None else now_ms
        self.real_ns = time.monotonic_ns()
        self.speed = self.speed if speed is None else speed

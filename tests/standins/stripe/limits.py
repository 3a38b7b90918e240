"""Stripe's published limits: operations per second, per endpoint, and how many at once.

Source: `docs.stripe.com/rate-limits`: live 100 operations a second, a sandbox 25, each endpoint 25.
How many may run at once is not published, so a number is enforced only when one is set.
"""

import time
from collections import deque
from dataclasses import dataclass, field

from tests.standins.stripe.refusals import Refusal, too_many

SECOND_NS = 1_000_000_000
LIVE = 100
SANDBOX = 25
ENDPOINT = 25


@dataclass(slots=True)
class Limits:
    """What a world allows, and what was used of it within the last second.

    Attributes:
        per_second: All operations; None for no limit.
        per_endpoint: Operations of one method and address template.
        at_once: Requests being worked on.
        at_once_per_endpoint: The same, of one endpoint.
        scale: How many of the limits' seconds pass in one real second, a whole number.
        own_clock: Whether seconds are those of the account's clock instead.
    """

    per_second: int | None = None
    per_endpoint: int | None = None
    at_once: int | None = None
    at_once_per_endpoint: int | None = None
    scale: int = 1
    own_clock: bool = False
    used: deque[int] = field(default_factory=deque)
    used_by: dict[str, deque[int]] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)

    @classmethod
    def published(cls, *, livemode: bool, scale: int = 1, own_clock: bool = False) -> "Limits":
        """The limits that Stripe publishes."""
        return cls(LIVE if livemode else SANDBOX, ENDPOINT, scale=scale, own_clock=own_clock)

    def admit(self, endpoint: str, own_ms: int) -> Refusal | None:
        """Count an operation, or say which limit it meets; a refused one counts for nothing.

        Args:
            endpoint: Method and address template.
            own_ms: The account's own time.
        """
        now_ns = own_ms * 1_000_000 if self.own_clock else time.monotonic_ns() * self.scale
        reason = self._too_many_running(endpoint) or self._too_fast(endpoint, now_ns)
        return too_many(reason) if reason else None

    def begin(self, endpoint: str) -> None:
        """A request is being worked on."""
        self.running[endpoint] = self.running.get(endpoint, 0) + 1

    def end(self, endpoint: str) -> None:
        """It is done."""
        self.running[endpoint] -= 1

    def _too_many_running(self, endpoint: str) -> str | None:
        if self.at_once is not None and sum(self.running.values()) >= self.at_once:
            return "global-concurrency"
        most = self.at_once_per_endpoint
        if most is not None and self.running.get(endpoint, 0) >= most:
            return "endpoint-concurrency"
        return None

    def _too_fast(self, endpoint: str, now: int) -> str | None:
        if self.per_second is None and self.per_endpoint is None:
            return None
        of_endpoint = self.used_by.setdefault(endpoint, deque())
        for used in (self.used, of_endpoint):
            while used and used[0] <= now - SECOND_NS:
                used.popleft()
        if self.per_second is not None and len(self.used) >= self.per_second:
            return "global-rate"
        if self.per_endpoint is not None and len(of_endpoint) >= self.per_endpoint:
            return "endpoint-rate"
        self.used.append(now)
        of_endpoint.append(now)
        return None

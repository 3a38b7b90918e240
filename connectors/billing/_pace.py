"""Keeping within a vendor's limits: how fast, and how many at once, over all threads of a program.

Each request takes its turn: the pace hands out moments, evenly spaced per account and per endpoint,
and waits for them. No request leaves before it will surely arrive a second after the one that is a
whole limit earlier, however unevenly they travel. When the vendor says "too many" all the same,
because other programs use the account as well, the pace halves what was too much and lets it grow
back slowly. It never refuses a turn by itself. Whole nanoseconds throughout; nothing is an amount.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connectors.billing._moments import Moments, SharedTurns

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000

LIVE_PER_S = 100
SANDBOX_PER_S = 25
ENDPOINT_PER_S = 25
"""Source: docs.stripe.com/rate-limits."""

USED_PERCENT = 98
"""How much of a limit is used at most."""

SPREAD_NS = 40 * MILLISECOND_NS
"""How long a request may be on its way, while its answer has not come."""

CATCH_UP_NS = 200 * MILLISECOND_NS
"""How much lateness is made up for, by leaving sooner after each other; the limit holds anyhow."""

LEAST_PER_MINUTE = 60
"""A rate is never lowered below this."""

GROWTHS = 100
"""So many requests without complaint bring a rate from half back to the whole."""

MOST_AT_ONCE = 48
"""How many requests may be under way when nobody complains; each is one thread."""

CALM_NS = SECOND_NS // 2
"""Complaints within this time are about one and the same burst."""

HOLD_NS = SECOND_NS // 4
"""How long a limit that was met is left alone when the vendor names no time."""


def sleep_ns(duration: int) -> None:
    """Let so many nanoseconds pass."""
    time.sleep(duration / SECOND_NS)


@dataclass(slots=True)
class _Visit:
    """One request.

    Attributes:
        left_ns: When it is to leave, and later when it left.
        back_ns: When its answer came; None before.
    """

    left_ns: int
    back_ns: int | None = None

    def counted_ns(self, quickest: int) -> int:
        """A moment by which it would have been counted, had it been as quick as the quickest.

        The one that follows a whole limit later travels as long at least. So a second between this
        moment and its leaving is a second between the two at the vendor, wherever time was lost.
        """
        return self.left_ns + SPREAD_NS if self.back_ns is None else self.back_ns - quickest


class _Bucket:
    """One limit on how fast: a rate per minute that adapts, and the latest second's requests."""

    def __init__(self, per_second: int) -> None:
        """Begin at full speed."""
        self.ceiling = self.rate = per_second * 60 * USED_PERCENT // 100
        self._next_ns = 0
        self._lowered_ns: int | None = None
        self._latest: deque[_Visit] = deque(maxlen=per_second)
        self.lane = threading.Lock()

    def earliest_ns(self, quickest: int) -> int:
        """When the next request may leave, if the quickest answer took so long."""
        if len(self._latest) < (self._latest.maxlen or 0):
            return self._next_ns
        return max(self._next_ns, self._latest[0].counted_ns(quickest) + SECOND_NS)

    def take(self, visit: _Visit) -> None:
        """A request is to leave."""
        due = max(self._next_ns, visit.left_ns - CATCH_UP_NS)
        self._next_ns = due + 60 * SECOND_NS // self.rate
        self._latest.append(visit)

    def lower(self, now: int, hold: int) -> None:
        """The vendor complained."""
        self._next_ns = max(self._next_ns, now + hold)
        if self._lowered_ns is None or now - self._lowered_ns >= CALM_NS:
            self.rate = max(LEAST_PER_MINUTE, self.rate // 2)
            self._lowered_ns = now

    def grow(self) -> None:
        """A request went well."""
        self.rate = min(self.ceiling, self.rate + max(1, self.ceiling // (2 * GROWTHS)))


@dataclass(slots=True)
class _Crowd:
    """How many may be under way at once."""

    ceiling: int
    most: int = 0
    under_way: int = 0
    went_well: int = 0
    lowered_ns: int | None = None

    def __post_init__(self) -> None:
        self.most = self.ceiling

    def lower(self, now: int) -> None:
        """The vendor complained."""
        if self.lowered_ns is None or now - self.lowered_ns >= CALM_NS:
            self.most, self.went_well = max(1, self.most // 2), 0
            self.lowered_ns = now

    def grow(self) -> None:
        """A request went well; as many as may be under way make room for one more."""
        self.went_well += 1
        if self.went_well >= self.most:
            self.most, self.went_well = min(self.ceiling, self.most + 1), 0


@dataclass(slots=True)
class Pace:
    """The turns of one account; safe to share between threads.

    Attributes:
        per_second: The account's limit.
        per_endpoint: The limit of each endpoint.
        at_once: How many requests may be under way.
        clock: The present, in nanoseconds of any steady clock.
        sleep: Lets so many nanoseconds pass.
    """

    per_second: int
    per_endpoint: int = ENDPOINT_PER_S
    at_once: int = MOST_AT_ONCE
    clock: Callable[[], int] = time.monotonic_ns
    sleep: Callable[[int], None] = sleep_ns
    _total: _Bucket = field(init=False, repr=False)
    _crowd: _Crowd = field(init=False, repr=False)
    _endpoints: dict[str, _Bucket] = field(init=False, repr=False, default_factory=dict)
    _quickest_ns: int | None = field(init=False, repr=False, default=None)
    _free: threading.Condition = field(init=False, repr=False, default_factory=threading.Condition)

    def __post_init__(self) -> None:
        """Begin at full speed."""
        self._total = _Bucket(self.per_second)
        self._crowd = _Crowd(self.at_once)

    def moments(self, shared: SharedTurns, name: str) -> Moments:
        """Moments at this pace that all processes share which use the same store and name."""
        return Moments(
            shared,
            name,
            per_minute=self._total.ceiling,
            clock=self.clock,
            late_ns=CATCH_UP_NS,
        )

    @contextmanager
    def turn(self, endpoint: str, moments: Moments | None = None) -> Iterator[None]:
        """Wait until a request to the endpoint may leave; it is under way until the block ends.

        Args:
            endpoint: Method and address template.
            moments: What this process has of a rate that several share; None when it is alone.

        Raises:
            Retriable: The moments' database cannot be reached; nothing has left.
        """
        with self._free:
            self._free.wait_for(lambda: self._crowd.under_way < self._crowd.most)
            self._crowd.under_way += 1
        try:
            visit = self._reserved(endpoint, moments)
            yield
            self._returned(visit)
        finally:
            with self._free:
                self._crowd.under_way -= 1
                self._free.notify()

    def _reserved(self, endpoint: str, moments: Moments | None) -> _Visit:
        own = self._buckets(endpoint)[1]
        if moments is not None:
            moments.top_up()
        # Who waits for one endpoint reserves nothing of the account: the others need not wait too.
        with own.lane:
            due = self._awaited(own)
            return self._left(own, due if moments is None else max(due, moments.next_ns()))

    def _awaited(self, own: _Bucket) -> int:
        """Wait until the endpoint may be asked; when that was to be."""
        with self._free:
            now = self.clock()
            due = max(now, own.earliest_ns(self._quickest_ns or 0))
        if due > now:
            self.sleep(due - now)
        return due

    def _left(self, own: _Bucket, due: int) -> _Visit:
        """Wait until the account may be asked, and leave."""
        with self._free:
            visit = _Visit(max(due, self._total.earliest_ns(self._quickest_ns or 0)))
            for bucket in (self._total, own):
                bucket.take(visit)
            now = self.clock()
        if visit.left_ns > now:
            self.sleep(visit.left_ns - now)
        visit.left_ns = max(visit.left_ns, self.clock())
        return visit

    def _returned(self, visit: _Visit) -> None:
        with self._free:
            visit.back_ns = self.clock()
            took = visit.back_ns - visit.left_ns
            self._quickest_ns = took if self._quickest_ns is None else min(self._quickest_ns, took)

    def went_well(self, endpoint: str) -> None:
        """The vendor answered without complaint."""
        with self._free:
            for bucket in self._buckets(endpoint):
                bucket.grow()
            self._crowd.grow()
            self._free.notify()

    def limited(
        self, endpoint: str, *, reason: str, wait_ms: int = 0, moments: Moments | None = None
    ) -> None:
        """The vendor complained about too many requests.

        Args:
            endpoint: Which one was asked.
            reason: The limit that was met, in the vendor's words; "" when it named none.
            wait_ms: How long it asks to be left alone; 0 when it does not say.
            moments: What this process has of a rate that several share: the others hear of it.

        Raises:
            Retriable: The moments' database cannot be reached.
        """
        hold = wait_ms * MILLISECOND_NS or HOLD_NS
        with self._free:
            now, met = self.clock(), self._met(endpoint, reason)
            if reason.endswith("concurrency"):
                self._crowd.lower(now)
            for bucket in met:
                bucket.lower(now, hold)
        if moments is not None and self._total in met:
            moments.hold_off(hold)

    def per_minute(self, endpoint: str) -> int:
        """How many requests a minute the endpoint gets at present."""
        with self._free:
            return min(bucket.rate for bucket in self._buckets(endpoint))

    @property
    def most_at_once(self) -> int:
        """How many requests may be under way at present."""
        return self._crowd.most

    def _buckets(self, endpoint: str) -> tuple[_Bucket, _Bucket]:
        return self._total, self._endpoints.setdefault(endpoint, _Bucket(self.per_endpoint))

    def _met(self, endpoint: str, reason: str) -> tuple[_Bucket, ...]:
        """The limits that a complaint is about: an object in use is nobody's speed."""
        total, own = self._buckets(endpoint)
        if reason.startswith("endpoint"):
            return (own,)
        if reason in {"lock_timeout", "resource-specific"}:
            return ()
        return (total, own)


_SHARED: dict[tuple[str, str], Pace] = {}
_SHARING = threading.Lock()


def shared_pace(key: str, address: str, *, live: bool) -> Pace:
    """The one pace that all connectors of this program keep to that use one key."""
    name = (hashlib.sha256(key.encode()).hexdigest(), address)
    with _SHARING:
        if name not in _SHARED:
            _SHARED[name] = Pace(per_second=LIVE_PER_S if live else SANDBOX_PER_S)
        return _SHARED[name]


def _forget_all() -> None:
    """A forked child must not wait for locks that a thread of its parent held."""
    global _SHARING  # noqa: PLW0603 - a lock that was copied while held can never be released
    _SHARING = threading.Lock()
    _SHARED.clear()


os.register_at_fork(after_in_child=_forget_all)

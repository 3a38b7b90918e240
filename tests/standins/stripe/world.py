"""One account in one mode: everything that exists there, and the account's own clock.

Worlds do not see each other, so thousands of cases may share one server. What a world holds is
plain values, so that it can be frozen into bytes and thawed again. Must never look at the real time
except through its clock.
"""

import bisect
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.standins.clock import Clock
from tests.standins.stripe.refusals import missing

Resource: TypeAlias = dict[str, Any]
Rank: TypeAlias = tuple[int, int, str]

API_VERSION = "2026-10-28.endive"
PREFIXES = {
    "charge": "ch",
    "credit_note": "cn",
    "customer": "cus",
    "customer_balance_transaction": "cbtxn",
    "event": "evt",
    "invoice": "in",
    "invoice_payment": "inpay",
    "line_item": "il",
    "payment_intent": "pi",
    "refund": "re",
    "subscription": "sub",
}
# What a list can be narrowed by without looking at every object; such fields never change.
INDEXES = {
    "charge": ("customer", "payment_intent"),
    "credit_note": ("invoice", "customer"),
    "customer": (),
    "customer_balance_transaction": ("customer",),
    "event": (),
    "invoice": ("subscription", "customer"),
    "invoice_payment": ("invoice",),
    "payment_intent": ("customer",),
    "refund": ("charge", "payment_intent"),
    "subscription": ("customer",),
}


@dataclass(slots=True)
class Shelf:
    """All objects of one kind, in the order in which they were made.

    Attributes:
        kind: Stripe's word in the field `object`.
        things: By id.
        ranks: Creation second, running number and id, oldest first; and the same per index.
    """

    kind: str
    things: dict[str, Resource] = field(default_factory=dict)
    rank_of: dict[str, Rank] = field(default_factory=dict)
    ranks: list[Rank] = field(default_factory=list)
    by: dict[tuple[str, str], list[Rank]] = field(default_factory=dict)

    def put(self, thing: Resource) -> None:
        """Add a new object, or replace one of the same id."""
        identity = thing["id"]
        if identity not in self.things:
            rank = (thing["created"], len(self.things), identity)
            self.rank_of[identity] = rank
            bisect.insort(self.ranks, rank)
            for name in INDEXES[self.kind]:
                bisect.insort(self.by.setdefault((name, _indexed(thing, name)), []), rank)
        self.things[identity] = thing

    def newest_first(self, filters: dict[str, str]) -> tuple[list[Rank], dict[str, str]]:
        """The ranks to look at, oldest first, and the filters that are left to apply."""
        for name in INDEXES[self.kind]:
            if name in filters:
                left = {key: value for key, value in filters.items() if key != name}
                return self.by.get((name, filters[name]), []), left
        return self.ranks, filters

    def of(self, **wanted: str) -> list[Resource]:
        """The objects with these values of one index and any other fields, oldest first."""
        ranks, left = self.newest_first(wanted)
        found = (self.things[identity] for _, _, identity in ranks)
        return [thing for thing in found if all(thing.get(k) == v for k, v in left.items())]


def _indexed(thing: Resource, name: str) -> str:
    if thing["object"] == "invoice" and name == "subscription":
        parent = thing["parent"]
        return parent["subscription_details"]["subscription"] if parent else ""
    return thing.get(name) or ""


@dataclass(slots=True)
class KeptAnswer:
    """What an idempotency key is answered with.

    Attributes:
        question: Method, path and parameters that the key was first used with.
        first_ms: When that was, on the account's clock.
        request_id: The first request's id.
    """

    question: tuple[str, str, str]
    first_ms: int
    status: int
    body: bytes
    request_id: str


@dataclass(slots=True)
class Things:
    """What a frozen world keeps: all objects, keys, mails and running numbers."""

    shelves: dict[str, Shelf] = field(
        default_factory=lambda: {kind: Shelf(kind) for kind in INDEXES}
    )
    lines: dict[str, list[Resource]] = field(default_factory=dict)
    note_lines: dict[str, list[Resource]] = field(default_factory=dict)
    tax_rates: dict[str, tuple[str, str]] = field(default_factory=dict)
    kept: dict[str, KeptAnswer] = field(default_factory=dict)
    mails: list[Resource] = field(default_factory=list)
    serial: int = 0


@dataclass(slots=True)
class Options:
    """How a world behaves where Stripe leaves room.

    Attributes:
        prune_after_ms: How old an idempotency key may grow; Stripe promises at least 24 hours.
        latency_ms: How long every execution takes, with its key and objects held.
        refund_status: What a new refund's status is.
    """

    prune_after_ms: int = 24 * 3_600_000
    latency_ms: int = 0
    refund_status: str = "succeeded"


@dataclass(slots=True)
class World:
    """One account in one mode.

    Attributes:
        account: The account's name.
        livemode: Whether this is its live side.
        context: The id and idempotency key of the request that is executed, for its events.
    """

    account: str
    livemode: bool
    clock: Clock = field(default_factory=Clock)
    things: Things = field(default_factory=Things)
    options: Options = field(default_factory=Options)
    context: tuple[str | None, str | None] = (None, None)
    twin: Callable[[], "World | None"] = field(default=lambda: None, repr=False)

    def now(self) -> int:
        """The present, in whole seconds since the epoch."""
        return self.clock.now_ms() // 1000

    def new_id(self, kind: str) -> str:
        """An id that nothing else has."""
        self.things.serial += 1
        mode = "L" if self.livemode else "T"
        return f"{PREFIXES[kind]}_1{mode}{self.things.serial:022d}"

    def put(self, thing: Resource) -> Resource:
        """Add an object under its kind, or replace it."""
        self.things.shelves[thing["object"]].put(thing)
        return thing

    def shelf(self, kind: str) -> Shelf:
        """All objects of one kind."""
        return self.things.shelves[kind]

    def find(self, kind: str, identity: str, *, param: str = "id") -> Resource:
        """The object with an id.

        Raises:
            Refusal: When there is none, also when it exists in the other mode alone.
        """
        thing = self.shelf(kind).things.get(identity)
        if thing is not None:
            return thing
        twin = self.twin()
        elsewhere = twin is not None and identity in twin.shelf(kind).things
        raise missing(kind, identity, param=param, note=self._hint() if elsewhere else "")

    def _hint(self) -> str:
        here, there = ("live", "test") if self.livemode else ("test", "live")
        return (
            f"; a similar object exists in {there} mode, but a {here} mode key was used to make "
            "this request."
        )

    def announce(self, kind: str, thing: Resource, before: Resource | None = None) -> None:
        """Record an event about an object as it is now."""
        request_id, key = self.context
        self.put(
            {
                "id": self.new_id("event"),
                "object": "event",
                "api_version": API_VERSION,
                "created": self.now(),
                "data": {"object": pickle.loads(pickle.dumps(thing))}  # noqa: S301 - our own bytes
                | ({} if before is None else {"previous_attributes": before}),
                "livemode": self.livemode,
                "pending_webhooks": 0,
                "request": {"id": request_id, "idempotency_key": key},
                "type": kind,
            }
        )

    def freeze(self) -> bytes:
        """Everything that exists, and the time."""
        return pickle.dumps((self.things, self.clock.now_ms()), protocol=pickle.HIGHEST_PROTOCOL)

    def thaw(self, frozen: bytes, *, keep_clock: bool = False) -> None:
        """Return to a frozen state; with `keep_clock` the time goes on."""
        self.things, now_ms = pickle.loads(frozen)  # noqa: S301 - our own bytes
        if not keep_clock:
            self.clock.set(now_ms=now_ms)

    def every(self, kind: str) -> Iterator[Resource]:
        """All objects of one kind, oldest first."""
        shelf = self.shelf(kind)
        return (shelf.things[identity] for _, _, identity in shelf.ranks)

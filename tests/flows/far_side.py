"""A far side that goes wrong in every way that the engine must bear, and a store that is killed.

Every look, beginning, sending and finishing takes the next fault from one list, so that a list of
faults is a whole story. What was made is counted outside of everything that the engine knows.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from threading import RLock

from connectors.errors import Misconfigured, OutcomeUnknown, Permanent, Retriable
from connectors.store import EffectPlan
from flows.pacing import Clocks, Limits
from models.effect import Abilities, Match

HOUR = 3_600_000
FORGETS = 23 * HOUR


class Fault(Enum):
    """What goes wrong at one call."""

    NONE = auto()
    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()
    LOST_BEFORE = auto()
    LOST_AFTER = auto()
    LOST_AND_SEEN_LATE = auto()
    LIMITED = auto()
    REFUSED = auto()
    FAILED_AND_SAVED = auto()
    FAILED_AFTER = auto()
    KEY_REVOKED = auto()
    SLEPT = auto()
    MADE_OTHERWISE = auto()


class Killed(BaseException):
    """The program ends here: nothing after this line happens."""


class World:
    """One clock for everybody, and the faults to come."""

    def __init__(self, faults=()):
        """Begin in May, with these faults ahead."""
        self.at, self.guard = 1_778_000_000_000, RLock()
        self.faults = list(faults)

    def pass_by(self, milliseconds):
        """Let time pass, for the database and the host alike."""
        with self.guard:
            self.at += milliseconds

    @property
    def clocks(self):
        """What the engine is given."""
        return Clocks(boottime_ms=lambda: self.at, pause=self.pass_by)

    def fault(self):
        """The next fault."""
        with self.guard:
            return self.faults.pop(0) if self.faults else Fault.NONE


@dataclass
class Made:
    """Something that the far side made."""

    id: str
    key: str
    seen_from: int
    differs: tuple[str, ...] = ()


@dataclass
class Vendor:
    """A vendor with idempotency keys; see `flows.effects.FarSide`."""

    world: World
    forgets_after: int = 24 * HOUR
    refunds: bool = False
    name: str = "vendor"
    limits: Limits = field(default_factory=Limits)
    able: Abilities = field(
        default_factory=lambda: Abilities(can_be_asked=True, forgets_keys_after_ms=FORGETS)
    )
    made: list[Made] = field(default_factory=list)
    saved: dict[str, tuple[int, Made | None]] = field(default_factory=dict)
    posts: int = 0

    def abilities(self, plan):
        """See `FarSide.abilities`."""
        return self.able

    def writer(self, plan):
        """One writer for each customer."""
        return f"vendor/{plan.intent['customer']}"

    def hides_refunds(self, plan):
        """See `FarSide.hides_refunds`."""
        return self.refunds

    def look(self, plan):
        """What was made for this effect and shows by now."""
        fault = self.world.fault()
        kill_before(fault)
        refuse(fault)
        with self.world.guard:
            seen = [m for m in self.made if m.key == plan.key and m.seen_from <= self.world.at]
        kill_after(fault)
        return [Match(m.id, differs=m.differs, facts={"id": m.id}) for m in seen]

    def send(self, plan, *, idempotency_key):
        """Make one, unless the key is still remembered."""
        fault = self.world.fault()
        self.posts += 1
        kill_before(fault)
        refuse(fault)
        if fault is Fault.LOST_BEFORE:
            raise OutcomeUnknown("vendor: no answer after 30 s")
        made = self._executed(plan, idempotency_key, fault)
        kill_after(fault)
        if made is None or fault is Fault.FAILED_AFTER:
            raise OutcomeUnknown("vendor: internal error", status=500)
        if fault in {Fault.LOST_AFTER, Fault.LOST_AND_SEEN_LATE, Fault.MADE_OTHERWISE}:
            raise OutcomeUnknown("vendor: the answer broke off")
        return {"id": made.id}

    def _executed(self, plan, key, fault):
        with self.world.guard:
            at = self.world.at
            saved_at, saved = self.saved.get(key, (None, None))
            if saved_at is not None and at - saved_at < self.forgets_after:
                return saved
            made = None
            if fault is not Fault.FAILED_AND_SAVED:
                late = HOUR if fault is Fault.LOST_AND_SEEN_LATE else 0
                differs = ("amount",) if fault is Fault.MADE_OTHERWISE else ()
                made = Made(f"cn_{len(self.made)}", plan.key, at + late, differs)
                self.made.append(made)
            self.saved[key] = (at, made)
            return made

    def times(self):
        """How often each effect was made."""
        return Counter(made.key for made in self.made)


class Mortal:
    """A store whose program may be killed around every commit, or put to sleep after it."""

    def __init__(self, store, world):
        """Pass everything on, with the world's faults."""
        self._store, self._world = store, world

    def __getattr__(self, name):
        """Whatever else a store does."""
        return getattr(self._store, name)

    def begin(self, starts):
        """See `Store.begin`."""
        return self._around(self._store.begin, starts)

    def finish(self, outcomes):
        """See `Store.finish`."""
        return self._around(self._store.finish, outcomes)

    def _around(self, commit, argument):
        fault = self._world.fault()
        kill_before(fault)
        answer = commit(argument)
        kill_after(fault)
        if fault is Fault.SLEPT:
            self._world.pass_by(25 * HOUR)
        return answer


def kill_before(fault):
    """End the program before the call."""
    if fault is Fault.KILLED_BEFORE:
        raise Killed


def kill_after(fault):
    """End the program after the call."""
    if fault is Fault.KILLED_AFTER:
        raise Killed


def refuse(fault):
    """Answer that surely nothing was done."""
    if fault is Fault.LIMITED:
        raise Retriable("vendor: too many requests", status=429)
    if fault is Fault.KEY_REVOKED:
        raise Misconfigured("vendor: the key was revoked", status=401)
    if fault is Fault.REFUSED:
        raise Permanent("vendor: no such invoice", status=404)


def payment(name, *, customer="cus_1"):
    """The plan of one payment."""
    return EffectPlan(f"{name}/p1", "payment", name, "2026-05", {"customer": customer})

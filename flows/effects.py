"""Carrying out planned effects: each exactly once, or a person is told.

An effect's exact parameters were stored before anything was tried. For each one the engine takes
its writer's lock, reads it again, asks `models.effect.next_move`, commits that an attempt begins,
sends, and commits what came of it. Killed anywhere, the next run goes on from what was committed.
It never decides an amount, and never sends what may be there already without looking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import islice
from threading import Event
from typing import ParamSpec, Protocol, TypeVar
from zlib import crc32

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    PersonNeeded,
    Retriable,
)
from connectors.store import (
    Attempt,
    Effect,
    EffectOutcome,
    EffectPlan,
    EffectRefusedError,
    HeldError,
    PastAttempt,
    Start,
    Store,
)
from flows.pacing import Clocks, Limits, Pace
from models.effect import (
    OPEN_STATES,
    Abilities,
    Adopt,
    AskPerson,
    EffectState,
    Look,
    Match,
    Move,
    SendAgain,
    SendFirst,
    SendWithNewKey,
    Settled,
    Standing,
    TakeRefusal,
    WaitAndLook,
    idempotency_key,
    next_move,
)
from models.terms import JsonValue

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = 200
"""Effects read as one page; those whose repeats are safe begin and finish in one transaction."""

MOST_JOBS = 1000
"""Writers that wait their turn before more effects are read: memory stays flat."""

ONE_WRITER = Limits()

SERVER_FAILED = 500
MOST_NOTES = 20


class FarSide(Protocol):
    """Where effects happen, as the engine sees it: a connector, or a few lines around one."""

    @property
    def name(self) -> str:
        """For locks and messages, such as `stripe`."""
        ...

    @property
    def limits(self) -> Limits:
        """What it bears."""
        ...

    def abilities(self, plan: EffectPlan) -> Abilities:
        """What it offers against doubt about such an effect."""
        ...

    def writer(self, plan: EffectPlan) -> str:
        """What only one sender may write to at a time, such as `stripe/cus_9s6XKzkNRiz8i3`."""
        ...

    def hides_refunds(self, plan: EffectPlan) -> bool:
        """Whether a failed attempt may have made part of it where no look sees it."""
        ...

    def look(self, plan: EffectPlan) -> Sequence[Match]:
        """Everything that carries the effect's key, of all pages. Read-only.

        Raises:
            Misconfigured: Key or permission is wrong.
            ConnectorError: It could not be asked.
        """
        ...

    def send(self, plan: EffectPlan, *, idempotency_key: str) -> JsonValue:
        """Make it: one request, never repeated here; answer with the facts to keep.

        Raises:
            Permanent: Refused; nothing was made.
            OutcomeUnknown: It may have been made, or was made otherwise than asked.
            Retriable: Surely nothing was made, and it may work later (a rate limit).
            Misconfigured: Key or permission is wrong; surely nothing was made.
        """
        ...


@dataclass(frozen=True, slots=True)
class Unasked:
    """A far side that cannot be asked, made of two functions.

    Attributes:
        name: For locks and messages; all its effects of one period share one writer.
        act: Carries one effect out and answers with the facts to keep; raises as `FarSide.send`.
        able: What it offers against doubt.
    """

    name: str
    act: Callable[[EffectPlan], JsonValue]
    able: Callable[[EffectPlan], Abilities]
    limits: Limits = ONE_WRITER

    def abilities(self, plan: EffectPlan) -> Abilities:
        """See `FarSide.abilities`."""
        return self.able(plan)

    def writer(self, plan: EffectPlan) -> str:
        """See `FarSide.writer`."""
        return f"{self.name}/{plan.period}"

    def hides_refunds(self, plan: EffectPlan) -> bool:
        """See `FarSide.hides_refunds`."""
        return False

    def look(self, plan: EffectPlan) -> Sequence[Match]:
        """See `FarSide.look`; the engine does not ask who cannot be asked."""
        message = f"{self.name}: cannot be asked"
        raise Permanent(message)

    def send(self, plan: EffectPlan, *, idempotency_key: str) -> JsonValue:
        """See `FarSide.send`."""
        return self.act(plan)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a run goes on about one effect before it leaves it to the next run.

    Attributes:
        tries: How often it is taken up at most.
        first_wait_ms: The wait after the first try; it doubles with each.
        longest_wait_ms: The longest wait.
        too_late_ms: The longest time between committing that an attempt begins and the attempt;
            after a longer one (a suspended host) it begins anew.
        most_lost: After so many attempts and looks in a row without an answer the far side is gone:
            the run leaves all the rest to the next one, instead of casting doubt on each effect.
    """

    tries: int = 8
    first_wait_ms: int = 500
    longest_wait_ms: int = 30_000
    too_late_ms: int = 3_000
    most_lost: int = 20


ONCE = Patience(tries=1)
"""Whatever does not work now is left to the next run."""


@dataclass(slots=True)
class Settlement:
    """What a run did about effects; those that were settled before count nowhere.

    Attributes:
        done: Done now, the adopted ones included.
        adopted: Found done at the far side.
        refused: Refused by it.
        person: Handed to a person.
        waiting: Left to the next run, planned or in doubt.
        unfinished: Those of them that the far side, or another run, kept from being done now: a
            rerun goes on at once. The others wait for time to pass, or for something to happen.
        notes: Why some wait or went to a person; the first twenty.
    """

    done: int = 0
    adopted: int = 0
    refused: int = 0
    person: int = 0
    waiting: int = 0
    unfinished: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, other: Settlement) -> None:
        """Count another one's in."""
        self.done += other.done
        self.adopted += other.adopted
        self.refused += other.refused
        self.person += other.person
        self.waiting += other.waiting
        self.unfinished += other.unfinished
        self.notes += other.notes[: MOST_NOTES - len(self.notes)]


def carry_out(store: Store, plans: Sequence[EffectPlan], far: FarSide) -> Settlement:
    """Plan effects and settle those that are not settled, once each."""
    planned = store.plan_effects(plans)
    return settle(store, [effect.key for effect in planned], far, patience=ONCE)


def settle(
    store: Store,
    keys: Iterable[str],
    far: FarSide,
    *,
    patience: Patience | None = None,
    clocks: Clocks | None = None,
) -> Settlement:
    """Settle effects: exactly once each, or a person is told, or the next run goes on.

    Several threads, runs and hosts may do it at once over one database.

    Args:
        store: Where the effects are planned and committed.
        keys: The effects, read in pages; settled ones are passed over.
        far: Where they happen.
        patience: How long to go on about one effect.
        clocks: The host's clock; tests bring their own.

    Raises:
        Misconfigured: A person must mend something first; everything surely unsent is planned.
        Retriable: The database cannot be reached; run again.
    """
    run = _Run(store, far, patience or Patience(), clocks or Clocks())
    with _executor(far.limits.at_once) as pool:
        try:
            return run.conduct(iter(keys), pool)
        finally:
            run.stopping.set()


@dataclass(frozen=True, slots=True)
class _Job:
    """Effects of one writer that are to be taken up."""

    writer: str
    keys: tuple[str, ...]
    together: bool
    tries: int = 0
    why: str = ""


@dataclass(slots=True)
class _Round:
    """What came of one job: the count, and what is to be taken up again."""

    count: Settlement = field(default_factory=Settlement)
    later: dict[str, str] = field(default_factory=dict)
    timed: set[str] = field(default_factory=set)


class _Run:
    """One call of `settle`: jobs wait, run in threads, and come back until they are settled."""

    def __init__(self, store: Store, far: FarSide, patience: Patience, clocks: Clocks) -> None:
        self.stopping = Event()
        self._store, self._far, self._patience, self._clocks = store, far, patience, clocks
        self._pace = Pace(far.limits, clocks)
        self._waiting: list[tuple[int, int, _Job]] = []
        self._running: dict[Future[_Round], _Job] = {}
        self._total = Settlement()
        self._order = self._lost = 0

    def conduct(self, keys: Iterator[str], pool: Executor) -> Settlement:
        """Take up page after page until nothing waits and nothing runs."""
        while self._refilled(keys) or self._waiting or self._running:
            if self._far_is_gone:
                self._leave_the_rest(keys)
            self._launch(pool)
            self._wait()
            for future in [future for future in self._running if future.done()]:
                self._collect(self._running.pop(future), future.result())
        return self._total

    @property
    def _far_is_gone(self) -> bool:
        return self._lost >= self._patience.most_lost

    def _leave_the_rest(self, keys: Iterator[str]) -> None:
        left = sum(len(job.keys) for _, _, job in self._waiting)
        while page := list(islice(keys, AT_ONCE)):
            left += sum(1 for e in self._store.effects(keys=page) if e.state in OPEN_STATES)
        if left:
            note = f"{self._far.name}: {self._lost} calls in a row had no answer; {left} are left"
            self._total.add(Settlement(waiting=left, unfinished=left, notes=[note]))
        self._waiting.clear()

    def _refilled(self, keys: Iterator[str]) -> bool:
        if len(self._waiting) >= MOST_JOBS:
            return True
        page = list(islice(keys, AT_ONCE))
        for job in self._jobs(page):
            self._queue(job, after_ms=0)
        return bool(page)

    def _jobs(self, keys: Sequence[str]) -> Iterator[_Job]:
        lines: dict[tuple[str, bool], list[str]] = {}
        for effect in self._store.effects(keys=keys) if keys else ():
            safe = self._far.abilities(effect.plan).repeats_are_safe
            lines.setdefault((self._far.writer(effect.plan), safe), []).append(effect.key)
        for (writer, safe), line in lines.items():
            yield _Job(writer, tuple(line), together=safe)

    def _queue(self, job: _Job, *, after_ms: int) -> None:
        self._order += 1
        due = self._clocks.boottime_ms() + after_ms
        heappush(self._waiting, (due, self._order, job))

    def _launch(self, pool: Executor) -> None:
        now, busy = self._clocks.boottime_ms(), {job.writer for job in self._running.values()}
        held_back = []
        while self._waiting and len(self._running) < self._pace.width:
            if self._waiting[0][0] > now:
                break
            entry = heappop(self._waiting)
            if entry[2].writer in busy:
                held_back.append(entry)
                continue
            busy.add(entry[2].writer)
            self._running[pool.submit(self._line, entry[2])] = entry[2]
        for entry in held_back:
            heappush(self._waiting, entry)

    def _wait(self) -> None:
        if self._running:
            wait(self._running, timeout=1, return_when=FIRST_COMPLETED)
        elif self._waiting:
            self._clocks.pause(self._waiting[0][0] - self._clocks.boottime_ms())

    def _collect(self, job: _Job, came: _Round) -> None:
        self._total.add(came.count)
        tries, later = job.tries + 1, came.later
        over = tries >= self._patience.tries or self._far_is_gone
        # What only time can tell is not waited for: the next run looks again.
        left = [key for key in later if over or key in came.timed]
        if left:
            notes = [f"{key}: {later[key]}" for key in left]
            cut_off = sum(key not in came.timed for key in left)
            self._total.add(Settlement(waiting=len(left), unfinished=cut_off, notes=notes))
        if len(left) < len(later):
            rest = tuple(key for key in later if key not in left)
            again = _Job(job.writer, rest, job.together, tries)
            self._queue(again, after_ms=self._backoff(again))

    def _backoff(self, job: _Job) -> int:
        # Spread by the writer's name, so that several runs do not come back at the same moment.
        longest = min(self._patience.first_wait_ms << job.tries, self._patience.longest_wait_ms)
        return longest // 2 + crc32(job.writer.encode()) % (longest // 2 + 1)

    def _line(self, job: _Job) -> _Round:
        """Settle one writer's effects in order, alone."""
        came = _Round()
        try:
            with self._store.hold(job.writer, holder=f"makegood, {self._far.name}"):
                size = AT_ONCE if job.together else 1
                for start in range(0, len(job.keys), size):
                    if self.stopping.is_set() or self._far_is_gone:
                        left = job.keys[start:]
                        came.later |= dict.fromkeys(left, "the run ended before its turn")
                        break
                    self._take_up(job.keys[start : start + size], came)
        except HeldError as held:
            came.later = dict.fromkeys(job.keys, str(held))
        return came

    def _take_up(self, keys: Sequence[str], came: _Round) -> None:
        starts = []
        for effect in self._store.effects(keys=keys):
            start = self._moved(effect, came)
            if start is not None:
                starts.append(start)
        if starts:
            self._send(starts, came)

    def _moved(self, effect: Effect, came: _Round) -> Start | None:
        """Do what needs no sending; answer with the start of what does."""
        able = self._far.abilities(effect.plan)
        match self._move(effect, able):
            case Settled():
                return None
            case SendFirst():
                return Start(effect.key, seen=effect.attempt)
            case SendAgain():
                forgets = able.forgets_keys_after_ms if able.can_be_asked else None
                return _again(effect, forgets, new_key=False)
            case SendWithNewKey():
                return _again(effect, able.forgets_keys_after_ms, new_key=True)
            case Adopt(found):
                self._adopt(effect, found, came)
            case TakeRefusal(why):
                self._close(effect, why, came)
            case AskPerson(why, alarm):
                outcome = {"why": why, "alarm": alarm, "before": effect.outcome}
                self._finish([_outcome(effect, EffectState.PERSON, outcome)], came)
            case WaitAndLook(why, only_time_helps):
                came.later[effect.key] = why
                came.timed |= {effect.key} if only_time_helps else set()
        return None

    def _move(self, effect: Effect, able: Abilities) -> Move:
        standing = self._standing(effect)
        move = next_move(standing, able)
        if isinstance(move, WaitAndLook):
            return next_move(standing, able, self._looked(effect.plan))
        return move

    def _standing(self, effect: Effect) -> Standing:
        now = self._store.now()
        if effect.generation_sent_at is None:
            return Standing(effect.state, planned_ms=now - effect.planned_at)
        past = self._store.attempts(effect.key)
        doubted = [one.begun_at for one in past if not _did_nothing(one)]
        return Standing(
            effect.state,
            age_ms=now - effect.generation_sent_at,
            refund_in_doubt=self._far.hides_refunds(effect.plan)
            and any(_failed(one.answer) for one in past),
            quiet_ms=now - max(doubted) if doubted else None,
            refused=effect.state is EffectState.UNKNOWN and _was_refused(effect.outcome),
            again=effect.state is EffectState.PLANNED and _is_resolved(effect.outcome),
        )

    def _looked(self, plan: EffectPlan) -> Look:
        self._pace.turn()
        try:
            matches = tuple(self._far.look(plan))
        except Misconfigured:
            raise
        except ConnectorError as error:
            self._went_wrong(error)
            return Look(failed=f"could not look: {error}")
        self._lost = 0
        return Look(matches=matches)

    def _went_wrong(self, error: ConnectorError) -> None:
        """Slow down at a limit; count what had no answer, or a server's failure for one."""
        unanswered = error.status is None or error.status >= SERVER_FAILED
        if unanswered and not isinstance(error, Permanent):
            self._lost += 1
        elif isinstance(error, Retriable):
            self._pace.limited()

    def _adopt(self, effect: Effect, found: Match, came: _Round) -> None:
        begun = self._begun(effect, came)
        if begun is None:
            return
        facts = found.facts if isinstance(found.facts, Mapping) else {}
        adopted = {**facts, "id": found.id, "adopted": True}
        if self._finish([_outcome(begun, EffectState.DONE, adopted)], came):
            came.count.adopted += 1

    def _close(self, effect: Effect, why: str, came: _Round) -> None:
        begun = self._begun(effect, came)
        if begun is None:
            return
        answer = {"error": why, "before": effect.outcome} if why else effect.outcome
        self._finish([_outcome(begun, EffectState.REFUSED, answer)], came)

    def _begun(self, effect: Effect, came: _Round) -> Effect | None:
        """The effect in an attempt that can be settled; None when somebody else went on with it.

        What a person had planned anew has none: what it made is there after all, or is void.
        """
        if effect.state is not EffectState.PLANNED:
            return effect
        try:
            (attempt,) = self._store.begin([Start(effect.key, seen=effect.attempt)])
        except EffectRefusedError as moved:
            came.later[effect.key] = str(moved)
            return None
        return attempt.effect

    def _send(self, starts: Sequence[Start], came: _Round) -> None:
        for _ in starts:
            self._pace.turn()
        booted = self._clocks.boottime_ms()
        try:
            attempts = self._store.begin(starts)
        except EffectRefusedError as moved:
            came.later |= {start.key: str(moved) for start in starts}
            return
        wrong: list[Misconfigured] = []
        outcomes = [self._attempted(attempt, booted, came, wrong) for attempt in attempts]
        self._finish(outcomes, came)
        if wrong:
            raise wrong[0]

    def _attempted(
        self, attempt: Attempt, booted: int, came: _Round, wrong: list[Misconfigured]
    ) -> EffectOutcome:
        """Send one effect, unless too much time has passed or the settings are wrong."""
        effect = attempt.effect
        safe = self._far.abilities(effect.plan).repeats_are_safe
        if wrong or (not safe and self._is_late(effect, booted)):
            why = "was not sent: the settings are wrong" if wrong else "was not sent: too late"
            came.later[effect.key] = why
            return _outcome(effect, EffectState.PLANNED, {"error": why})
        try:
            state, answer = self._answered(effect, came)
        except Misconfigured as error:
            wrong.append(error)
            state, answer = EffectState.PLANNED, _facts(error)
        if state is EffectState.REFUSED and attempt.may_have_reached and not safe:
            return self._doubted(effect, answer, came)
        return _outcome(effect, state, answer)

    def _is_late(self, effect: Effect, booted: int) -> bool:
        """Whether the host has slept since, or was stopped so that its own clock cannot tell."""
        most = self._patience.too_late_ms
        if self._clocks.boottime_ms() - booted > most:
            return True
        return effect.sent_at is None or self._store.now() - effect.sent_at > most

    def _doubted(self, effect: Effect, answer: JsonValue, came: _Round) -> EffectOutcome:
        """A refusal that says nothing of an earlier attempt, which may still be carried out."""
        if not self._far.abilities(effect.plan).can_be_asked:
            return _outcome(effect, EffectState.REFUSED, answer)
        came.later[effect.key] = "was refused, but an earlier attempt may have reached it"
        return _outcome(effect, EffectState.UNKNOWN, {**answer, "refused": True})

    def _answered(self, effect: Effect, came: _Round) -> tuple[EffectState, JsonValue]:
        key = idempotency_key(effect.key, effect.generation)
        try:
            facts = self._far.send(effect.plan, idempotency_key=key)
        except Retriable as error:
            self._went_wrong(error)
            came.later[effect.key] = str(error)
            return EffectState.PLANNED, _facts(error)
        except Permanent as error:
            return EffectState.REFUSED, _facts(error)
        except PersonNeeded as error:
            return EffectState.PERSON, {"why": str(error), "alarm": False, **_facts(error)}
        except OutcomeUnknown as error:
            self._went_wrong(error)
            came.later[effect.key] = str(error)
            return EffectState.UNKNOWN, _facts(error)
        self._pace.went_well()
        self._lost = 0
        return EffectState.DONE, facts

    def _finish(self, outcomes: Sequence[EffectOutcome], came: _Round) -> bool:
        try:
            self._store.finish(outcomes)
        except EffectRefusedError as moved:
            # Somebody else went on with it meanwhile: read again what stands.
            came.later |= {outcome.key: str(moved) for outcome in outcomes}
            return False
        for outcome in outcomes:
            _count(came.count, outcome)
        return True


class _Here(Executor):
    """Does what is submitted at once, in the caller's own thread; what is raised is raised here."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call the function; the future is done."""
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _executor(at_once: int) -> Executor:
    if at_once == 1:
        return _Here()
    return ThreadPoolExecutor(at_once, thread_name_prefix="makegood-effects")


def _again(effect: Effect, forgets_keys_after_ms: int | None, *, new_key: bool) -> Start:
    return Start(
        effect.key,
        seen=effect.attempt,
        may_repeat=True,
        forgets_keys_after_ms=forgets_keys_after_ms,
        new_key=new_key,
    )


def _outcome(effect: Effect, state: EffectState, answer: JsonValue) -> EffectOutcome:
    return EffectOutcome(effect.key, effect.attempt, state, answer)


def _facts(error: ConnectorError) -> dict[str, JsonValue]:
    status = {} if error.status is None else {"status": error.status}
    return {**error.facts, "error": str(error), **status}


def _was_refused(answer: JsonValue) -> bool:
    return isinstance(answer, Mapping) and answer.get("refused") is True


def _is_resolved(outcome: JsonValue) -> bool:
    return isinstance(outcome, Mapping) and "resolved" in outcome


def _did_nothing(past: PastAttempt) -> bool:
    """Whether it is certain that nothing came of an attempt and nothing will."""
    return past.state is EffectState.PLANNED or _was_refused(past.answer)


def _failed(answer: JsonValue) -> bool:
    status = answer.get("status") if isinstance(answer, Mapping) else None
    return isinstance(status, int) and status >= SERVER_FAILED


def _count(count: Settlement, outcome: EffectOutcome) -> None:
    match outcome.state:
        case EffectState.DONE:
            count.done += 1
        case EffectState.REFUSED:
            count.refused += 1
        case EffectState.PERSON:
            count.person += 1
            count.notes.append(f"{outcome.key}: {outcome.outcome['why']}")

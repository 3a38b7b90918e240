"""The guard: when witnesses agree for long enough that a draft is opened, and when it ends.

A pure state machine over what was heard, one per service. A draft is opened when enough kinds of
signal agree for long enough; a recovery soon after the start ends it silently; recoveries that are
too short, further monitors and later outages of the same incident open no second one. How often it
is asked changes nothing: every decision has the instant at which it became due. It never looks at a
clock, and nothing that it decides changes what a client is owed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from models.incidents.signal import Condition, Heard
from models.intervals import MINUTE_MS, IntervalSet, utc_text
from models.signals import SignalKind
from models.terms import JsonValue

Place = tuple[str, str, str]
"""Source, monitor and region: one witness."""

NOTHING = IntervalSet.of(())


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRule:
    """When a service's outage becomes a draft. All lengths are milliseconds.

    Attributes:
        kinds: How many kinds of signal must agree, of three.
        agree_ms: For how long they must agree; exactly as long is long enough.
        snooze_ms: A recovery earlier than this after the start ends the draft silently.
        bridge_ms: A recovery shorter than this is none: the service flaps.
        same_ms: An outage that begins no later than this after the last one belongs to the same
            incident, where that one was ended silently or rejected.

    Source: the template bundle's guardrails: two of three for 5 minutes, 8 minutes to snooze.
    """

    kinds: int = 2
    agree_ms: int = 5 * MINUTE_MS
    snooze_ms: int = 8 * MINUTE_MS
    bridge_ms: int = 2 * MINUTE_MS
    same_ms: int = 30 * MINUTE_MS

    def __post_init__(self) -> None:
        """Refuse to exist where nothing could ever agree, or time runs backwards."""
        if not 1 <= self.kinds <= len(SignalKind):
            message = f"{self.kinds} of {len(SignalKind)} kinds of signal cannot agree"
            raise ValueError(message)
        if min(self.agree_ms, self.snooze_ms, self.same_ms) < 0 or self.bridge_ms < 1:
            message = "a guard's lengths of time are not negative, and its bridge is no instant"
            raise ValueError(message)

    @property
    def record(self) -> dict[str, JsonValue]:
        """The rule as canonical JSON values."""
        names = ("kinds", "agree_ms", "snooze_ms", "bridge_ms", "same_ms")
        return {name: getattr(self, name) for name in names}


class Standing(StrEnum):
    """How far the latest incident is, as far as the guard asks."""

    DRAFT = "draft"
    PUBLIC = "public"
    SNOOZED = "snoozed"
    REJECTED = "rejected"
    RESOLVED = "resolved"


class Verdict(StrEnum):
    """What the guard decides.

    OPENED: a new draft. REOPENED: a draft that was ended silently is one again. JOINED: the outage
    belongs to an incident that is there. SNOOZED: a draft is ended silently. RECOVERED: the outage
    is over, and people decide. PASSED: witnesses agreed for too short a time. SUPPRESSED: they
    agree within maintenance. STALE: an event is older than what its witness said since.
    """

    OPENED = "opened"
    REOPENED = "reopened"
    JOINED = "joined"
    SNOOZED = "snoozed"
    RECOVERED = "recovered"
    PASSED = "passed"
    SUPPRESSED = "suppressed"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Word:
    """What a witness said last.

    Attributes:
        condition: Up or down.
        since: From when on.
        number: Which event said so, see `Heard.number`.
    """

    condition: Condition
    since: int
    number: int


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch in which enough kinds agree, short recoveries included.

    Attributes:
        start: Its first instant.
        lost_at: When agreement ended, as long as that may still be a flap; None while it lasts.
        judged: Whether a draft was opened, or an incident joined, because of it.
        suppressed: Whether it was noted that maintenance holds it back.
    """

    start: int
    lost_at: int | None = None
    judged: bool = False
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest incident of the service.

    Attributes:
        started_at: When it started; names it.
        standing: How far it is.
        ended_at: When its latest outage ended; None while one lasts.
    """

    started_at: int
    standing: Standing
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the guard decided, with everything that it rests on.

    Attributes:
        verdict: What.
        at: The instant at which it was due.
        incident: When the incident that it is about started; None where there is none.
        start: When the spell began.
        end: When it ended; None while it lasts.
        down: Who said down then, by kind: place, since when, and by which event.
        number: The event that brought it; 0 for time alone.
    """

    verdict: Verdict
    at: int
    incident: int | None
    start: int
    end: int | None
    down: tuple[tuple[SignalKind, Place, Word], ...] = ()
    number: int = 0

    @property
    def record(self) -> dict[str, JsonValue]:
        """The decision as canonical JSON values."""
        return {
            "verdict": self.verdict.value,
            "due_at": utc_text(self.at),
            "agreed_from": utc_text(self.start),
            "agreed_until": None if self.end is None else utc_text(self.end),
            "event": self.number,
            "down": [
                {
                    "kind": kind.value,
                    "source": place[0],
                    "monitor": place[1],
                    "region": place[2],
                    "since": utc_text(word.since),
                    "event": word.number,
                }
                for kind, place, word in self.down
            ],
        }


@dataclass(frozen=True, slots=True)
class Guard:
    """All that the guard remembers of one service.

    Attributes:
        at: Up to when everything due was decided.
        words: What each witness said last.
        spell: The present stretch of agreement; None without one.
        last_end: When the last one ended; spells never overlap.
        latest: The latest incident; None before the first.
    """

    at: int = 0
    words: Mapping[Place, Word] = field(default_factory=lambda: MappingProxyType({}))
    spell: Spell | None = None
    last_end: int = 0
    latest: Latest | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """What the guard of one service goes by.

    Attributes:
        rule: Its lengths of time.
        kinds: What kind of witness each monitor is, by source and monitor; others are not heard.
        maintenance: When an outage is nobody's surprise.
    """

    rule: GuardRule
    kinds: Mapping[tuple[str, str], SignalKind]
    maintenance: IntervalSet = NOTHING


Step = tuple[Guard, tuple[Decision, ...]]
"""The guard afterwards, and what it decided, in order."""


def hear(guard: Guard, heard: Heard, watched: Watched) -> Step:
    """Take one event, after everything that was due before it; events come in rising number."""
    said = heard.signal
    now = max(heard.heard_at, guard.at)
    guard, before = until(guard, now, watched)
    place = (said.source, said.monitor, said.region)
    if place[:2] not in watched.kinds:
        return guard, before
    at = min(said.at, now)
    known = guard.words.get(place)
    if known is not None and at < known.since:
        stale = Decision(Verdict.STALE, now, None, at, None, number=heard.number)
        return guard, (*before, stale)
    if known is None or known.condition is not said.condition:
        words = {**guard.words, place: Word(said.condition, at, heard.number)}
        guard = _turned(replace(guard, words=MappingProxyType(words)), at, watched)
    guard, after = until(guard, now, watched)
    return guard, (*before, *after)


def until(guard: Guard, now: int, watched: Watched) -> Step:
    """Decide everything that is due by now; asking again, or more often, decides nothing else."""
    decisions: list[Decision] = []
    while (due := _due(guard, watched)) is not None and due[0] <= now:
        guard, decision = _decided(guard, *due, watched)
        decisions.append(decision)
    return replace(guard, at=max(guard.at, now)), tuple(decisions)


def next_due(guard: Guard, watched: Watched) -> int | None:
    """When the next decision falls due if nothing is heard; None when none does."""
    due = _due(guard, watched)
    return None if due is None else due[0]


def stands(guard: Guard, standing: Standing, *, started_at: int) -> Guard:
    """The guard after people brought an incident that far; an earlier one is none of its."""
    if guard.latest is None or guard.latest.started_at != started_at:
        return guard
    return replace(guard, latest=replace(guard.latest, standing=standing))


def _turned(guard: Guard, at: int, watched: Watched) -> Guard:
    """The guard after a witness changed its word."""
    since, spell = _agreed_since(guard, watched), guard.spell
    if since is None:
        if spell is None or spell.lost_at is not None:
            return guard
        return replace(guard, spell=replace(spell, lost_at=max(at, spell.start)))
    if spell is None:
        return replace(guard, spell=Spell(max(since, guard.last_end)))
    # What is lost for too long has ended before this word was heard.
    return replace(guard, spell=replace(spell, lost_at=None))


def _agreed_since(guard: Guard, watched: Watched) -> int | None:
    """From when on enough kinds say down; None when they do not."""
    first: dict[SignalKind, int] = {}
    for kind, _, word in _down(guard, watched):
        first[kind] = min(word.since, first.get(kind, word.since))
    rising = sorted(first.values())
    needed = watched.rule.kinds
    return rising[needed - 1] if len(rising) >= needed else None


def _down(guard: Guard, watched: Watched) -> Iterator[tuple[SignalKind, Place, Word]]:
    for place, word in sorted(guard.words.items()):
        kind = watched.kinds.get(place[:2])
        if kind is not None and word.condition is Condition.DOWN:
            yield kind, place, word


def _due(guard: Guard, watched: Watched) -> tuple[int, bool] | None:
    """When something is due next, and whether it is that maintenance holds back; None for never."""
    spell, rule = guard.spell, watched.rule
    if spell is None:
        return None
    if spell.lost_at is not None:
        return spell.lost_at + rule.bridge_ms, False
    if spell.judged:
        return None
    begun = unannounced_from(spell.start, rule.agree_ms, watched.maintenance)
    if begun > spell.start and not spell.suppressed:
        return spell.start + rule.agree_ms, True
    return begun + rule.agree_ms, False


def unannounced_from(start: int, length: int, maintenance: IntervalSet) -> int:
    """The first instant, from the start on, that is followed by so long without maintenance.

    >>> unannounced_from(0, 5, IntervalSet.of([(3, 10), (14, 20)]))
    20
    """
    for begins, ends in maintenance.spans:
        if begins < start + length and ends > start:
            start = ends
    return start


def _decided(guard: Guard, at: int, held_back: bool, watched: Watched) -> tuple[Guard, Decision]:  # noqa: FBT001  It is `_due`'s own answer.
    spell = guard.spell
    if spell is None:
        message = "nothing is due without a spell"
        raise ValueError(message)
    if held_back:
        guard = replace(guard, spell=replace(spell, suppressed=True))
        return guard, _decision(guard, Verdict.SUPPRESSED, at, watched)
    if spell.lost_at is None:
        return _judged(guard, spell, at, watched)
    return _ended(guard, spell, spell.lost_at, at, watched)


def _judged(guard: Guard, spell: Spell, at: int, watched: Watched) -> tuple[Guard, Decision]:
    """Witnesses have agreed for long enough: a draft, or more of an incident that is there."""
    verdict = _verdict(guard.latest, spell, watched.rule)
    judged = replace(guard, spell=replace(spell, judged=True))
    if verdict is Verdict.OPENED or guard.latest is None:
        latest = Latest(at - watched.rule.agree_ms, Standing.DRAFT)
    elif verdict is Verdict.REOPENED:
        latest = Latest(guard.latest.started_at, Standing.DRAFT)
    else:
        latest = replace(guard.latest, ended_at=None)
    judged = replace(judged, latest=latest)
    return judged, _decision(judged, verdict, at, watched, about=latest)


def _verdict(latest: Latest | None, spell: Spell, rule: GuardRule) -> Verdict:
    if latest is None or latest.standing is Standing.RESOLVED:
        return Verdict.OPENED
    if latest.standing is Standing.PUBLIC or latest.ended_at is None:
        return Verdict.JOINED
    if spell.start - latest.ended_at > rule.same_ms:
        return Verdict.OPENED
    return Verdict.REOPENED if latest.standing is Standing.SNOOZED else Verdict.JOINED


def _ended(
    guard: Guard, spell: Spell, end: int, at: int, watched: Watched
) -> tuple[Guard, Decision]:
    """Agreement ended, and no flap has brought it back."""
    ended = replace(guard, spell=None, last_end=max(end, guard.last_end))
    latest = guard.latest
    if not spell.judged or latest is None:
        return ended, _decision(guard, Verdict.PASSED, at, watched)
    silent = latest.standing is Standing.DRAFT and end - latest.started_at < watched.rule.snooze_ms
    standing = Standing.SNOOZED if silent else latest.standing
    ended = replace(ended, latest=Latest(latest.started_at, standing, end))
    verdict = Verdict.SNOOZED if silent else Verdict.RECOVERED
    return ended, _decision(guard, verdict, at, watched, about=latest)


def _decision(
    guard: Guard, verdict: Verdict, at: int, watched: Watched, *, about: Latest | None = None
) -> Decision:
    spell = guard.spell or Spell(at)
    return Decision(
        verdict,
        at,
        about.started_at if about else None,
        spell.start,
        spell.lost_at,
        tuple(_down(guard, watched)),
        max((word.number for word in guard.words.values()), default=0),
    )

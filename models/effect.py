"""Where one change in the outside world stands, and what is to be done about it next.

An effect is planned with its exact parameters (the intent), attempted, and settled. The rule that
everything else leans on: an attempt whose outcome is unknown is never simply repeated; somebody or
something looks first. `next_move` is that rule as one pure table; `flows.effects` carries it out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.terms import JsonValue

FRESH_MS = 3_600_000
"""A plan that is younger is sent without a look where the far side knows no keys at all."""

WORKSPACE = "*"
"""The chain that records what belongs to no single contract, such as a month's summary."""


class EffectState(StrEnum):
    """Where an effect stands.

    `planned`: nothing was attempted, or it is certain that nothing happened. `sending`: an attempt
    began; after a crash it may have reached the far side. `done`, `refused`: the far side said so.
    `unknown`: nobody can say. `person`: a person must settle it.
    """

    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    PERSON = "person"


MAY_BECOME: Mapping[EffectState, frozenset[EffectState]] = {
    EffectState.PLANNED: frozenset({EffectState.PERSON}),
    EffectState.SENDING: frozenset(EffectState) - {EffectState.SENDING},
    EffectState.UNKNOWN: frozenset(EffectState) - {EffectState.SENDING, EffectState.UNKNOWN},
    EffectState.PERSON: frozenset({EffectState.PLANNED, EffectState.DONE, EffectState.REFUSED}),
    EffectState.REFUSED: frozenset({EffectState.PERSON}),
    EffectState.DONE: frozenset(),
}
"""What an effect may be settled as. Done is for ever; a correction is a new effect."""

MAY_BEGIN = frozenset({EffectState.PLANNED, EffectState.SENDING})
"""The states from which an attempt may begin; from `sending` the caller looks before it writes."""

MAY_BEGIN_AFTER_A_LOOK = MAY_BEGIN | {EffectState.UNKNOWN}
"""The states from which an attempt may begin when a look has found nothing since."""

OPEN_STATES = MAY_BEGIN_AFTER_A_LOOK
"""The states that a run has something to do about; all others wait for nobody, or for a person."""

MAY_BE_RESOLVED = frozenset({EffectState.PERSON, EffectState.UNKNOWN})
"""The states in which a person may say how an effect ended."""

RESOLUTIONS = frozenset({EffectState.PLANNED, EffectState.DONE, EffectState.REFUSED})
"""What a person may say: it is not there and is to be done, it is there, it shall not be done."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a far side offers against doubt; a connector declares it, nobody infers it.

    Attributes:
        can_be_asked: A look finds whatever an attempt may have made.
        repeats_are_safe: The same attempt twice happens once, at any age: a file named after its
            key, a row of a mirror.
        repeats_are_harmless: Twice would bother nobody but ourselves: a summary to the operator
            under the same Message-ID.
        forgets_keys_after_ms: How long a repeated idempotency key is surely recognised, counted
            from its first sending; 0 where there are no keys, None where they last for ever.
        settles_within_ms: How long a request that was cut off may still be carried out; only a look
            after that proves that nothing will come of it.
        why_not_asked: Why it cannot be asked, where that is not its nature; "".
    """

    can_be_asked: bool = False
    repeats_are_safe: bool = False
    repeats_are_harmless: bool = False
    forgets_keys_after_ms: int | None = None
    settles_within_ms: int = 0
    why_not_asked: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Something at the far side that carries an effect's key.

    Attributes:
        id: The far side's id.
        stands: Whether it is in force; False when it is void or failed later.
        gone: Nothing of it is in force any more: it is void, or all of it came back.
        differs: What is not as the intent asks, one fact each; empty when all is equal.
        facts: What the log keeps about it.
    """

    id: str
    stands: bool = True
    gone: bool = False
    differs: tuple[str, ...] = ()
    facts: JsonValue = None


@dataclass(frozen=True, slots=True)
class Look:
    """What asking the far side brought.

    Attributes:
        matches: Everything that carries the effect's key, of all pages.
        failed: Why the far side could not be asked; "" when it answered.
    """

    matches: tuple[Match, ...] = ()
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an effect stands, as far as the next move depends on it.

    Attributes:
        state: Its state.
        age_ms: Milliseconds, by the database's clock, since the first attempt under its present
            idempotency key that may have reached the far side; None when surely none ever did.
        refund_in_doubt: The last answer was a server's failure, and part of the effect is a refund,
            which can have happened where no look sees it.
        quiet_ms: Milliseconds since the latest attempt began of which it is not certain that
            nothing came; None when that is the first one.
        planned_ms: Milliseconds since it was planned.
        refused: The latest attempt was refused, while an earlier one may have reached the far side.
        again: A person has said that it is to be done again.
    """

    state: EffectState
    age_ms: int | None = None
    refund_in_doubt: bool = False
    quiet_ms: int | None = None
    planned_ms: int = 0
    refused: bool = False
    again: bool = False

    def __post_init__(self) -> None:
        """Refuse to exist when in doubt about something that was never sent."""
        if self.age_ms is None and self.state in {EffectState.SENDING, EffectState.UNKNOWN}:
            message = f"an effect that is {self.state} may have been sent: its age is needed"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing is to be done; `state` says how it ended, or that a person has it."""

    state: EffectState


@dataclass(frozen=True, slots=True)
class SendFirst:
    """Attempt it: surely nothing reached the far side so far."""


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Attempt it again under the same idempotency key, with the same bytes."""


@dataclass(frozen=True, slots=True)
class SendWithNewKey:
    """Attempt it under a new idempotency key: nothing is there, and the old one is forgotten."""


@dataclass(frozen=True, slots=True)
class Adopt:
    """It is there, exactly as asked: take note of it."""

    found: Match


@dataclass(frozen=True, slots=True)
class TakeRefusal:
    """It is closed, and may be planned anew: nothing of it is there nor can come.

    Attributes:
        why: What became of it, as a sentence; "" when the last answer, a refusal, says so.
    """

    why: str = ""


@dataclass(frozen=True, slots=True)
class AskPerson:
    """Only a person can tell.

    Attributes:
        why: What is the matter and what to do, as sentences.
        alarm: Something is wrong now (a double), beyond a question that may wait.
    """

    why: str
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class WaitAndLook:
    """Do nothing but look, now or later.

    Attributes:
        why: What is awaited.
        only_time_helps: The far side has answered; nothing but a later look can tell more.
    """

    why: str
    only_time_helps: bool = False


Move = (
    Settled | SendFirst | SendAgain | SendWithNewKey | Adopt | TakeRefusal | AskPerson | WaitAndLook
)
"""Everything that can be done next. The set is closed: `match` on it is exhaustive."""

SENDS = (SendFirst, SendAgain, SendWithNewKey)
"""The moves that write at the far side."""


def next_move(standing: Standing, able: Abilities, look: Look | None = None) -> Move:
    """What is to be done about an effect.

    | on entry | look | move |
    |---|---|---|
    | done, refused, person | - | Settled |
    | planned, surely never sent | - | SendFirst |
    | planned so long ago that a key would be forgotten, can be asked | as in doubt | as in doubt |
    | | none | SendFirst |
    | in doubt, repeats are safe | - | SendAgain |
    | in doubt, can be asked | none yet, or failed | WaitAndLook |
    | | one that stands, all equal | Adopt |
    | | some, all of them gone, and a person has said "again" | TakeRefusal |
    | | one that differs or does not stand | AskPerson |
    | | two or more | AskPerson, alarm |
    | | none, may have refunded, key still recognised | WaitAndLook |
    | | none, may have refunded, key forgotten | AskPerson |
    | | none, refused since, a cut-off request may still run | WaitAndLook |
    | | none, refused since | TakeRefusal |
    | | none, the key is still recognised | SendAgain |
    | | none, the key is forgotten, a cut-off request may still run | WaitAndLook |
    | | none, the key is forgotten | SendWithNewKey |
    | in doubt, cannot be asked, repeats are harmless | - | SendAgain |
    | planned again by a person, cannot be asked | - | SendAgain |
    | in doubt, cannot be asked | - | AskPerson |

    Args:
        standing: Where the effect stands; in doubt is whatever has an age and is not settled.
        able: What the far side offers.
        look: What a look brought that was made since the effect was read; None before one.

    Source: Stripe, idempotent requests: keys may be removed once they are 24 hours old, and a
        request that reuses one after that is a new request.

    >>> next_move(Standing(EffectState.PLANNED), Abilities(can_be_asked=True))
    SendFirst()
    """
    if standing.state not in OPEN_STATES:
        return Settled(standing.state)
    if standing.age_ms is None:
        return _by_plan(standing, able, look)
    if able.repeats_are_safe:
        return SendAgain()
    if able.can_be_asked:
        return _by_look(standing, standing.age_ms, able, look)
    if able.repeats_are_harmless or standing.state is EffectState.PLANNED:
        return SendAgain()
    return _unasked(able)


def _unasked(able: Abilities) -> AskPerson:
    if able.why_not_asked:
        return AskPerson(
            f"an attempt may have been carried out, and nobody can be asked here: "
            f"{able.why_not_asked}. Look for it where it was to be made, then answer: done when it "
            "is there, again when it is not and shall be planned anew, refused when it shall not "
            "be."
        )
    return AskPerson(
        "an attempt may have reached the far side, which cannot be asked, and a second one would "
        "show. Find out whether it arrived, then answer: done, again or refused."
    )


def _by_plan(standing: Standing, able: Abilities, look: Look | None) -> Move:
    """What was never sent, as far as a database knows that may be an old copy of itself.

    A younger plan needs no look: whatever was sent of it has a key that is still recognised.
    """
    forgets = able.forgets_keys_after_ms
    if not able.can_be_asked or forgets is None or standing.planned_ms < max(forgets, FRESH_MS):
        return SendFirst()
    return _by_matches(look) or SendFirst()


def _by_look(standing: Standing, age_ms: int, able: Abilities, look: Look | None) -> Move:
    if standing.again and look and look.matches and all(match.gone for match in look.matches):
        ids = ", ".join(match.id for match in look.matches)
        return TakeRefusal(f"{ids} was made, and nothing of it is in force any more")
    return _by_matches(look) or _by_age(standing, age_ms, able)


def _by_matches(look: Look | None) -> Move | None:
    """What to do by what a look brought; None when nothing is there."""
    if look is None:
        return WaitAndLook("an attempt may have reached the far side: look before writing")
    if look.failed:
        return WaitAndLook(look.failed)
    if len(look.matches) > 1:
        ids = ", ".join(match.id for match in look.matches)
        return AskPerson(
            f"{len(look.matches)} are there where one was asked for: {ids}. "
            "Take back all but one, then answer: done.",
            alarm=True,
        )
    return _by_match(look.matches[0]) if look.matches else None


def _by_age(standing: Standing, age_ms: int, able: Abilities) -> Move:
    forgotten = able.forgets_keys_after_ms is not None and age_ms >= able.forgets_keys_after_ms
    if standing.refund_in_doubt:
        return _by_refund(forgotten=forgotten)
    if not (forgotten or standing.refused):
        return SendAgain()
    quiet_ms = age_ms if standing.quiet_ms is None else standing.quiet_ms
    if quiet_ms < able.settles_within_ms:
        said = "it was refused, but an earlier" if standing.refused else "the last"
        why = f"{said} request may still be carried out: look again later"
        return WaitAndLook(why, only_time_helps=True)
    return TakeRefusal() if standing.refused else SendWithNewKey()


def _by_match(found: Match) -> Move:
    if found.stands and not found.differs:
        return Adopt(found)
    facts = [*found.differs] if found.stands else ["is void or has failed", *found.differs]
    return AskPerson(
        f"{found.id} is there, but {'; '.join(facts)}. "
        "Decide whether it counts, then answer: done or refused."
    )


def _by_refund(*, forgotten: bool) -> Move:
    if not forgotten:
        return WaitAndLook(
            "the far side failed and may have refunded: wait for its events, then look again",
            only_time_helps=True,
        )
    return AskPerson(
        "the far side failed, nothing is found, and a refund may have been made all the same. "
        "Look for the refund there, then answer: done or refused."
    )


def idempotency_key(effect_key: str, generation: int) -> str:
    """The key under which a vendor recognises a repeated attempt, at most 60 characters.

    >>> idempotency_key("acme/api/2026-05/r0/p1", 1)
    'mg:ab4919ff2823bdaca3e63ae54ea56eaaa99a4ce3:a1'
    """
    return f"mg:{hashlib.sha256(effect_key.encode()).hexdigest()[:40]}:a{generation}"

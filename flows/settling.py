"""What only a person can settle: the questions that runs have left, and a person's answers.

An effect that no rule decides (a credit that nobody can use, a mail that may have arrived) stands
until somebody says how it ended. Here it is told in words, with what each answer would do; the
answer goes into the log with who gave it and why. Nothing is sent, paid or decided here: what an
answer asks for is done by the next run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from connectors.billing import PartIntent
from connectors.store import Effect, EffectOutcome, Store
from flows.binding import PAYMENT
from flows.correcting import CORRECTION, returned_of
from flows.effects import AT_ONCE
from flows.mailing import MAIL_KINDS
from flows.questions import is_answered
from models.approval import Voice
from models.effect import MAY_BE_RESOLVED, EffectState
from models.findings import UnusableInputError, refuse
from models.money import Money
from models.payment import Channel
from models.terms import JsonValue, near_miss


class Answer(StrEnum):
    """What a person may answer."""

    DONE = "done"
    REFUSED = "refused"
    AGAIN = "again"


STATE_OF: Mapping[Answer, EffectState] = {
    Answer.DONE: EffectState.DONE,
    Answer.REFUSED: EffectState.REFUSED,
    Answer.AGAIN: EffectState.PLANNED,
}

MONEY = frozenset({PAYMENT, CORRECTION})

MAY_BE_ASKED = MAY_BE_RESOLVED | {EffectState.REFUSED}
"""A refused payment is planned anew by the next run; whatever else is refused waits for a word."""

Words = Mapping[Answer, str]

BY_HAND: Words = {
    Answer.DONE: "it is paid by hand; no run pays it as well",
    Answer.REFUSED: "it is not paid and shall not be; no run asks again",
    Answer.AGAIN: "the next run plans it anew, as the next part, with what billing knows by then",
}
SENT_MONEY: Words = {
    Answer.DONE: "it is there and counts as paid; no run sends it again",
    Answer.REFUSED: "it is not there, or does not count, and shall not be paid; no run asks again",
    Answer.AGAIN: "the next run looks for it: it takes note of what is as asked, sends it when "
    "nothing is there, pays it as the next part when what is there is void, and asks again about "
    "anything else",
}
CAME_BACK: Words = {
    Answer.DONE: "the client has it in another way, paid by hand; no run pays it as well",
    Answer.REFUSED: "it is not owed any more; no run pays it, and the books take the credit back",
    Answer.AGAIN: "the next run looks once more, and pays what came back anew, as the next part",
}
SENT_MAIL: Words = {
    Answer.DONE: "it arrived; no run sends it again",
    Answer.REFUSED: "it did not arrive and shall not be sent; no run asks again",
    Answer.AGAIN: "the next run sends it to the same receivers, a second time if it did arrive",
}
ANYTHING: Words = {
    Answer.DONE: "it is there; no run does it again",
    Answer.REFUSED: "it is not there and shall not be; no run asks again",
    Answer.AGAIN: "the next run does it again",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person is asked about one effect.

    Attributes:
        key: The effect's key, such as `acme/api/2026-05/r0/p1`.
        kind: What it does, such as `payment` or `client_notice`.
        state: `person`; `unknown` while nobody can say what became of it; `refused`.
        period: The service month.
        amount: What it moves or tells of, signed; None for what has no amount.
        since: When the attempt began that left the question, by the database's clock.
        why: What is the matter.
        proposal: What the person might do first.
        answers: What each answer would do.
        alarm: Something is wrong now (a double), beyond a question that may wait.
        attempt: The number of that attempt.
        outcome: What it brought, as it is kept.
    """

    key: str
    kind: str
    state: EffectState
    period: str
    amount: Money | None
    since: int
    why: str
    proposal: str
    answers: Words
    alarm: bool
    attempt: int
    outcome: JsonValue


def all_asked(store: Store, *, period: str | None = None) -> tuple[Asked, ...]:
    """Everything that people are asked, rising by key; None is every month. Read-only."""
    keys = store.effect_keys(period=period, states=sorted(MAY_BE_ASKED))
    found: list[Asked] = []
    while page := list(islice(keys, AT_ONCE)):
        # Somebody may have answered since the keys were read.
        found += _told(store, [e for e in store.effects(keys=page) if _is_asked(e)])
    return tuple(found)


def asked_about(store: Store, key: str) -> Asked:
    """The question about one effect.

    Raises:
        UnusableInputError: There is no such effect, or nobody is asked about it.
    """
    effects = store.effects(keys=[key])
    if not effects:
        raise _unknown_key(store, key)
    (effect,) = effects
    if not _is_asked(effect):
        raise refuse(
            "KEY",
            f"{key} is {effect.state.value}",
            expected="something that a person is asked about",
            remedy="`makegood settle` lists what is asked.",
        )
    return next(_told(store, effects))


def answer(store: Store, asked: Asked, *, as_: Answer, by: Voice, why: str) -> Effect:
    """Write down how an effect ended, as a person has found out; the log says who and why.

    Raises:
        EffectRefusedError: Somebody answered, or a run went on with it, since it was read.
        ValueError: Nothing is said in `why`.
    """
    if asked.state is EffectState.REFUSED:
        store.finish([EffectOutcome(asked.key, asked.attempt, EffectState.PERSON, asked.outcome)])
    return store.resolve(asked.key, as_=STATE_OF[as_], by=f"{by.name} ({by.grounds})", why=why)


def _is_asked(effect: Effect) -> bool:
    if effect.state is EffectState.REFUSED:
        return effect.plan.kind != PAYMENT and not is_answered(effect)
    return effect.state in MAY_BE_RESOLVED


def _unknown_key(store: Store, key: str) -> UnusableInputError:
    near = near_miss(key, [asked.key for asked in all_asked(store)])
    return refuse(
        "KEY",
        f"there is nothing under {key!r}",
        expected="the key of a question, such as acme/api/2026-05/r0/p1",
        remedy=near or "`makegood settle` lists what is asked.",
    )


def _told(store: Store, effects: Sequence[Effect]) -> Iterator[Asked]:
    owed = _owed(store, [effect for effect in effects if effect.plan.kind not in MONEY])
    for effect in effects:
        intent = _intent(effect)
        outcome = effect.outcome if isinstance(effect.outcome, Mapping) else {}
        why, proposal, answers = _words(effect, intent, outcome)
        yield Asked(
            key=effect.key,
            kind=effect.plan.kind,
            state=effect.state,
            period=effect.plan.period,
            amount=_amount(effect, intent, owed),
            since=effect.sent_at or effect.planned_at,
            why=why,
            proposal=proposal,
            answers=answers,
            alarm=bool(outcome.get("alarm")),
            attempt=effect.attempt,
            outcome=effect.outcome,
        )


def _amount(effect: Effect, intent: PartIntent | None, owed: Mapping[str, Money]) -> Money | None:
    if effect.plan.kind == CORRECTION:
        return returned_of(effect).amount
    return intent.part.amount if intent else owed.get(effect.plan.obligation or "")


def _words(
    effect: Effect, intent: PartIntent | None, outcome: Mapping[str, object]
) -> tuple[str, str, Words]:
    """Why it is asked, what might be done first, and what each answer would do."""
    why = str(outcome.get("why") or outcome.get("error") or "nobody knows what became of it")
    if intent is not None:
        return _words_of_money(effect, intent, why)
    if effect.plan.kind == CORRECTION:
        return why, "Find out why it came back, and whether the client is owed it", CAME_BACK
    if effect.plan.kind in MAIL_KINDS:
        return why, _proposal_for_mail(effect), SENT_MAIL
    if effect.state is EffectState.REFUSED:
        return why, "Mend what stood in its way", ANYTHING
    return why, "Find out whether it is there", ANYTHING


def _proposal_for_mail(effect: Effect) -> str:
    if effect.state is not EffectState.REFUSED:
        return "Find out whether it arrived"
    # Its bytes name its receivers, and are fixed: a corrected address is for the next message.
    return (
        "Mend what stood in its way; where the address itself is wrong, correct it for the months "
        f"to come, and send this one by hand (`makegood mail preview {effect.plan.period}` writes "
        "it)"
    )


def _words_of_money(effect: Effect, intent: PartIntent, why: str) -> tuple[str, str, Words]:
    if intent.part.channel is Channel.BY_HAND:
        return str(intent.parameters["ask"]), str(intent.parameters["proposal"]), BY_HAND
    if effect.state is EffectState.UNKNOWN:
        return why, "Run the month again: it looks before it writes", SENT_MONEY
    return why, "Look for it where it is billed", SENT_MONEY


def _intent(effect: Effect) -> PartIntent | None:
    return PartIntent.of_record(effect.plan.intent) if effect.plan.kind == PAYMENT else None


def _owed(store: Store, effects: Sequence[Effect]) -> Mapping[str, Money]:
    """The amounts of the obligations that effects hang on, by the obligation's key."""
    contracts: dict[str, set[str]] = defaultdict(set)
    for effect in effects:
        if effect.plan.obligation is not None:
            contracts[effect.plan.period].add(effect.plan.contract)
    return {
        stored.key: stored.obligation.amount
        for period, named in contracts.items()
        for history in store.history(sorted(named), period).values()
        for stored in history.obligations
        if stored.obligation.amount is not None
    }

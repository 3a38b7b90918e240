"""Corrections: what is to be done about a payment that came back, as a person decides.

The reconciliation finds that a note is void, or that a refund failed, and leaves it as a proposed
effect: a question. The books take the payment back from that day on. When a person answers that it
is to be paid anew, the next run looks at the vendor first; what still came back is owed again, and
later parts pay it. Nothing is voided, refunded or paid here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from connectors.billing import Billing, Found, FoundState, PartIntent
from connectors.errors import Permanent, PersonNeeded, Retriable
from connectors.store import Effect, EffectOutcome, EffectPlan, Store
from flows.effects import AT_ONCE, ONCE, Settlement, Unasked, settle
from models.effect import MAY_BEGIN, Abilities, EffectState
from models.returned import Correction, Returned
from models.terms import JsonValue

CORRECTION = "correction"
"""The kind of the effects that say that a payment came back."""


def propose_corrections(store: Store, returned: Sequence[Returned]) -> tuple[str, ...]:
    """Leave each payment that came back with a person, once; answer with the keys that are asked.

    What was asked or answered before stays as it is.

    Raises:
        Retriable: The database cannot be reached.
    """
    plans = [_plan(one) for one in returned]
    store.plan_effects(plans)
    keys = [plan.key for plan in plans]
    new = [e.key for e in store.effects(keys=keys) if e.state in MAY_BEGIN and not is_resolved(e)]
    settle(store, new, _PEOPLE, patience=ONCE)
    asked = store.effects(keys=keys, states=[EffectState.PERSON]) if keys else ()
    return tuple(effect.key for effect in asked)


def _plan(returned: Returned) -> EffectPlan:
    contract, period, _ = returned.part.obligation.rsplit("/", 2)
    return EffectPlan(
        key=returned.key,
        kind=CORRECTION,
        contract=contract,
        period=period,
        intent=returned.record,
        obligation=returned.part.obligation,
    )


def _ask(plan: EffectPlan) -> JsonValue:
    """Hand it to a person.

    Raises:
        PersonNeeded: Always.
    """
    message = f"{Returned.of_record(plan.intent)}. Is it paid anew?"
    raise PersonNeeded(message)


_PEOPLE = Unasked("corrections", _ask, lambda _plan: Abilities(repeats_are_safe=True))


def corrections(store: Store, *, period: str | None = None) -> Mapping[str, Effect]:
    """Every correction by its part's key; None is every month."""
    keys = store.effect_keys(period=period, kinds=[CORRECTION])
    found: dict[str, Effect] = {}
    while page := list(islice(keys, AT_ONCE)):
        for effect in store.effects(keys=page):
            found[returned_of(effect).part.key] = effect
    return found


def returned_of(correction: Effect) -> Returned:
    """What came back."""
    return Returned.of_record(correction.plan.intent)


def outcome_of(correction: Effect) -> Correction:
    """What follows from it, as far as that is known."""
    if correction.state is EffectState.DONE:
        return Correction.BY_HAND if is_resolved(correction) else Correction.PAID_ANEW
    return Correction.WAIVED if correction.state is EffectState.REFUSED else Correction.ASKED


def is_resolved(effect: Effect) -> bool:
    """Whether a person has said how it ended, or that it is to be done again."""
    return isinstance(effect.outcome, Mapping) and "resolved" in effect.outcome


def take_up(store: Store, billing: Billing, period: str) -> Settlement:
    """Look at what a person has answered with "again": what still came back is owed anew.

    The caller holds the month's lock. Read-only at the vendor.

    Raises:
        Misconfigured: Key, permission or side is wrong.
        Retriable: The database cannot be reached.
    """
    count = Settlement()
    for correction in corrections(store, period=period).values():
        if correction.state not in MAY_BEGIN or not is_resolved(correction):
            continue
        try:
            against = _why_not(store, billing, returned_of(correction))
        except Retriable as error:
            notes = [f"{correction.key}: waits: {error}"]
            count.add(Settlement(waiting=1, unfinished=1, notes=notes))
            continue
        _finish(store, correction, against)
        if against:
            count.add(Settlement(person=1, notes=[f"{correction.key}: {against}"]))
    return count


def _finish(store: Store, correction: Effect, against: str) -> None:
    (attempt,) = store.begin([correction.key])
    state = EffectState.PERSON if against else EffectState.DONE
    outcome: JsonValue = {Correction.PAID_ANEW.value: True}
    if against:
        outcome = {"why": against, "alarm": False}
    store.finish([EffectOutcome(correction.key, attempt.effect.attempt, state, outcome)])


def _why_not(store: Store, billing: Billing, returned: Returned) -> str:
    """Why it cannot be paid anew by a program; "" when it still came back as recorded.

    Raises:
        Retriable: The vendor could not be asked.
    """
    (paid,) = store.effects(keys=[returned.part.key])
    intent = PartIntent.of_record(paid.plan.intent)
    disowned = billing.disowns(intent)
    if disowned:
        return f"{returned.part.key} cannot be looked for here: {disowned}. Pay it by hand."
    try:
        found = billing.look(intent)
    except Permanent as error:
        return f"{returned.part.key} cannot be looked for: {error}"
    if any(one.state is FoundState.LIVE for one in found) or not found:
        there = ", ".join(f"{one.id} stands" for one in found) or "nothing is there"
        return f"{returned.part.key} did not come back as recorded: {there}. Look at it by hand."
    return "" if _came_back(found) == returned.document.minor else _otherwise(returned, found)


def _came_back(found: Iterable[Found]) -> int:
    return sum(one.returned.minor for one in found if one.returned is not None)


def _otherwise(returned: Returned, found: Iterable[Found]) -> str:
    told = ", ".join(f"{one.returned} of {one.id}" for one in found)
    return f"{returned.document} were recorded as returned, and now it is {told}. Pay it by hand."

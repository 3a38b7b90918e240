"""Whether a case ended well: each obligation paid exactly once, or a person was told.

What stands at the vendor is read from the stand-in's own side, past everything that Makegood
believes; what Makegood believes is read from its database. Nothing here uses the paying code.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.store import Effect, Store
from flows.verify import verify
from models.decision import EntryKind
from models.effect import EffectState
from tests.standins.stripe.client import Account

ENDED = {EffectState.DONE, EffectState.REFUSED, EffectState.PERSON}
HELD = {EffectState.DONE, EffectState.PERSON}
LOGGED = {
    EffectState.DONE: EntryKind.EFFECT_DONE,
    EffectState.REFUSED: EntryKind.EFFECT_REFUSED,
    EffectState.PERSON: EntryKind.EFFECT_FOR_A_PERSON,
}


@dataclass
class Verdict:
    """How a case ended.

    Attributes:
        wrong: What must never be; empty when all is well.
        asked: What a person was told, by part.
    """

    wrong: list[str] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)


def judged(store: Store, account: Account, owed: Mapping[str, int]) -> Verdict:
    """Compare what is owed, what Makegood believes, and what stands at the vendor.

    Args:
        store: What Makegood believes.
        account: What stands at the vendor.
        owed: Signed wire amounts by obligation; positive is a credit.
    """
    effects = {e.key: e for e in store.effects() if e.plan.kind == "payment"}
    standing = live(account)
    verdict = Verdict()
    for key, effect in effects.items():
        verdict.wrong += _of_part(effect, standing.get(key, []))
        if effect.state is EffectState.PERSON:
            verdict.asked[key] = str(effect.outcome["why"])
    strangers = standing.keys() - effects.keys()
    verdict.wrong += [f"{key} stands at the vendor and was never planned" for key in strangers]
    verdict.wrong += _of_obligations(owed, effects, standing)
    verdict.wrong += _of_log(store, effects)
    verdict.wrong += verify(store).faults
    found = account.dump()
    verdict.wrong += [f"the vendor mails {mail}" for mail in found["mails"]]
    verdict.wrong += [f"the stand-in is wrong itself: {d}" for d in found["defects"]]
    return verdict


def live(account: Account) -> dict[str, list[tuple[str, int]]]:
    """What is in force under each part's key: ids with signed wire amounts, positive a credit."""
    found: dict[str, list[tuple[str, int]]] = {}
    for key, things in account.money(by="makegood_part").items():
        alive = [(thing["id"], _credit(thing)) for thing in things if thing["status"] != "void"]
        if key and alive:
            found[key] = alive
    return found


def _credit(thing: Mapping[str, Any]) -> int:
    amount: int = thing["amount"]
    return amount if thing["object"] == "credit_note" else -amount


def _wire(effect: Effect) -> int:
    """What the stored intent asks for, signed; 0 for a question."""
    parameters = effect.plan.intent["parameters"]
    amount: int = parameters.get("amount", 0)
    return amount if "invoice" in parameters else -amount


def _of_part(effect: Effect, standing: list[tuple[str, int]]) -> Iterator[str]:
    """What is wrong with one part."""
    key, state = effect.key, effect.state
    if len(standing) > 1:
        yield f"{key} was made {len(standing)} times: {standing}"
    if state not in ENDED:
        yield f"{key} is left {state.value}: {effect.outcome}"
    if state is EffectState.REFUSED and standing:
        yield f"{key} is refused, and yet there is {standing}"
    if state is EffectState.PERSON and not str(effect.outcome.get("why", "")).strip():
        yield f"{key} is with a person, who is told nothing"
    if state is EffectState.DONE and [amount for _, amount in standing] != [_wire(effect)]:
        yield f"{key} is done over {_wire(effect)}, and there is {standing}"
    if state is EffectState.DONE and effect.outcome["id"] not in [one for one, _ in standing]:
        yield f"{key} is recorded as {effect.outcome['id']}, and there is {standing}"


def _of_obligations(
    owed: Mapping[str, int],
    effects: Mapping[str, Effect],
    standing: Mapping[str, list[tuple[str, int]]],
) -> Iterator[str]:
    """Whether each obligation is paid to the unit, or what is missing is with a person."""
    for obligation, amount in owed.items():
        parts = [e for e in effects.values() if e.plan.obligation == obligation]
        stands = sum(
            wire
            for key, things in standing.items()
            if key.startswith(f"{obligation}/p")
            for _, wire in things
        )
        told = any(part.state is EffectState.PERSON for part in parts)
        too_much = abs(stands) > abs(amount) or (stands and (stands > 0) != (amount > 0))
        if too_much or (stands != amount and not told):
            yield f"{obligation} is owed {amount}, and {stands} stands at the vendor"
        held = sum(_settles(part) for part in parts if part.state in HELD)
        if held != amount:
            yield f"{obligation} is owed {amount}, and {held} is paid or asked about"


def _settles(effect: Effect) -> int:
    """What a part is for, signed, tax included; the scenes' currencies travel in minor units."""
    total: int = effect.plan.intent["part"]["total_minor"]
    return total


def _of_log(store: Store, effects: Mapping[str, Effect]) -> Iterator[str]:
    """Whether the log tells of each part's end exactly once."""
    told = Counter(
        (entry.body["effect"], entry.kind)
        for entry in store.entries()
        if entry.kind in LOGGED.values() and entry.body["kind"] == "payment"
    )
    for key, effect in effects.items():
        kind = LOGGED.get(effect.state)
        if kind is not None and told[key, kind] != 1:
            yield f"{key}: the log has {told[key, kind]} entries {kind.value}"
        if effect.state is not EffectState.DONE and told[key, EntryKind.EFFECT_DONE]:
            yield f"{key} is {effect.state.value}, and the log says that it was done"

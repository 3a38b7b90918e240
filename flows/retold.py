"""The month told again from the log alone, and where the tables say something else.

The log is hash-chained, the tables of obligations and effects are not: what the log tells is the
truth that they are held against. Nothing is mended here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.store import Effect, Store, StoredObligation
from models.credit import ObligationState
from models.decision import OBSERVED, EntryKind, LogEntry, digest_of
from models.effect import OPEN_STATES, EffectState
from models.intervals import utc_text
from models.money import Currency
from models.terms import JsonValue

Facts = dict[str, JsonValue]

DRAFTED = ("amount", "currency", "decision", "facts", "kind", "reason", "state")
"""What a new obligation's entry tells of it."""

EFFECTS: Mapping[EntryKind, EffectState | None] = {
    EntryKind.EFFECT_DONE: EffectState.DONE,
    EntryKind.EFFECT_REFUSED: EffectState.REFUSED,
    EntryKind.EFFECT_UNKNOWN: EffectState.UNKNOWN,
    EntryKind.EFFECT_FOR_A_PERSON: EffectState.PERSON,
    EntryKind.EFFECT_RESOLVED: None,
}
"""The state that an entry tells of an effect; a resolved one says itself which it is."""

TOLD = frozenset(EffectState) - OPEN_STATES
"""The states that an effect is in only if the log says so."""


@dataclass
class Account:
    """One contract's month in minor units, as its entries tell it in order.

    Attributes:
        total: What the latest decision says the month owes; None when it was withheld.
        released: The sum of what was released.
    """

    total: int | None = None
    released: int = 0

    def faults(self, kind: EntryKind, body: Mapping[str, JsonValue]) -> Iterator[str]:
        """Take in one entry; a draft must be what its decision leaves to be paid."""
        match kind:
            case EntryKind.DETERMINED:
                self.total = (body.get("determination") or {}).get("credit_minor")
            case EntryKind.RELEASED:
                self.released += _minor(body) or 0
            case EntryKind.DRAFTED if body.get("state") == ObligationState.DRAFT.value:
                drafted = _minor(body)
                if drafted is None or drafted + self.released != self.total:
                    yield (
                        f"{body.get('obligation')}: is drafted with {body.get('amount')}, which "
                        "its decision and what was released before do not leave to be paid"
                    )


@dataclass
class Retold:
    """What the entries read so far tell.

    Attributes:
        obligations: By key what the log says of each as it stands.
        effects: By key the state and the intent's digest of each that is settled.
        periods: Every period that an entry is about.
        accounts: What each contract's month was determined to owe, and what was released of it.
        unearned: Drafts of another amount than their determination leaves to be paid.
    """

    obligations: dict[str, Facts] = field(default_factory=dict)
    effects: dict[str, Facts] = field(default_factory=dict)
    periods: set[str] = field(default_factory=set)
    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    unearned: list[str] = field(default_factory=list)

    def read(self, chain: Iterable[LogEntry]) -> None:
        """Take in the entries of one chain, in order."""
        for entry in chain:
            self.periods.add(entry.period)
            body = entry.body if isinstance(entry.body, dict) else {}
            account = self.accounts.setdefault((entry.contract, entry.period), Account())
            self.unearned += account.faults(entry.kind, body)
            if entry.kind in EFFECTS:
                self._read_effect(EFFECTS[entry.kind] or body.get("state"), body)
            elif entry.kind not in OBSERVED | {EntryKind.DETERMINED}:
                owed = self.obligations.setdefault(str(body.get("obligation")), {})
                owed |= {"period": entry.period, **_told(entry.kind, body)}

    def _read_effect(self, state: JsonValue, body: Mapping[str, JsonValue]) -> None:
        key = str(body.get("effect"))
        if state in OPEN_STATES:
            # It goes on: where it stands by now is not in the log.
            self.effects.pop(key, None)
        else:
            self.effects[key] = {"state": state, "intent": body.get("intent")}

    def faults(self, store: Store) -> Iterator[str]:
        """Every place where the tables say something else, by key."""
        yield from self.unearned
        owed = {stored.key: _kept(stored) for stored in store.obligations(None)}
        yield from _differences(self.obligations, owed)
        effects = [e for period in sorted(self.periods) for e in store.effects(period=period)]
        settled = {e.key: _settled(e) for e in effects if e.state in TOLD}
        yield from _differences(self.effects, settled)
        for effect in effects:
            if digest_of(effect.plan.intent) != effect.intent_digest:
                yield f"{effect.key}: its intent is not what was planned"


def _minor(body: Mapping[str, JsonValue]) -> int | None:
    """An entry's amount in minor units; None when it has none that can be read."""
    try:
        return int(Currency.of(body["currency"]).minor(Decimal(body["amount"])))
    except (ArithmeticError, KeyError, TypeError, ValueError):
        return None


def _told(kind: EntryKind, body: Mapping[str, JsonValue]) -> Facts:
    match kind:
        case EntryKind.SUPERSEDED:
            return {"state": "superseded", "reason": body.get("reason")}
        case EntryKind.RELEASED:
            release = [body.get("by"), body.get("at"), body.get("why")]
            return {"state": "released", "release": release}
        case _:
            return {"release": None, **{name: body.get(name) for name in DRAFTED}}


def _kept(stored: StoredObligation) -> Facts:
    obligation, release = stored.obligation, stored.release
    amount = obligation.amount
    return {
        "amount": amount.text if amount else None,
        "currency": amount.currency.code if amount else None,
        "decision": stored.decision,
        "facts": digest_of(stored.ledger),
        "kind": obligation.kind.value,
        "period": obligation.period,
        "reason": obligation.reason,
        "release": [release.by, utc_text(release.at), release.why] if release else None,
        "state": obligation.state.value,
    }


def _settled(effect: Effect) -> Facts:
    return {"state": effect.state.value, "intent": effect.intent_digest}


def _differences(told: Mapping[str, Facts], kept: Mapping[str, Facts]) -> Iterator[str]:
    for key in sorted(told.keys() | kept.keys()):
        if key not in kept:
            yield f"{key}: is in the log ({told[key].get('state')}) and not in the table"
        elif key not in told:
            yield f"{key}: is in the table ({kept[key]['state']}) and not in the log"
        else:
            yield from _differing(key, told[key], kept[key])


def _differing(key: str, told: Facts, kept: Facts) -> Iterator[str]:
    for name, value in kept.items():
        if told.get(name) != value:
            yield f"{key}: {name} is {told.get(name)} in the log and {value} in the table"

"""Programs that are not safe, each by one mistake: the sweep must find every one of them."""

import secrets
from collections.abc import Callable, Mapping

import pytest

from connectors.billing import PartIntent
from connectors.store import _effects
from flows import effects, paying
from flows.binding import PAYMENT
from flows.office import Office
from flows.paying import BillingSide, Parts
from models.credit import ObligationState
from models.effect import OPEN_STATES, EffectState, SendAgain, SendWithNewKey, next_move


def as_it_is(_changes: pytest.MonkeyPatch) -> None:
    """No mutant."""


def no_look(changes: pytest.MonkeyPatch) -> None:
    """Whatever may be there is never looked for."""
    changes.setattr(BillingSide, "look", lambda _side, _plan: [])


def random_keys(changes: pytest.MonkeyPatch) -> None:
    """Every attempt has an idempotency key of its own."""
    changes.setattr(effects, "idempotency_key", lambda *_: f"mg:{secrets.token_hex(20)}")


def new_key_at_once(changes: pytest.MonkeyPatch) -> None:
    """The next key is taken as soon as a look finds nothing, however young the last one is."""
    honest = next_move

    def eager(standing, able, look=None):
        move = honest(standing, able, look)
        again = isinstance(move, SendAgain) and able.can_be_asked
        return SendWithNewKey() if again else move

    changes.setattr(effects, "next_move", eager)
    changes.setattr(_effects, "_wrong_key", lambda *_: "")


def recomputed_intent(changes: pytest.MonkeyPatch) -> None:
    """A rerun works out anew what is sent, from what the vendor knows by then."""
    stored, pay = paying._intent, paying.pay_released  # noqa: SLF001  A mutant changes what is private.
    anew: dict[str, PartIntent] = {}

    def paying_anew(office: Office, period: str):
        anew.clear()
        anew.update(_planned_again(office, period))
        return pay(office, period)

    changes.setattr(paying, "_intent", lambda plan: anew.get(plan.key) or stored(plan))
    changes.setattr(paying, "pay_released", paying_anew)


def _planned_again(office: Office, period: str) -> Mapping[str, PartIntent]:
    """The parameters of every part that is not done, as they would be planned now."""
    if office.billing is None:
        raise RuntimeError("the sweep pays by a billing system")
    known = [e for e in office.store.effects(period=period) if e.plan.kind == PAYMENT]
    found: dict[str, PartIntent] = {}
    if not any(effect.state in OPEN_STATES for effect in known):
        return found
    for stored in office.store.obligations(period, states=[ObligationState.RELEASED]):
        own = (e for e in known if e.plan.contract == stored.obligation.contract)
        parts = Parts(tuple(e for e in own if e.state is EffectState.DONE))
        plan, _ = paying._plan(office, office.billing, stored, parts)  # noqa: SLF001  As above.
        draft = paying._previewed(office.billing, stored, plan, parts)  # noqa: SLF001  As above.
        found.update({intent.part.key: intent for intent in draft.intents})
    return found


def not_fenced(changes: pytest.MonkeyPatch) -> None:
    """An attempt may be finished though another one has begun since."""
    changes.setattr(_effects, "_not_finishable", lambda *_: "")


def planned_apart(changes: pytest.MonkeyPatch) -> None:
    """Parts are stored one by one, whatever another run has planned meanwhile."""
    plan = _effects.plan

    def each_alone(connection, plans, now, **_facts):
        plan(connection, plans, now)

    changes.setattr(_effects, "plan", each_alone)


MUTANTS: Mapping[str, Callable[[pytest.MonkeyPatch], None]] = {
    "": as_it_is,
    "no look": no_look,
    "random keys": random_keys,
    "new key at once": new_key_at_once,
    "recomputed intent": recomputed_intent,
    "not fenced": not_fenced,
    "planned apart": planned_apart,
}

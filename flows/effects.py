"""Carrying out planned effects: begin, look, act, finish.

An effect's exact parameters were stored before anything was tried. An attempt that may already have
reached the far side looks before it writes; the connector's promise says how.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.errors import OutcomeUnknown, Permanent, Retriable
from connectors.store import Attempt, EffectOutcome, EffectPlan, Store
from models.effect import MAY_BEGIN, EffectState
from models.terms import JsonValue

Act = Callable[[Attempt], JsonValue]
"""Carries one attempt out and answers with the far side's facts."""

AT_ONCE = 200
"""Effects that are begun and finished in one transaction each."""


def carry_out(store: Store, plans: Sequence[EffectPlan], act: Act) -> int:
    """Plan effects and carry out those that are not settled; answer how many were done now."""
    planned = store.plan_effects(plans)
    open_keys = [effect.key for effect in planned if effect.state in MAY_BEGIN]
    return settle(store, open_keys, act)


def settle(store: Store, keys: Sequence[str], act: Act) -> int:
    """Carry out planned or interrupted effects; answer how many were done now."""
    done = 0
    for start in range(0, len(keys), AT_ONCE):
        attempts = store.begin(keys[start : start + AT_ONCE])
        outcomes = [_attempted(attempt, act) for attempt in attempts]
        store.finish(outcomes)
        done += sum(1 for outcome in outcomes if outcome.state is EffectState.DONE)
    return done


def _attempted(attempt: Attempt, act: Act) -> EffectOutcome:
    state, answer = _acted(attempt, act)
    return EffectOutcome(attempt.effect.key, attempt.effect.attempt, state, answer)


def _acted(attempt: Attempt, act: Act) -> tuple[EffectState, JsonValue]:
    try:
        return EffectState.DONE, act(attempt)
    except Retriable as error:
        return EffectState.PLANNED, {"error": str(error)}
    except Permanent as error:
        return EffectState.REFUSED, {"error": str(error)}
    except OutcomeUnknown as error:
        return EffectState.UNKNOWN, {"error": str(error)}

"""What a person must settle before a month is done: nothing may stand still unseen.

A run and a release end by asking the store. Nothing is decided or mended here.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.store import Effect, Store, StoredObligation
from flows.binding import PAYMENT
from flows.books import SETTLED_BY_RUNS
from flows.claims import unfitting_claims
from flows.mailing import MAIL_KINDS
from flows.planning import MonthPlan
from models.credit import ObligationState
from models.effect import MAY_BEGIN, OPEN_STATES, EffectState

UNSETTLED = sorted(frozenset(EffectState) - {EffectState.DONE})
OPEN = (ObligationState.DRAFT, ObligationState.WITHHELD)
MOST_TOLD = 20
"""Mails of other months that a run tells one by one."""


def open_questions(store: Store, plan: MonthPlan) -> tuple[str, ...]:
    """What stands without a contract, claims that no longer fit, and what is not done or sent."""
    period = str(plan.month)
    return (
        *_left_over(store, plan, period),
        *unfitting_claims(store, period, clients=plan.clients),
        *unsettled_effects(store, period),
        *_mail_of_other_months(store, period),
    )


def unsettled_effects(store: Store, period: str) -> tuple[str, ...]:
    """Mails and writes of a month that were tried, or planned, and are not done."""
    found = store.effects(period=period, states=UNSETTLED)
    return tuple(
        _unsettled(effect)
        for effect in found
        if not _is_told_elsewhere(effect) and not is_answered(effect)
    )


def _mail_of_other_months(store: Store, period: str) -> Iterator[str]:
    """Mail that a server put off: its own month may never be run again, so that every run tells."""
    keys = list(store.effect_keys(kinds=sorted(MAIL_KINDS), states=sorted(OPEN_STATES)))
    waiting = store.effects(keys=keys) if keys else ()
    others = [effect for effect in waiting if effect.plan.period != period]
    for effect in others[:MOST_TOLD]:
        yield _unsettled(effect)
    if len(others) > MOST_TOLD:
        yield f"{len(others) - MOST_TOLD} more mails of other months are not sent. Run it again."


def _is_told_elsewhere(effect: Effect) -> bool:
    """Payments have questions of their own; of them only an unknown one is told here.

    Rows of a ledger that every run goes on with are counted by the run, not told one by one.
    """
    if effect.plan.kind in SETTLED_BY_RUNS:
        return effect.state in OPEN_STATES
    return effect.plan.kind == PAYMENT and effect.state is not EffectState.UNKNOWN


def is_answered(effect: Effect) -> bool:
    """Whether a person has said that it shall not be done: that is an end, not a question."""
    return effect.state is EffectState.REFUSED and "resolved" in (effect.outcome or {})


def _left_over(store: Store, plan: MonthPlan, period: str) -> Iterator[str]:
    decided = {governed.contract.id for governed in plan.governed}
    standing = store.obligations(period, clients=list(plan.clients) or None, states=OPEN)
    for stored in standing:
        if stored.obligation.contract not in decided:
            yield _without_contract(stored)


def _without_contract(stored: StoredObligation) -> str:
    obligation = stored.obligation
    amount = f" of {obligation.amount}" if obligation.amount else ""
    return (
        f"{stored.key}: a {obligation.state.value} credit{amount} stands from an earlier run, but "
        f"{obligation.contract} has no contract in force in {obligation.period}. "
        "Restore the contract and rerun, or take care not to release it."
    )


def _unsettled(effect: Effect) -> str:
    answer = effect.outcome or {}
    said = answer.get("why") or answer.get("error") or ""
    why = f": {said}" if said else "."
    return f"{effect.key} is {effect.state.value}, not done{why} {_advice(effect.state)}"


def _advice(state: EffectState) -> str:
    return "Run it again." if state in MAY_BEGIN else "Then answer it with `makegood settle`."

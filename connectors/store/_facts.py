"""The bodies of the log entries that the store writes itself, so that log and tables agree."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.store import Approval, Effect, NewObligation, Release, StoredObligation
from models.credit import Obligation
from models.decision import digest_of
from models.intervals import utc_text
from models.terms import JsonValue


def drafted(new: NewObligation, *, decision: str) -> JsonValue:
    """A new obligation, with the digests of what determined it and of what will be said of it."""
    obligation = new.obligation
    return _amount(obligation) | {
        "decision": decision,
        "facts": digest_of(new.ledger),
        "kind": obligation.kind.value,
        "reason": obligation.reason,
        "state": obligation.state.value,
    }


def superseded(obligation: Obligation, *, by: str | None) -> JsonValue:
    """An open obligation that no longer holds; `by` is the key of the one in its place."""
    return _amount(obligation) | {"by": by, "reason": obligation.reason}


def released(
    stored: StoredObligation, release: Release, approvals: Sequence[Approval]
) -> JsonValue:
    """An obligation that was let go, with everybody who said yes to it."""
    yes = [{"at": utc_text(a.at), "by": a.by, "identity": a.identity} for a in approvals]
    return (
        _amount(stored.obligation)
        | {
            "at": utc_text(release.at),
            "by": release.by,
            "decision": stored.decision,
            "why": release.why,
        }
        | ({"approved_by": yes} if yes else {})
    )


def effect_settled(effect: Effect) -> JsonValue:
    """A change in the outside world, and what became of it."""
    return {
        "attempt": effect.attempt,
        "effect": effect.key,
        "intent": effect.intent_digest,
        "kind": effect.plan.kind,
        "obligation": effect.plan.obligation,
        "outcome": effect.outcome,
    }


def effect_resolved(effect: Effect, *, by: str, why: str) -> JsonValue:
    """How a person says that an effect ended."""
    return {
        "by": by,
        "effect": effect.key,
        "intent": effect.intent_digest,
        "kind": effect.plan.kind,
        "obligation": effect.plan.obligation,
        "state": effect.state.value,
        "why": why,
    }


def _amount(obligation: Obligation) -> dict[str, JsonValue]:
    amount = obligation.amount
    return {
        "amount": amount.text if amount else None,
        "currency": amount.currency.code if amount else None,
        "obligation": obligation.key,
    }

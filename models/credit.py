"""Obligations and their revisions: what is owed for a month, and how it may change.

An obligation is one credit of one contract for one service period and revision, written
`acme/api/2026-05/r0`. A draft may be superseded by a later revision; what was released is never
touched again: the next revision is an adjustment that moves the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from models.money import Money


class ObligationState(StrEnum):
    """Where an obligation stands."""

    DRAFT = "draft"
    WITHHELD = "withheld"
    SUPERSEDED = "superseded"
    RELEASED = "released"


class ObligationKind(StrEnum):
    """The month's first credit, or the difference to what was already released."""

    CREDIT = "credit"
    ADJUSTMENT = "adjustment"


@dataclass(frozen=True, slots=True)
class Obligation:
    """One revision of what a contract's month owes.

    Attributes:
        contract: `client/service`.
        period: `2026-05`.
        revision: 0, then rising by one.
        kind: Credit or adjustment.
        state: Draft until released or superseded; withheld when a person must look first.
        amount: Signed amount; None when withheld.
        reason: Why this revision exists, as one sentence.
    """

    contract: str
    period: str
    revision: int
    kind: ObligationKind
    state: ObligationState
    amount: Money | None
    reason: str

    @property
    def key(self) -> str:
        """`acme/api/2026-05/r0`: the deterministic, unique name of the obligation."""
        return f"{self.contract}/{self.period}/r{self.revision}"


@dataclass(frozen=True, slots=True)
class Revision:
    """What a new determination changes.

    Attributes:
        superseded: The open draft that it replaces, in its new state; None when there is none.
        created: The new obligation; None when nothing is owed or the difference is zero.
        says: The change in words.
    """

    superseded: Obligation | None
    created: Obligation | None
    says: str


def revise(
    history: Sequence[Obligation],
    *,
    contract: str,
    period: str,
    total: Money | None,
    withheld: str,
    because: str,
) -> Revision:
    """Fold a newly determined total into what was already decided for the month.

    Args:
        history: Every obligation of the contract's month, rising by revision.
        contract: `client/service`.
        period: `2026-05`.
        total: The newly rounded and capped total of the month; None when withheld.
        withheld: Why it is withheld; "" when it is not.
        because: What changed since the last decision, as one sentence.
    """
    open_one = next((o for o in reversed(history) if _is_open(o)), None)
    superseded = (
        replace(open_one, state=ObligationState.SUPERSEDED, reason=because) if open_one else None
    )
    created = _created(history, contract, period, total, withheld, because)
    return Revision(superseded, created, _in_words(superseded, created, because))


def _is_open(obligation: Obligation) -> bool:
    return obligation.state in {ObligationState.DRAFT, ObligationState.WITHHELD}


def _created(
    history: Sequence[Obligation],
    contract: str,
    period: str,
    total: Money | None,
    withheld: str,
    because: str,
) -> Obligation | None:
    released = [o.amount for o in history if o.state is ObligationState.RELEASED and o.amount]
    kind = ObligationKind.ADJUSTMENT if released else ObligationKind.CREDIT
    revision = len(history)
    if total is None:
        state = ObligationState.WITHHELD
        return Obligation(contract, period, revision, kind, state, None, withheld)
    owed = total
    for amount in released:
        owed -= amount
    if owed.minor == 0:
        return None
    return Obligation(contract, period, revision, kind, ObligationState.DRAFT, owed, because)


def _in_words(superseded: Obligation | None, created: Obligation | None, because: str) -> str:
    if created is None and superseded is None:
        return f"nothing is owed: {because}"
    if created is None and superseded is not None:
        return f"{superseded.key} is superseded, nothing is owed now: {because}"
    if created is not None and superseded is None:
        return f"{created.key} is drafted: {because}"
    return f"{created.key if created else ''} supersedes {superseded.key if superseded else ''}: {because}"

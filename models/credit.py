"""Obligations and their revisions: what is owed for a month, and how it may change.

An obligation is one credit of one contract for one service period and revision, written
`acme/api/2026-05/r0`. While unreleased it may be superseded by a later revision; what was released
is never touched again: the next revision is an adjustment that moves the difference. At any moment
the released revisions and the open one together are what the month owes.
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

    @property
    def is_open(self) -> bool:
        """Whether a later revision may still replace it."""
        return self.state in {ObligationState.DRAFT, ObligationState.WITHHELD}


@dataclass(frozen=True, slots=True)
class Revision:
    """What a new determination changes.

    Attributes:
        superseded: The open obligation that is replaced, in its new state; None when none is.
        created: The new obligation; None when nothing is owed, or nothing changed.
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

    While nothing changed, an open obligation that already says the same stands. Once inputs
    changed it is superseded, even by the same amount, because its uptime and evidence are what a
    person releases. After release a difference of zero makes no entry.

    Args:
        history: Every obligation of the contract's month, in any order.
        contract: `client/service`.
        period: `2026-05`.
        total: The newly rounded and capped total of the month; None when withheld.
        withheld: Why it is withheld; "" when it is not.
        because: What changed since the last decision, as one sentence; "" when nothing did.

    Raises:
        ValueError: Total and withheld are both given or both missing, the history is of another
            month, or more than one of its obligations is open.
    """
    _demand_one_answer(total, withheld)
    standing = _open_one(history, contract, period)
    wanted = _wanted(history, total, withheld)
    if standing and not because and _same(standing, wanted):
        return Revision(None, None, f"{standing.key} stands")
    gone = replace(standing, state=ObligationState.SUPERSEDED) if standing else None
    made = _made(history, contract, period, wanted, because) if wanted else None
    return Revision(gone, made, _in_words(gone, made, because))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the open obligation must say: an amount that is not zero, or why it is withheld."""

    amount: Money | None
    withheld: str


def _demand_one_answer(total: Money | None, withheld: str) -> None:
    if (total is None) != bool(withheld):
        message = f"either a total or a reason to withhold it: {total} and {withheld!r}"
        raise ValueError(message)


def _open_one(history: Sequence[Obligation], contract: str, period: str) -> Obligation | None:
    strangers = [o.key for o in history if (o.contract, o.period) != (contract, period)]
    if strangers:
        message = f"{', '.join(strangers)} is not of {contract}/{period}"
        raise ValueError(message)
    standing = [o for o in history if o.is_open]
    if len(standing) > 1:
        message = f"{' and '.join(o.key for o in standing)} are open; at most one may be"
        raise ValueError(message)
    return standing[0] if standing else None


def _wanted(history: Sequence[Obligation], total: Money | None, withheld: str) -> _Wanted | None:
    if total is None:
        return _Wanted(None, withheld)
    released = [amount for o in history if (amount := _released(o)) is not None]
    foreign = {amount.currency.code for amount in released} - {total.currency.code}
    if foreign:
        codes = " and ".join(sorted(foreign))
        return _Wanted(None, f"released in {codes}, now in {total.currency.code}: settle by hand")
    owed = Money(total.minor - sum(amount.minor for amount in released), total.currency)
    return _Wanted(owed, "") if owed.minor else None


def _released(obligation: Obligation) -> Money | None:
    return obligation.amount if obligation.state is ObligationState.RELEASED else None


def _same(standing: Obligation, wanted: _Wanted | None) -> bool:
    if wanted is None:
        return False
    if wanted.amount is None:
        return standing.amount is None and standing.reason == wanted.withheld
    return standing.amount == wanted.amount


def _made(
    history: Sequence[Obligation], contract: str, period: str, wanted: _Wanted, because: str
) -> Obligation:
    paid = any(_released(o) is not None for o in history)
    return Obligation(
        contract=contract,
        period=period,
        revision=1 + max((o.revision for o in history), default=-1),
        kind=ObligationKind.ADJUSTMENT if paid else ObligationKind.CREDIT,
        state=ObligationState.DRAFT if wanted.amount else ObligationState.WITHHELD,
        amount=wanted.amount,
        reason=because if wanted.amount else wanted.withheld,
    )


def _in_words(gone: Obligation | None, made: Obligation | None, because: str) -> str:
    why = f": {because}" if because else ""
    if gone and made:
        return f"{made.key} supersedes {gone.key}{why}"
    if gone:
        return f"{gone.key} is superseded, nothing more is owed now{why}"
    if made and made.amount:
        return f"{made.key} is drafted{why}"
    return f"{made.key} is withheld: {made.reason}" if made else f"nothing more is owed{why}"

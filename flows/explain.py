"""One decision in full: the latest of a contract's month, and everything that came of it."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.store import Store, StoredObligation
from models.decision import EntryKind, LogEntry
from models.findings import refuse


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the log and the table hold about one contract's month.

    Attributes:
        decision: The latest `determined` entry.
        entries: Every entry of the contract's month, in order.
        obligations: Every revision, rising.
    """

    decision: LogEntry
    entries: tuple[LogEntry, ...]
    obligations: tuple[StoredObligation, ...]


def explain(store: Store, *, contract: str, period: str) -> Explanation:
    """Find what is recorded of a contract's month.

    Raises:
        UnusableInputError: Nothing is recorded.
    """
    entries = tuple(store.entries(contract=contract, period=period))
    decisions = [entry for entry in entries if entry.kind is EntryKind.DETERMINED]
    if not decisions:
        raise refuse(
            "CONTRACT",
            f"{contract} has no decision for {period}",
            expected="a contract, as client/service, and a month that was run",
            remedy=f"Run `makegood run --month {period}`, or look at `makegood check`.",
        )
    obligations = [o for o in store.obligations(period) if o.obligation.contract == contract]
    return Explanation(decisions[-1], entries, tuple(obligations))

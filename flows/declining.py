"""A person's no: drafts that somebody has looked at and will not let go, with the reason.

It stands in the log and moves nothing: the draft waits as before, and people see who declined it
and why. From then on no rule lets go anything of that contract's month, later revisions included;
only people do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.store import Observation, Store, StoredObligation
from models.approval import Voice
from models.decision import EntryKind, digest_of
from models.intervals import utc_text
from models.period import ServiceMonth


@dataclass(frozen=True, slots=True)
class Declined:
    """Who would not let a draft go.

    Attributes:
        by: The name that was given.
        why: The reason.
        at: When.
    """

    by: str
    why: str
    at: int

    def __str__(self) -> str:
        """`declined by Kim on 2026-10-02T09:15:00Z: the outage was not ours`."""
        return f"declined by {self.by} on {utc_text(self.at)}: {self.why}"


def decline(
    store: Store, drafts: Sequence[StoredObligation], *, by: Voice, why: str, at: int
) -> int:
    """Write down that drafts are not let go; answers how many were not declined so before.

    Args:
        store: Where it is recorded.
        drafts: What was shown.
        by: Who declines.
        why: The reason.
        at: The present instant.
    """
    told = [_observation(stored, by, why, at) for stored in drafts]
    entries = store.observe(told)
    return sum(1 for entry in entries if entry.body["at"] == at)


def _observation(stored: StoredObligation, by: Voice, why: str, at: int) -> Observation:
    obligation = stored.obligation
    said = {
        "obligation": stored.key,
        "amount": obligation.amount.text if obligation.amount else None,
        "by": by.name,
        "identity": by.grounds,
        "why": why,
    }
    return Observation(
        contract=obligation.contract,
        period=obligation.period,
        kind=EntryKind.RELEASE_DECLINED,
        body={**said, "at": at},
        id=digest_of(said),
    )


def declined(store: Store, month: ServiceMonth) -> Mapping[str, Declined]:
    """The latest no to each contract's month, by the contract's id."""
    entries = store.observed(EntryKind.RELEASE_DECLINED, periods=[str(month)])
    return {
        entry.contract: Declined(entry.body["by"], entry.body["why"], entry.body["at"])
        for entry in entries
    }

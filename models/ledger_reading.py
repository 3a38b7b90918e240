"""What a person's marks in a ledger's row mean: an edit is told, a tick may let one credit go.

Status is what somebody says about a credit or a claim; it never moves money. A tick of Release may,
and therefore counts only on a row that still says what was decided, only for a draft of ours, and
only once: a tick that did not count has to be made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.contract import Role
from models.credit import ObligationState
from models.ledger import STATUS, LedgerStatus

RELEASE = "Release"
"""The checkbox, as a column of the log; no cell of a row."""

OBEYED = "Release obeyed"
"""What the log tells of a tick once everything is done that it asked for; no cell of a row."""

TICKED, CLEAR = "yes", "no"

MOST_NAMED = 3
"""Cells that are named as standing against a tick; the log has them all."""

CLAIMS_MOVE = frozenset({"Claim By", "Claim Channel", "Credit Amount", "Notes", "Posted", STATUS})
"""Columns of a claim against a vendor that follow what becomes of it."""


def moving(role: Role, state: ObligationState) -> frozenset[str]:
    """The columns that we ourselves may have written anew since an obligation was first shown.

    A draft of ours is shown as it was decided; all other columns never change under their key.

    >>> sorted(moving(Role.PROVIDER, ObligationState.RELEASED))
    ['Posted', 'Status']
    """
    if role is Role.CUSTOMER:
        return CLAIMS_MOVE
    return {
        ObligationState.RELEASED: frozenset({"Posted", STATUS}),
        ObligationState.SUPERSEDED: frozenset({"Credit Amount", "Notes", STATUS}),
    }.get(state, frozenset())


@dataclass(frozen=True, slots=True)
class CellEdit:
    """A cell of ours that says something else than was last known of it.

    Attributes:
        column: Its column.
        before: What was last known: what we wrote, or what an earlier edit was.
        after: What it says now.
        ours: What we would write.
    """

    column: str
    before: str
    after: str
    ours: str

    @property
    def healed(self) -> bool:
        """Whether it says again what we would write."""
        return self.after == self.ours


@dataclass(frozen=True, slots=True)
class TickedRow:
    """A row whose Release is ticked, as far as it matters whether that counts.

    Attributes:
        state: Where its obligation stands.
        role: Who owes it.
        governed: Whether a contract in force stands behind it.
        switched_on: Whether ticks count in this workspace.
        status: What Status says.
        edits: Our cells that do not say what we would write, Status left out.
        declined: Who declined the contract's month, in words; "" when nobody did.
    """

    state: ObligationState
    role: Role
    governed: bool
    switched_on: bool
    status: str
    edits: Sequence[CellEdit] = ()
    declined: str = ""


def against(row: TickedRow) -> str:
    """Why a tick does not let the credit go; "" when it does."""
    return next(_against(row), "")


def _against(row: TickedRow) -> Iterator[str]:
    if not row.switched_on:
        yield "ledger.notion.release is off in makegood.yaml: ticks do not count here"
    if row.role is not Role.PROVIDER:
        yield "it is a claim against a vendor, which is filed by people and never released"
    if row.state is not ObligationState.DRAFT:
        yield f"it is {row.state.value}, no draft that waits for release"
    if not row.governed:
        yield "no contract in force stands behind it"
    if row.edits:
        said = "; ".join(
            f"{edit.column} says {edit.after or 'nothing'}, we say {edit.ours or 'nothing'}"
            for edit in row.edits[:MOST_NAMED]
        )
        more = f"; and {len(row.edits) - MOST_NAMED} more" if len(row.edits) > MOST_NAMED else ""
        yield f"the row is not what was decided: {said}{more}"
    if row.status == LedgerStatus.DENIED.value:
        yield "Status says Denied, which speaks against it"
    if row.declined:
        yield f"it was {row.declined}, which the row does not show, so a tick may be older or blind"


def edits(
    *,
    shown: Mapping[str, str],
    ours: Mapping[str, str],
    differing: Mapping[str, str],
    known: Mapping[str, str],
    behind: frozenset[str] = frozenset(),
) -> tuple[CellEdit, ...]:
    """Our cells of one row that say something else than was last known of them.

    Args:
        shown: The row's cells as they stand, by column; a column that is not there is not judged.
        ours: What we would write, by column.
        differing: The columns in which the ledger itself sees a difference, Status left out: what
            it had no room for is none. The value is what it would say.
        known: What the log last knew of cells; a column that is absent was as we wrote it.
        behind: Columns that may show what we wrote before: they are held against nobody.
    """
    wanted = {**ours, **differing}
    found = []
    for column in (name for name in ours if name in shown):
        agreed = column != STATUS and column not in differing
        now = wanted[column] if agreed else shown[column]
        before = known.get(column, wanted[column])
        excused = column in behind and column not in known and not _said(column, now)
        if now != before and not excused:
            found.append(CellEdit(column, before, now, wanted[column]))
    return tuple(found)


def _said(column: str, now: str) -> bool:
    """Whether only a person can have written it: once Status has left its start we leave it be."""
    ours = {"", LedgerStatus.TO_REVIEW.value, LedgerStatus.APPROVED.value}
    return column == STATUS and now not in ours

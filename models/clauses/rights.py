"""Rights that a breach gives beside a credit, or instead of one: to terminate, to be refunded.

A right is money in nobody's ledger. It is recorded with the decision of the period in which it
arose, in words, and a person uses it or lets it lapse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from models.clauses.recurrence import Recurrence
from models.ladder import Measured, percent_ratio
from models.printing import percent_text
from models.terms import Percent, plain


class RightKind(StrEnum):
    """What a party may do."""

    TERMINATE = "terminate"
    REFUND_PREPAID = "refund_prepaid"
    TERMINATE_WITH_REFUND = "terminate_with_refund"
    MEETING = "meeting"
    OTHER = "other"


WORDS = {
    RightKind.TERMINATE: "a right to terminate",
    RightKind.REFUND_PREPAID: "a right to a refund of what is prepaid",
    RightKind.TERMINATE_WITH_REFUND: "a right to terminate with a refund of what is prepaid",
    RightKind.MEETING: "a right to a meeting",
    RightKind.OTHER: "a right",
}


class Right(Recurrence):
    """A right and when it arises; without a condition, with every missed commitment.

    Attributes:
        right: What may be done.
        below_percent: The uptime below which a period counts here; None for the commitment.
        within_days: Until how many days after the period's end it may be used; None for any time.
        says: What the contract says about it, in our words.
    """

    right: RightKind
    below_percent: Percent | None = None
    within_days: Annotated[int, Field(ge=1, le=366)] | None = None
    says: Annotated[str, Field(min_length=1, max_length=300)] | None = None

    @property
    def words(self) -> str:
        """The right in words, with what the contract says of it."""
        until = f", within {self.within_days} days" if self.within_days else ""
        return f"{WORDS[self.right]}{until}{f': {self.says}' if self.says else ''}"

    def arises(self, measured: Measured, commitment: Fraction) -> bool:
        """Whether the period itself counts."""
        return measured.uptime < self._bound(commitment)

    def _bound(self, commitment: Fraction) -> Fraction:
        return commitment if self.below_percent is None else percent_ratio(self.below_percent)

    def below(self) -> Fraction | None:
        """The bound of its own, 0 to 1; None for the commitment."""
        return None if self.below_percent is None else percent_ratio(self.below_percent)


def rights_of(
    rights: Sequence[Right], measured: Measured, *, commitment: Fraction, breached: bool
) -> Iterator[str]:
    """Every right that the period gives, one sentence each.

    Args:
        rights: What the contract says.
        measured: The period, with the earlier ones.
        commitment: The uptime promised, 0 to 1.
        breached: Whether the ladder calls it missed.
    """
    for right in rights:
        counts = breached if right.below_percent is None else right.arises(measured, commitment)
        if not counts:
            continue
        found = right.verdict(measured.circumstances, promised=commitment, below=right.below())
        bound = (
            "the commitment" if right.below_percent is None else f"{plain(right.below_percent)} %"
        )
        because = found.says or f"uptime {percent_text(measured.uptime)} is below {bound}"
        if found.holds is not False:
            sure = "" if found.holds else "it may be that there is "
            yield f"{sure}{right.words} ({because})"

"""Recurrence: how often a commitment must be missed before a missed period earns anything.

`In two or more consecutive months` is 2 of 2, `in 2 of any 3 months` is 2 of 3; the period that is
decided is always one of them and must be missed itself. What of an earlier period that was missed
and earned nothing then: published terms do not say, so it stays as it was decided.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.circumstances import Circumstances, Past
from models.clauses.verdict import Verdict
from models.terms import Terms, Whole

LONGEST = 36
"""No contract looks back further than three years of months."""


class Recurrence(Terms):
    """So many missed periods of the last so many.

    Attributes:
        missed: How many must be missed, the present one among them.
        of: Of how many, the present one among them.
    """

    missed: Annotated[Whole, Field(ge=1, le=LONGEST)] = 1
    of: Annotated[Whole, Field(ge=1, le=LONGEST)] = 1

    @model_validator(mode="after")
    def _possible(self) -> Recurrence:
        if self.missed > self.of:
            raise PydanticCustomError("impossible", "missed at most as many as of")
        return self

    @property
    def looks_back(self) -> int:
        """How many earlier periods must be known."""
        return self.of - 1

    def verdict(
        self, circumstances: Circumstances, *, promised: Fraction, below: Fraction | None = None
    ) -> Verdict:
        """Whether enough periods were missed, given that the present one was.

        Args:
            circumstances: Holds the earlier periods.
            promised: The commitment, 0 to 1.
            below: An uptime below which a period counts as missed in place of its commitment.
        """
        if self.of == 1:
            return Verdict(holds=True, says="")
        earlier = [_missed(past, promised, below) for past in circumstances.before(self.looks_back)]
        known, unknown = 1 + earlier.count(True), earlier.count(None)
        says = f"missed in {known} of the last {self.of} periods, {self.missed} are asked"
        if known >= self.missed:
            return Verdict(holds=True, says=says)
        if known + unknown >= self.missed:
            return Verdict(holds=None, says=f"{says}; {unknown} of them are not decided")
        return Verdict(holds=False, says=says)


def _missed(past: Past | None, promised: Fraction, below: Fraction | None) -> bool | None:
    if past is None:
        return None
    return past.broke(promised) if below is None else past.missed(below)

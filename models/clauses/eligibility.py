"""Eligibility: a credit is owed only to contracts with the right plan, set-up or standing.

A gate asks for an attribute of the contract. One that is not met ends the month with no credit and
the reason; one that nobody stated withholds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.circumstances import Circumstances
from models.clauses.verdict import Verdict
from models.terms import Exact, Name, Slug, Terms, plain


class Gate(Terms):
    """One condition on an attribute.

    Attributes:
        attribute: Its name, such as `support_tier` or `hosts`.
        one_of: The values that are eligible.
        at_least: The least number that is eligible, in place of values.
        says: The condition in words; None for words made of it.
    """

    attribute: Slug
    one_of: tuple[Name, ...] = ()
    at_least: Exact | None = None
    says: Annotated[str, Field(min_length=1, max_length=300)] | None = None

    @model_validator(mode="after")
    def _one_condition(self) -> Gate:
        if bool(self.one_of) == (self.at_least is not None):
            raise PydanticCustomError("one_condition", "either one_of or at_least")
        return self

    @property
    def words(self) -> str:
        """The condition in words."""
        if self.says is not None:
            return self.says
        asked = " or ".join(self.one_of) if self.one_of else f"at least {plain(self.least)}"
        return f"{self.attribute} must be {asked}"

    @property
    def least(self) -> Decimal:
        """The least number; 0 where values are asked for."""
        return self.at_least or Decimal(0)

    def met_by(self, value: str) -> bool:
        """Whether a stated value is eligible; what is no number is less than any."""
        if self.one_of:
            return value in self.one_of
        try:
            return Decimal(value) >= self.least
        except InvalidOperation:
            return False


def eligible(gates: Sequence[Gate], circumstances: Circumstances) -> Verdict:
    """Whether a contract may earn a credit at all; every gate must be met."""
    says, unknown = [], []
    for gate in gates:
        stated = circumstances.attributes.get(gate.attribute)
        if stated is None:
            unknown.append(f"{gate.words}, and the contract does not state its {gate.attribute}")
        elif not gate.met_by(stated):
            return Verdict(holds=False, says=f"not eligible: {gate.words}, and it is {stated}")
        else:
            says.append(f"{gate.attribute} is {stated}")
    if unknown:
        return Verdict(holds=None, says=unknown[0])
    return Verdict(holds=True, says=f"eligible: {', '.join(says)}" if says else "")

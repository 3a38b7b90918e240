"""The minimum payout: what is too small is not issued; it lapses, or waits for the next period.

A carried amount is paid with the period that lifts it over the minimum, as part of that period's
credit; each record says what the period earned by itself and what it carries on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.money import Money
from models.terms import Amount, Terms
from models.worth import Step, major_text

NAME = "minimum_payout"


class Otherwise(StrEnum):
    """What becomes of a credit that is too small: it is gone, or added to the next period's."""

    LAPSES = "lapses"
    CARRIED = "carried"


class MinimumPayout(Terms):
    """A credit is only issued when it is large enough.

    Attributes:
        more_than: The credit must be greater than this amount (exactly this much is not issued).
        at_least: The credit must be this amount or greater.
        otherwise: What becomes of a smaller one. Default: it lapses.
    """

    more_than: Amount | None = None
    at_least: Amount | None = None
    otherwise: Otherwise = Field(
        default=Otherwise.LAPSES, exclude_if=lambda value: value is Otherwise.LAPSES
    )

    @model_validator(mode="after")
    def _one_bound(self) -> MinimumPayout:
        if (self.more_than is None) == (self.at_least is None):
            raise PydanticCustomError("one_bound", "either more_than or at_least")
        return self

    @property
    def carries(self) -> bool:
        """Whether what is too small waits for the next period."""
        return self.otherwise is Otherwise.CARRIED

    def reached_by(self, money: Money) -> tuple[bool, str]:
        """Whether an amount is issued, and the bound in words."""
        if self.more_than is not None:
            bound = money.currency.minor(self.more_than)
            return money.minor > bound, f"more than {major_text(bound, money.currency)}"
        bound = money.currency.minor(self.at_least) if self.at_least is not None else Fraction(0)
        return money.minor >= bound, f"at least {major_text(bound, money.currency)}"


@dataclass(frozen=True, slots=True)
class Issued:
    """What is issued of an amount.

    Attributes:
        amount: What is paid now.
        carried: What waits, in minor units.
        steps: Why.
    """

    amount: Money
    carried: int = 0
    steps: tuple[Step, ...] = ()


def issued(own: Money, minimum: MinimumPayout | None, *, carried: int) -> Issued:
    """What is issued of a period's own amount and of what was carried into it.

    Args:
        own: What the period earned by itself, payable.
        minimum: The terms; None issues everything.
        carried: What earlier periods left, in minor units; 0 where nothing is carried.
    """
    total = Money(own.minor + carried, own.currency)
    if minimum is None or not total.minor:
        return Issued(total)
    brought = Money(carried, own.currency)
    said = [Step("carried", f"{brought} was carried into the period: {total}")] if carried else []
    reached, words = minimum.reached_by(total)
    if reached:
        return Issued(total, 0, (*said, Step(NAME, f"{total} is {words}, so it is issued")))
    then = "it is carried into the next period" if minimum.carries else "nothing is issued"
    waits = total.minor if minimum.carries else 0
    step = Step(NAME, f"{total} is not {words}, so {then}")
    return Issued(Money(0, own.currency), waits, (*said, step))

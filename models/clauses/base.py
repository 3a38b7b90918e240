"""The base of a credit: of which amount the percentage is owed.

Usually it is the billable amount of the period. Contracts also name a twelfth of the annual fee,
the month before, the last 30 days, the average day, the next invoice, or take one-time charges
out. Such amounts are stated by the contract or by the period's facts, never derived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from models.printing import number_text
from models.terms import Slug, Terms, Whole

BILLABLE = "billable_amount"
"""The name of the amount that every contract states."""


@dataclass(frozen=True, slots=True)
class BaseAmount:
    """What the percentage applies to.

    Attributes:
        major: In major units, exact; None when it is not known.
        says: How it was found, in words; "" for the billable amount itself.
        missing: The names of the amounts that nobody stated.
    """

    major: Fraction | None
    says: str = ""
    missing: tuple[str, ...] = ()


class BaseTerms(Terms):
    """Which amount, and what is made of it.

    Attributes:
        of: The name of the amount. Default: the billable amount.
        divided_by: By how much it is divided, 12 for a month of an annual fee.
        less: The names of amounts that are taken out, such as one-time charges.
    """

    of: Slug = BILLABLE
    divided_by: Annotated[Whole, Field(ge=1, le=366)] = 1
    less: tuple[Slug, ...] = ()

    def amount(self, billable: Decimal | None, amounts: Mapping[str, Decimal]) -> BaseAmount:
        """The base, given the billable amount and what else is stated, in major units."""
        if self.is_billable:
            return BaseAmount(None, missing=(BILLABLE,)) if billable is None else _plain(billable)
        known = {**amounts, **({} if billable is None else {BILLABLE: billable})}
        missing = tuple(name for name in (self.of, *self.less) if name not in known)
        if missing:
            return BaseAmount(None, missing=missing)
        whole = Fraction(known[self.of]) / self.divided_by
        out = sum((Fraction(known[name]) for name in self.less), Fraction(0))
        return BaseAmount(max(whole - out, Fraction(0)), self._says(known))

    @property
    def is_billable(self) -> bool:
        """Whether it is the billable amount as it stands."""
        return self.of == BILLABLE and self.divided_by == 1 and not self.less

    def _says(self, known: Mapping[str, Decimal]) -> str:
        words = [f"{self.of} of {number_text(known[self.of])}"]
        words += [f"divided by {self.divided_by}"] if self.divided_by > 1 else []
        words += [f"less {name} of {number_text(known[name])}" for name in self.less]
        return " ".join(words)


def _plain(billable: Decimal) -> BaseAmount:
    return BaseAmount(Fraction(billable))

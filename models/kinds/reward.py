"""What a row, a block, an event or a step earns: a share of the fee, or time of service.

Time stays time, or becomes money at the fee per day; that is decided in `models.determination`.
Shares are exact: a thirtieth is 1/30, never 3.33 %.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cached_property
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from models.ladder import Measured
from models.printing import number_text, percent_text
from models.terms import Amount, Percent, Terms, exact_decimal, plain, sole

HOURS_OF_A_DAY = 24
DAYS_OF_A_MONTH = 30
"""Only for saying which of two rows is worth more; what is owed goes by the real month."""

FRACTION = re.compile(r"^(\d{1,9}) */ *([1-9]\d{0,8})$")


def _share(written: object) -> str:
    """An exact share in its one spelling: `1/30`, or plain digits."""
    written = sole(written)
    found = FRACTION.match(written.strip()) if isinstance(written, str) else None
    if found is not None:
        share = Fraction(int(found.group(1)), int(found.group(2)))
        return f"{share.numerator}/{share.denominator}"
    try:
        number = exact_decimal(written)
    except PydanticCustomError:
        raise PydanticCustomError("share", "an exact share, such as 1/30, 0.5 or 3") from None
    if number < 0:
        raise PydanticCustomError("share", "a share of 0 or more, such as 1/30, 0.5 or 3")
    return plain(number)


Share = Annotated[
    str,
    BeforeValidator(_share, json_schema_input_type=str | int),
    Field(pattern=r"^[0-9]+(\.[0-9]+)?( */ *[0-9]+)?$"),
]
"""A share of an amount, or a multiple of it, as an exact fraction."""


def _absent(value: object) -> bool:
    return value is None


class Reward(Terms):
    """What is earned, once; exactly one of the fields is given.

    Attributes:
        credit_percent: In percent of the billable amount.
        credit_days: In days of service.
        credit_share: As an exact share of the billable amount, or a multiple of it.
        credit_hours: In hours of service; 24 are a day.
        credit_months: In months of service; a month of a quarter is a third of it.
    """

    credit_percent: Percent | None = None
    credit_days: Amount | None = None
    credit_share: Share | None = Field(default=None, exclude_if=_absent)
    credit_hours: Amount | None = Field(default=None, exclude_if=_absent)
    credit_months: Amount | None = Field(default=None, exclude_if=_absent)

    @model_validator(mode="after")
    def _one_credit(self) -> Reward:
        given = (self.credit_percent, self.credit_share, *self._times)
        if sum(one is not None for one in given) != 1:
            raise PydanticCustomError(
                "one_credit",
                "either credit_percent or credit_days (or credit_share, credit_hours, "
                "credit_months)",
            )
        return self

    @property
    def _times(self) -> tuple[object, ...]:
        return self.credit_days, self.credit_hours, self.credit_months

    @property
    def in_time(self) -> bool:
        """Whether it is earned in time of service."""
        return any(one is not None for one in self._times)

    @cached_property
    def share(self) -> Fraction:
        """The exact share of the billable amount; 0 for time."""
        if self.credit_share is not None:
            return Fraction(self.credit_share)
        return Fraction(self.credit_percent or 0) / 100

    def days(self, measured: Measured) -> Fraction:
        """Days of service in that period; 0 for a share."""
        if self.credit_months is not None:
            return Fraction(self.credit_months) * measured.days / measured.months
        if self.credit_hours is not None:
            return Fraction(self.credit_hours) / HOURS_OF_A_DAY
        return Fraction(self.credit_days or 0)

    @property
    def credit(self) -> Fraction:
        """How much it is, for comparing rows of one unit: percent, or days of months of 30."""
        months = Fraction(self.credit_months or 0) * DAYS_OF_A_MONTH
        hours = Fraction(self.credit_hours or 0) / HOURS_OF_A_DAY
        return self.share * 100 + Fraction(self.credit_days or 0) + hours + months

    @property
    def says(self) -> str:
        """What is earned once, in words: `10 %`, `1/30 of the billable amount`, `24 hours`.

        >>> Reward(credit_hours=24).says, Reward(credit_share="1/30").says
        ('24 hours of service', '1/30 of the billable amount')
        """
        named = {
            "days": self.credit_days,
            "hours": self.credit_hours,
            "months": self.credit_months,
        }
        for unit, amount in named.items():
            if amount is not None:
                return f"{plain(amount)} {unit} of service"
        if self.credit_share is not None:
            return f"{self.credit_share} of the billable amount"
        return f"{number_text(self.share * 100)} % of the billable amount"


def earned_text(share: Fraction, days: Fraction, *, in_time: bool) -> str:
    """A sum of rewards in words: a percentage, or days of service."""
    return f"{number_text(days)} days of service" if in_time else percent_text(share)

"""Money in whole minor units, and the one place where a cent is rounded.

Every amount in Makegood is an `int` of the currency's minor unit (ISO 4217: cents for EUR, yen for
JPY, fils for KWD). Sums that are not whole yet are `Fraction`s of minor units and become money in
`round_to_payable`, once. A vendor's own wire units are that vendor's connector's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from math import ceil, floor
from typing import Self

import iso4217

PAYABLE_STEPS: dict[str, tuple[int, str]] = {
    "BHD": (10, "payment networks settle the dinar in steps of 0.010"),
    "JOD": (10, "payment networks settle the dinar in steps of 0.010"),
    "KWD": (10, "payment networks settle the dinar in steps of 0.010"),
    "OMR": (10, "payment networks settle the rial in steps of 0.010"),
    "TND": (10, "payment networks settle the dinar in steps of 0.010"),
    "MGA": (100, "billing vendors take the ariary without decimals"),
    "ISK": (1, "the króna has no subunit: whole krónur only"),
    "UGX": (1, "the shilling has no subunit: whole shillings only"),
}
"""Smallest payable step in minor units where it is worth a reason; every other currency pays 1.

Source: Stripe's currency pages (three-decimal amounts end in 0; ISK, UGX and MGA take whole units).
"""


class Rounding(StrEnum):
    """How an exact amount becomes payable; a contract may say otherwise than half-up."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"
    UP = "up"


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 currency.

    Attributes:
        code: Three upper-case letters.
        exponent: Decimal places of the minor unit (EUR 2, JPY 0, KWD 3).
        payable_step_minor: Smallest amount that can be paid out, in minor units, at least 1.
        step_reason: Why the step is what it is; "" where it is simply the minor unit.
    """

    code: str
    exponent: int
    payable_step_minor: int = 1
    step_reason: str = ""

    @classmethod
    @cache
    def of(cls, code: str) -> Self:
        """Look a currency up by its ISO 4217 code.

        Raises:
            ValueError: The code is not one of ISO 4217's, or has no minor unit (gold, test codes).
        """
        try:
            found = iso4217.Currency(code)
        except ValueError:
            message = f"{code!r} is not an ISO 4217 currency code such as EUR, USD or JPY"
            raise ValueError(message) from None
        if found.exponent is None:
            message = f"{code} has no minor unit in ISO 4217, so nothing can be paid in it"
            raise ValueError(message)
        step, reason = PAYABLE_STEPS.get(code, (1, ""))
        return cls(code, found.exponent, step, reason)

    def minor(self, amount: Decimal) -> Fraction:
        """An amount in major units as exact minor units: 12.345 EUR is 1234.5 cents."""
        return Fraction(amount) * int(10**self.exponent)


@dataclass(frozen=True, slots=True)
class Money:
    """A whole number of minor units in one currency; negative for a reversal."""

    minor: int
    currency: Currency

    @property
    def major(self) -> Decimal:
        """The amount in major units with exactly the currency's decimal places."""
        return Decimal(f"{self.minor}e-{self.currency.exponent}")

    @property
    def text(self) -> str:
        """Plain digits without currency or grouping, such as `1000.00`, for files and JSON."""
        return f"{self.major:f}"

    def __str__(self) -> str:
        """Amount and code: `1000.00 EUR`."""
        return f"{self.text} {self.currency.code}"

    def __add__(self, other: Money) -> Money:
        """The sum; both sides must be in one currency."""
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        """The difference; both sides must be in one currency."""
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            message = f"cannot add {other.currency.code} to {self.currency.code}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Rounded:
    """What rounding did: the money, and the sentence that the decision log keeps."""

    money: Money
    reason: str


def round_to_payable(
    exact_minor: Fraction, currency: Currency, *, rounding: Rounding = Rounding.HALF_UP
) -> Rounded:
    """Round an exact amount of minor units to the currency's smallest payable step.

    Half-up means away from zero, so that a reversal mirrors its credit.

    >>> print(round_to_payable(Fraction("1925925.925"), Currency.of("EUR")).money)
    19259.26 EUR
    >>> round_to_payable(Fraction(12345), Currency.of("KWD")).money.text
    '12.350'
    """
    step = currency.payable_step_minor
    steps = exact_minor / step
    whole = _round_magnitude(abs(steps), rounding)
    minor = (whole if steps >= 0 else -whole) * step
    money = Money(minor, currency)
    return Rounded(money, _rounding_reason(exact_minor, money, rounding))


def payable_within(most_minor: Fraction, currency: Currency) -> Fraction:
    """The largest payable amount, in minor units, that is no more than this one of 0 or more.

    >>> payable_within(Fraction(10005), Currency.of("KWD"))
    Fraction(10000, 1)
    """
    step = currency.payable_step_minor
    return Fraction(most_minor // step * step)


def _round_magnitude(steps: Fraction, rounding: Rounding) -> int:
    match rounding:
        case Rounding.HALF_UP:
            return floor(steps + Fraction(1, 2))
        case Rounding.HALF_EVEN:
            return round(steps)
        case Rounding.DOWN:
            return floor(steps)
        case Rounding.UP:
            return ceil(steps)


def _rounding_reason(exact_minor: Fraction, money: Money, rounding: Rounding) -> str:
    currency = money.currency
    step = Money(currency.payable_step_minor, currency).text
    if exact_minor == money.minor:
        return f"exact: {money}, nothing to round"
    why = f" ({currency.step_reason})" if currency.step_reason else ""
    words = rounding.value.replace("_", "-")
    return f"rounded {words} to a step of {step} {currency.code}{why}: {money}"

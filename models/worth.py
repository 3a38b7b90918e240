"""A credit on its way from the ladder to money: base, share or days, what was cut, and the steps.

Nothing is rounded here; sums are exact minor units until `models.determination` rounds once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from models.money import Currency
from models.printing import CUT, number_text, percent_text


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the calculation: its name and the sentence that explains it."""

    name: str
    says: str


@dataclass(frozen=True, slots=True)
class Worth:
    """A credit on its way.

    Attributes:
        base_minor: What the share is of, exact minor units; 0 where nobody knows it.
        share: The share of the base; for days that stay days it is 0.
        days: Days of service; None for credits in money.
        capped: Whether a cap took something away.
        steps: What was done so far.
        held: Why nothing can be said of it after all; "" while something can.
    """

    base_minor: Fraction
    share: Fraction
    days: Fraction | None
    capped: bool
    steps: tuple[Step, ...]
    held: str = ""

    @property
    def exact_minor(self) -> Fraction:
        """The credit in exact minor units, not yet rounded."""
        return self.share * self.base_minor

    @property
    def earns(self) -> bool:
        """Whether there is anything left to pay, cap or withhold."""
        return bool(self.share or self.days)

    def with_step(self, name: str, says: str) -> Worth:
        """The same credit with one more step behind it."""
        return replace(self, steps=(*self.steps, Step(name, says)))

    def within(self, most: Fraction, name: str, currency: Currency) -> Worth:
        """The credit, cut to a share of the base; `name` says which cap that is."""
        value = value_text(self, currency)
        if self.share <= most:
            return self.with_step("cap", f"{value} is within the cap of {name}")
        cut = replace(self, share=most, capped=True)
        return cut.with_step("cap", f"{value} is cut to the cap of {name}")

    def within_days(self, most: Fraction, name: str) -> Worth:
        """The credit, cut to so many days of service; `name` says which cap that is."""
        days = self.days or Fraction(0)
        if days <= most:
            return self.with_step("cap", f"within the cap of {name}")
        cut = replace(self, days=most, capped=True)
        return cut.with_step("cap", f"{number_text(days)} days are cut to the cap of {name}")


def value_text(worth: Worth, currency: Currency) -> str:
    """The exact credit as money; in percent where the base is nothing or not known."""
    if not worth.base_minor:
        return f"{percent_text(worth.share)} of the billable amount"
    return f"{major_text(worth.exact_minor, currency)} {currency.code}"


def exact_text(worth: Worth, currency: Currency) -> str:
    """The exact credit as money, as days of service, or as both."""
    value = value_text(worth, currency)
    if worth.days is None:
        return value
    days = f"{number_text(worth.days)} days of service"
    return f"{days}, {value}" if worth.exact_minor else days


def major_text(exact_minor: Fraction, currency: Currency) -> str:
    """Exact minor units in major units, with at least the currency's places."""
    text = number_text(exact_minor / 10**currency.exponent)
    whole, _, places = text.rstrip(CUT).partition(".")
    padded = places.ljust(currency.exponent, "0")
    return f"{whole}{'.' if padded else ''}{padded}{CUT if text.endswith(CUT) else ''}"

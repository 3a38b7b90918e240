"""Stripe's wire units: how an amount of money is sent as a whole number, and read back.

The table is Stripe's own and cannot be derived from ISO 4217: krónur and shillings have no decimals
but travel as hundredths, ariary has two but travels whole. Nothing is ever rounded here; an amount
that cannot travel exactly is refused before anything is sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.errors import Permanent
from models.money import Currency, Money

WHOLE = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV"}
    | {"XAF", "XOF", "XPF"}
)
"""Sent as they are, without decimals."""

WHOLE_AS_HUNDREDTHS = frozenset({"ISK", "UGX"})
"""Sent as hundredths that are always a multiple of 100."""

THOUSANDTHS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
"""Sent as thousandths whose last digit is always 0."""


@dataclass(frozen=True, slots=True)
class Unit:
    """How one currency travels.

    Attributes:
        places: Decimal places of the number that is sent: 100 is 1.00 with two places.
        step: What every number must be a multiple of.
    """

    places: int
    step: int


def unit_of(code: str) -> Unit:
    """How a currency travels, by its ISO 4217 code in upper case.

    Source: docs.stripe.com/currencies (zero-decimal, three-decimal and special cases).

    >>> unit_of("EUR"), unit_of("UGX")
    (Unit(places=2, step=1), Unit(places=2, step=100))
    """
    if code in WHOLE:
        return Unit(places=0, step=1)
    if code in WHOLE_AS_HUNDREDTHS:
        return Unit(places=2, step=100)
    if code in THOUSANDTHS:
        return Unit(places=3, step=10)
    return Unit(places=2, step=1)


def to_wire(amount: Money) -> int:
    """The whole number that Stripe is sent for an amount; the sign stays.

    Raises:
        Permanent: The amount cannot travel exactly.

    >>> to_wire(Money(1234, Currency.of("EUR"))), to_wire(Money(1234, Currency.of("ISK")))
    (1234, 123400)
    """
    unit = unit_of(amount.currency.code)
    wire = _rescaled(amount.minor, places=amount.currency.exponent, wanted=unit.places)
    if wire is None or wire % unit.step:
        raise Permanent(
            f"stripe: {amount} cannot be sent; {amount.currency.code} travels in steps of "
            f"{_step_text(unit)}. Round the credit to such a step; nothing was sent."
        )
    return wire


def from_wire(wire: int, code: str) -> Money:
    """The amount that a whole number of Stripe's means.

    Args:
        wire: As Stripe wrote it; the sign stays.
        code: Stripe's currency code, in any case.

    Raises:
        Permanent: The number is none, the currency is unknown, or it has no such amount.

    >>> print(from_wire(123400, "isk"))
    1234 ISK
    """
    if isinstance(wire, bool) or not isinstance(wire, int):
        raise Permanent(f"stripe: answered {wire!r} where an amount in whole units was expected.")
    currency = _currency(code)
    places = unit_of(currency.code).places
    minor = _rescaled(wire, places=places, wanted=currency.exponent)
    if minor is None:
        raise Permanent(
            f"stripe: answered {wire} for an amount in {currency.code}, which has no such "
            "fraction. Look at it in Stripe; nothing was changed."
        )
    return Money(minor, currency)


def _currency(code: str) -> Currency:
    try:
        return Currency.of(code.upper())
    except ValueError as error:
        raise Permanent(f"stripe: {error}. Nothing was changed.") from None


def _rescaled(number: int, *, places: int, wanted: int) -> int | None:
    """The number with other decimal places; None when digits would be lost."""
    if wanted >= places:
        return number * int(10 ** (wanted - places))
    quotient, lost = divmod(number, int(10 ** (places - wanted)))
    return None if lost else quotient


def _step_text(unit: Unit) -> str:
    whole, rest = divmod(unit.step, 10**unit.places)
    return f"{whole}" if not rest else f"{whole}.{rest:0{unit.places}d}"

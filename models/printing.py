"""How exact numbers are shown to people: cut, never rounded over a threshold that they missed.

Nothing is computed with what comes out of here. A number that has more digits than are shown ends
in an ellipsis, so that 99.897824... is never taken for 99.90.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

PLACES = 6
CUT = "…"


def number_text(number: Fraction | Decimal, places: int = PLACES) -> str:
    """A number with at most so many decimal places, cut towards zero.

    >>> number_text(Fraction(1, 2)), number_text(Fraction(2, 3)), number_text(Decimal("99.90"))
    ('0.5', '0.666666…', '99.9')
    """
    above, below = number.as_integer_ratio()
    scaled, rest = divmod(abs(above) * 10**places, below)
    whole, part = divmod(scaled, 10**places)
    digits = f"{whole}.{part:0{places}d}".rstrip("0").rstrip(".") if part else str(whole)
    return f"{'-' if above < 0 and scaled else ''}{digits}{CUT if rest else ''}"


@lru_cache(maxsize=4096)
def percent_text(ratio: Fraction, places: int = PLACES) -> str:
    """A ratio as a percentage with its sign.

    >>> percent_text(Fraction(999, 1000)), percent_text(Fraction(44468, 44640))
    ('99.9 %', '99.614695… %')
    """
    return f"{number_text(ratio * 100, places)} %"


@lru_cache(maxsize=4096)
def duration_text(seconds: Fraction) -> str:
    """A length of time in hours, minutes and seconds; only the units that it needs.

    >>> duration_text(Fraction("2678.4")), duration_text(Fraction(13392))
    ('44 min 38.4 s', '3 h 43 min 12 s')
    """
    above, below = seconds.as_integer_ratio()
    hours, rest = divmod(above, 3600 * below)
    minutes, rest = divmod(rest, 60 * below)
    parts = [f"{amount} {unit}" for amount, unit in ((hours, "h"), (minutes, "min")) if amount]
    parts += [f"{number_text(Fraction(rest, below), 3)} s"] if rest else []
    return " ".join(parts) or "0 s"

"""What every credit ladder is given and what it answers.

A ladder of any kind is a frozen document with one question: `assess(measured)`. It answers with the
exact share of the billable amount (or days of service), with no credit, or with a named gap in a
published table. Caps, minimum payouts and rounding come afterwards, in `models.determination`, the
same for every kind. To add a kind, add one module to `models/kinds/` and name it in its registry.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from models.findings import Finding
from models.terms import Percent, Terms


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured service period, as much of it as ladders ask for; all exact.

    Attributes:
        uptime: Monthly uptime as a fraction from 0 to 1, after exclusions.
        down_seconds: Counted downtime.
        measurable_seconds: What the downtime is a share of: the month, less what exclusions took
            from both sides; more than zero.
        period_seconds: The whole service month.
        days: Calendar days of the period.
        outage_seconds: Counted length of each counted outage, rising in time; None when the input
            gave only a sum (counts or a percent), so that per-outage rules cannot be judged.
        affected_ratio: The share of the fee, users or regions that the downtime hit, 0 to 1.
    """

    uptime: Fraction
    down_seconds: Fraction
    measurable_seconds: Fraction
    period_seconds: Fraction
    days: int
    outage_seconds: tuple[Fraction, ...] | None = None
    affected_ratio: Fraction = Fraction(1)

    @property
    def uptime_percent(self) -> Fraction:
        """Uptime as an exact percentage, 0 to 100."""
        return self.uptime * 100


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a ladder says about a month, before caps and rounding.

    Attributes:
        breached: Whether the commitment was missed.
        tier: The tier in words (`99.0 <= uptime < 99.9`); None when not breached or in a gap.
        share: Exact share of the billable amount owed, 0 or more, not yet capped.
        days: Days of service owed, for ladders in that unit; None for ladders in money.
        gap: Why the published table has no answer for this value; such a month is withheld.
        reasons: How the answer came about, one sentence per step, in order.
    """

    breached: bool
    tier: str | None = None
    share: Fraction = Fraction(0)
    days: Fraction | None = None
    gap: str | None = None
    reasons: tuple[str, ...] = ()


class Ladder(Terms):
    """The base of all ladder kinds.

    A kind adds a field `kind: Literal["..."]` that names it in contract files, its own terms, and
    the two methods. `commitment_percent` is what the contract promises.
    """

    commitment_percent: Percent

    @abstractmethod
    def assess(self, measured: Measured) -> Assessment:
        """Judge a month on its exact values; more downtime never earns less."""

    def findings(self, place: str) -> tuple[Finding, ...]:
        """Everything that is wrong with the terms themselves, all at once; fields relative to it."""
        return ()

    @property
    def commitment(self) -> Fraction:
        """The promised uptime as a fraction from 0 to 1."""
        return percent_ratio(self.commitment_percent)


def percent_ratio(percent: Decimal) -> Fraction:
    """A percentage as an exact ratio: 99.9 is 999/1000."""
    return Fraction(percent) / 100


def floor_percent(ratio: Fraction, places: int = 6) -> str:
    """A ratio printed as a percentage, rounded down, never up to a threshold it missed.

    >>> floor_percent(Fraction(2, 3)), floor_percent(Fraction(1))
    ('66.666666', '100.000000')
    """
    scaled = ratio * 100 * 10**places
    whole = scaled.numerator // scaled.denominator
    return f"{Decimal(whole).scaleb(-places):.{places}f}"

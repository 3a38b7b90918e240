"""What a shortfall costs in credits, from recurring revenue; three formulas, kept apart.

This is the calculator that finance asks before there is any contract. Published calculators mean
different things by "pro rata": the same month costs 19,240.00, 19,259.26 or 21,645.00. Each formula
is named, and the other two are shown beside it.

Source: a published calculator for SaaS credit liability; its two worked examples come out to the
cent by the relative formula, with a month of 43,830 minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from models.allowance import Window
from models.ladder import percent_ratio
from models.money import Currency, Money, round_to_payable


class Formula(StrEnum):
    """What the multiplier is applied to.

    RELATIVE: the shortfall as a share of the commitment, (commitment - actual) / commitment.
    POINTS: the shortfall in percentage points, commitment - actual.
    DOWNTIME: all of the time that was not up, 1 - actual.
    """

    RELATIVE = "relative"
    POINTS = "points"
    DOWNTIME = "downtime"


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is asked.

    Attributes:
        revenue: Recurring revenue of the window, in major units.
        currency: Its currency.
        commitment_percent: The uptime that is promised, more than 0.
        actual_percent: The uptime that was.
        multiplier: How many times the formula's share is credited.
        impacted_percent: The share of the revenue that is eligible for credits.
    """

    revenue: Decimal
    currency: Currency
    commitment_percent: Decimal
    actual_percent: Decimal
    multiplier: Decimal = Decimal(1)
    impacted_percent: Decimal = Decimal(100)

    def __post_init__(self) -> None:
        """Refuse a commitment to nothing: no share of it exists."""
        if self.commitment_percent <= 0:
            message = "the commitment must be more than 0 %"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Liability:
    """What it costs.

    Attributes:
        shortfall: The formula's share before the multiplier, 0 to 1; 0 when the promise was kept.
        credit_share: After the multiplier, at most all of the eligible revenue.
        capped: Whether that most was reached and cut something off.
        eligible: The revenue that the share applies to, rounded.
        credit: The credit, rounded once.
        net: The revenue that is left.
        down_seconds: The time that was not up, exact.
    """

    shortfall: Fraction
    credit_share: Fraction
    capped: bool
    eligible: Money
    credit: Money
    net: Money
    down_seconds: Fraction


def liability(exposure: Exposure, *, formula: Formula, window: Window) -> Liability:
    """The credit that a shortfall costs by one formula.

    A kept promise costs nothing, by every formula.
    """
    short = _shortfall(exposure, formula)
    wanted = short * Fraction(exposure.multiplier)
    share = min(wanted, Fraction(1))
    revenue = exposure.currency.minor(exposure.revenue)
    eligible = revenue * percent_ratio(exposure.impacted_percent)
    credit = round_to_payable(share * eligible, exposure.currency).money
    whole = round_to_payable(revenue, exposure.currency).money
    return Liability(
        shortfall=short,
        credit_share=share,
        capped=wanted > 1,
        eligible=round_to_payable(eligible, exposure.currency).money,
        credit=credit,
        net=whole - credit,
        down_seconds=(1 - percent_ratio(exposure.actual_percent)) * window.seconds,
    )


def _shortfall(exposure: Exposure, formula: Formula) -> Fraction:
    promised = percent_ratio(exposure.commitment_percent)
    actual = percent_ratio(exposure.actual_percent)
    if actual >= promised:
        return Fraction(0)
    match formula:
        case Formula.RELATIVE:
            return (promised - actual) / promised
        case Formula.POINTS:
            return promised - actual
        case Formula.DOWNTIME:
            return 1 - actual

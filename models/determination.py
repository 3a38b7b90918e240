"""The pure answer for one contract and month: how much, and why, step by step.

Everything that turns an assessed ladder into payable money is here, in this order: gate, tier,
days to money, cap, rounding (once), minimum payout. The answer depends on nothing but its inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from models.money import Money


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the calculation: its name and the sentence that explains it."""

    name: str
    says: str


@dataclass(frozen=True, slots=True)
class Determination:
    """What a month earns.

    Attributes:
        uptime: Exact uptime, 0 to 1; None when withheld for want of data.
        breached: Whether the commitment was missed; None when unknown.
        tier: The tier in words; None without one.
        credit_share: Exact share of the billable amount after the cap; None for days or withheld.
        days: Days of service after the cap; None for money ladders.
        capped: Whether the cap took something away.
        amount: The payable credit; zero when nothing is owed; None when withheld.
        withheld: Why there is no answer and a person must look; "" when there is one.
        claim_by: Last date on which the claim is in time; None without a limit or a breach.
        steps: The whole calculation, in order.
    """

    uptime: Fraction | None
    breached: bool | None
    tier: str | None
    credit_share: Fraction | None
    days: Fraction | None
    capped: bool
    amount: Money | None
    withheld: str
    claim_by: date | None
    steps: tuple[Step, ...]

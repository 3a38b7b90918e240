"""What a ladder may ask for beside the uptime: attributes, other metrics, amounts, earlier periods.

A contract states its attributes and amounts, a payload the figures of the period, the store what
was decided before. All of it is known when a month is decided and is recorded with its inputs;
what is absent is not known, and terms that need it withhold the month instead of guessing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier service period of the same contract.

    Attributes:
        period: The month that closed it, as `2026-05`.
        breached: Whether the commitment was missed; None while that is withheld. A period in which
            the contract did not run yet was not missed.
        uptime: Its exact uptime, 0 to 1; None when there is none.
        credit_minor: What it earned, in minor units, before anything was carried into it.
        credit_days: Days of service that it earned.
        carried_minor: What was too small to be issued and waits for a later period; None where that
            is not known, because the period is withheld.
    """

    period: str
    breached: bool | None
    uptime: Fraction | None = None
    credit_minor: int = 0
    credit_days: Fraction = Fraction(0)
    carried_minor: int | None = 0


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that is known of a contract's period beside its measurement.

    Attributes:
        attributes: The contract's edition, plan, deployment, by name.
        metrics: Figures that are no uptime, such as `latency_ms`, by name; exact.
        amounts: Amounts other than the billable one, in major units, by name.
        earlier: The earlier periods, the latest first; None in the place of one that was not
            decided. What lies behind the last one is not known either.
    """

    attributes: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Fraction] = field(default_factory=dict)
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    earlier: tuple[Past | None, ...] = ()

    def before(self, periods: int) -> tuple[Past | None, ...]:
        """Exactly so many periods, the latest first; None for each that is not known."""
        known = self.earlier[:periods]
        return (*known, *(None,) * (periods - len(known)))


NOTHING_ELSE = Circumstances()
"""Nothing is known beside the measurement."""

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

from models.printing import CUT
from models.terms import JsonValue


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

    @property
    def is_withheld(self) -> bool:
        """Whether what it earned is not known yet."""
        return self.carried_minor is None

    def missed(self, bound: Fraction) -> bool | None:
        """Whether its uptime was below a bound, 0 to 1; None when that is not known."""
        if self.uptime is not None:
            return self.uptime < bound
        return False if self.breached is False else None

    def broke(self, promised: Fraction) -> bool | None:
        """Whether the commitment was missed, as it was decided or else by its uptime."""
        return self.missed(promised) if self.breached is None else self.breached


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


def past_record(past: Past | None) -> JsonValue:
    """An earlier period as a decision's inputs keep it."""
    if past is None:
        return None
    ratio = past.uptime
    return {
        "period": past.period,
        "breached": past.breached,
        "uptime": None if ratio is None else [ratio.numerator, ratio.denominator],
        "credit_minor": past.credit_minor,
        "credit_days": [past.credit_days.numerator, past.credit_days.denominator],
        "carried_minor": past.carried_minor,
    }


def past_of(record: JsonValue) -> Past | None:
    """The earlier period that a record describes."""
    if record is None:
        return None
    return Past(
        period=record["period"],
        breached=record["breached"],
        uptime=None if record["uptime"] is None else Fraction(*record["uptime"]),
        credit_minor=record["credit_minor"],
        credit_days=Fraction(*record["credit_days"]),
        carried_minor=record["carried_minor"],
    )


def past_decision(
    period: str, determined: Mapping[str, JsonValue], *, measured: bool = False
) -> Past:
    """What a recorded determination leaves to later periods.

    Of a period whose terms alone withhold it, such as one for want of a history, it stays known
    that it was missed: otherwise each of them would withhold the next for ever. That it was met is
    not believed, because a ladder on figures that nobody stated says so as well.

    Args:
        period: The month that closed it.
        determined: The determination as the log keeps it.
        measured: Whether it was measured beyond doubt, even where it is withheld.
    """
    withheld, days = bool(determined["withheld"]), determined["credit_days"]
    known = not withheld or (measured and determined["breached"] is True)
    ratio = determined["uptime_ratio"] if known else None
    earned = determined.get("earned_minor")
    return Past(
        period=period,
        breached=determined["breached"] if known else None,
        uptime=None if ratio is None else Fraction(ratio["numerator"], ratio["denominator"]),
        credit_minor=int((determined["credit_minor"] if earned is None else earned) or 0),
        credit_days=Fraction(str(days).rstrip(CUT)) if days else Fraction(0),
        carried_minor=None if withheld else int(determined.get("carried_minor") or 0),
    )

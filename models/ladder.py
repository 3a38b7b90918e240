"""What every credit ladder is given and what it answers.

A ladder of any kind is a frozen document with one question: `assess(measured)`. It answers with the
exact share of the billable amount (or days of service), with no credit, or with a named gap in a
published table. Caps, minimum payouts and rounding come afterwards, in `models.determination`, the
same for every kind. To add a kind, add one module to `models/kinds/` and name it in its registry.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property

from models.circumstances import NOTHING_ELSE, Circumstances
from models.findings import Finding
from models.intervals import Interval, IntervalSet
from models.printing import duration_text, percent_text
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
        affected_ratio: The share of the billable amount that the downtime hit, 0 to 1. It scales
            the base in `models.determination`, for every kind alike; ladders do not look at it.
        outage_starts: The instant at which each of `outage_seconds` began, in the same order; None
            when that is not known.
        down: Counted downtime as a set of time; None when the input gave only lengths.
        period: The bounds of the period; None when only its length is known.
        time_zone: IANA zone in which its days and hours begin.
        months: How many months the period stands for: 1, 3 for a quarter, 12 for a year.
        circumstances: What is known beside the measurement.
        others: Measurements of the same service by other rules, by the name that combined ladders
            give them.
    """

    uptime: Fraction
    down_seconds: Fraction
    measurable_seconds: Fraction
    period_seconds: Fraction
    days: int
    outage_seconds: tuple[Fraction, ...] | None = None
    affected_ratio: Fraction = Fraction(1)
    outage_starts: tuple[int, ...] | None = None
    down: IntervalSet | None = None
    period: Interval | None = None
    time_zone: str = "UTC"
    months: int = 1
    circumstances: Circumstances = NOTHING_ELSE
    others: Mapping[str, Measured] = field(default_factory=dict)

    @property
    def uptime_percent(self) -> Fraction:
        """Uptime as an exact percentage, 0 to 100."""
        return self.uptime * 100


@dataclass(frozen=True, slots=True)
class Earning:
    """What one event earns.

    Attributes:
        at: When it began; None when that is not known.
        share: Exact share of the affected billable amount.
        days: Days of service.
    """

    at: int | None
    share: Fraction = Fraction(0)
    days: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a ladder says about a month, before caps and rounding.

    Attributes:
        breached: Whether the commitment was missed. Some terms pay for a month that met it (a
            published table that starts at the commitment itself, downtime paid from the first
            second), so what is owed is `share` or `days`, not this.
        tier: The tier in words (`99 <= uptime < 99.9`); None without a credit or in a gap.
        share: Exact share of the affected billable amount owed, 0 or more, not yet capped.
        days: Days of service owed, for ladders in that unit; None for ladders in money.
        gap: Why the ladder has no answer for this month (a hole in a published table, outages
            known only as a sum); such a month is withheld.
        reasons: How the answer came about, one sentence per step, in order.
        unstated: Whether the gap is a fact that nobody stated, so that an optional part of combined
            terms can do without it.
        events: What each single outage or event earns of `share` or `days`, where the terms pay by
            the event; for caps by the event and by the day.
    """

    breached: bool
    tier: str | None = None
    share: Fraction = Fraction(0)
    days: Fraction | None = None
    gap: str | None = None
    reasons: tuple[str, ...] = ()
    unstated: bool = False
    events: tuple[Earning, ...] = ()


class Counts(StrEnum):
    """Which downtime pays: all of it, or only what exceeds the allowance."""

    WHOLE = "whole"
    EXCESS = "excess"


class Ladder(Terms):
    """The base of all ladder kinds.

    A kind adds a field `kind: Literal["..."]` that names it in contract files, its own terms, and
    `assess`. Its own rules about itself go into `findings`.

    Attributes:
        commitment_percent: The monthly uptime that the contract promises.
    """

    commitment_percent: Percent

    @abstractmethod
    def assess(self, measured: Measured) -> Assessment:
        """Judge a month on its exact values; more downtime never earns less."""

    def findings(self, place: str) -> tuple[Finding, ...]:
        """Everything that is wrong with the terms themselves; fields relative to them."""
        return ()

    @property
    def in_days(self) -> bool:
        """Whether the ladder pays in days of service instead of a share of the fee."""
        return False

    @property
    def may_exceed_fee(self) -> bool:
        """Whether a bad month could earn more than the whole billable amount."""
        return False

    @property
    def looks_back(self) -> int:
        """How many earlier periods must be known to judge one."""
        return 0

    @cached_property
    def commitment(self) -> Fraction:
        """The promised uptime as a fraction from 0 to 1."""
        return percent_ratio(self.commitment_percent)

    def missed(self, measured: Measured) -> bool:
        """Whether uptime is below the commitment; exactly the commitment meets it."""
        return measured.uptime < self.commitment

    def verdict(self, measured: Measured) -> str:
        """The first reason of every assessment: uptime against the commitment."""
        relation = "below" if self.missed(measured) else "not below"
        uptime, promised = percent_text(measured.uptime), percent_text(self.commitment)
        return f"uptime {uptime} is {relation} the commitment of {promised}"

    def allowance(self, measured: Measured) -> Fraction:
        """Seconds of downtime that the commitment allows in the measurable time."""
        return (1 - self.commitment) * measured.measurable_seconds

    def excess(self, measured: Measured) -> tuple[Fraction, str]:
        """Seconds of downtime beyond the allowance, at least 0, and the sentence that says so."""
        allowed = self.allowance(measured)
        over = max(measured.down_seconds - allowed, Fraction(0))
        down = duration_text(measured.down_seconds)
        says = f"{down} down less the allowance of {duration_text(allowed)}: {duration_text(over)}"
        return over, says


def percent_ratio(percent: Decimal) -> Fraction:
    """A percentage as an exact ratio: 99.9 is 999/1000."""
    return Fraction(percent) / 100


def floor_percent(ratio: Fraction, places: int = 6) -> str:
    """A ratio printed as a percentage, rounded down, never up to a threshold it missed.

    >>> floor_percent(Fraction(2, 3)), floor_percent(Fraction(1))
    ('66.666666', '100.000000')
    """
    whole, part = divmod(ratio.numerator * 100 * 10**places // ratio.denominator, 10**places)
    return f"{whole}.{part:0{places}d}"

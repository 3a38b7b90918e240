"""Pro rata: the credit grows in step with the downtime or with the shortfall of uptime.

Three formulas go by this name and differ in cents; a contract must say which one it means:

- `downtime`: the fee for the time that was lost, times a multiplier;
- `percentage_points`: commitment less uptime, times a multiplier;
- `relative_shortfall`: (commitment less uptime) divided by the commitment, times a multiplier.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.defects import Defect
from models.findings import Finding
from models.ladder import Assessment, Counts, Earning, Ladder, Measured
from models.printing import duration_text, number_text, percent_text
from models.terms import Amount, Exact


class Basis(StrEnum):
    """What the credit is proportional to."""

    DOWNTIME = "downtime"
    PERCENTAGE_POINTS = "percentage_points"
    RELATIVE_SHORTFALL = "relative_shortfall"


class DowntimeOf(StrEnum):
    """What lost time is a share of.

    MEASURABLE_TIME: the time that could be measured. WHOLE_PERIOD: the whole month. HOURS: a month
    of so many hours, whatever the calendar says.
    """

    MEASURABLE_TIME = "measurable_time"
    WHOLE_PERIOD = "whole_period"
    HOURS = "hours"


class ProRata(Ladder):
    """A credit in proportion.

    Attributes:
        basis: Which of the three formulas.
        multiplier: How many times the proportion is paid.
        gated: Whether nothing is owed while the commitment is met; once it is missed, all downtime
            counts (or its excess, see `counts`). Only for the basis `downtime`: a shortfall is zero
            while the commitment is met.
        counts: All downtime, or only what exceeds the allowance. Only for the basis `downtime`.
        downtime_of: What the downtime is divided by; they differ when exclusions left the sum.
        period_hours: The hours of `downtime_of: hours`; None otherwise.
    """

    kind: Literal["pro_rata"] = "pro_rata"
    basis: Basis
    multiplier: Annotated[Exact, Field(gt=0)] = Decimal(1)
    gated: bool = True
    counts: Counts = Counts.WHOLE
    downtime_of: DowntimeOf = DowntimeOf.MEASURABLE_TIME
    period_hours: Annotated[Amount, Field(gt=0)] | None = Field(
        default=None, exclude_if=lambda value: value is None
    )

    @model_validator(mode="after")
    def _hours_stated(self) -> ProRata:
        if (self.downtime_of is DowntimeOf.HOURS) == (self.period_hours is None):
            raise PydanticCustomError(
                "period_hours", "period_hours with downtime_of: hours, and none otherwise"
            )
        return self

    @property
    def may_exceed_fee(self) -> bool:
        """With a multiplier over 1, or a month cut short, a long outage earns more than the fee."""
        return self.multiplier > 1 or self.downtime_of is DowntimeOf.HOURS

    @cached_property
    def times(self) -> Fraction:
        """The multiplier as an exact number."""
        return Fraction(self.multiplier)

    def assess(self, measured: Measured) -> Assessment:
        """Apply the formula to the exact values."""
        verdict, missed = self.verdict(measured), self.missed(measured)
        if not missed and (self.gated or self.basis is not Basis.DOWNTIME):
            return Assessment(breached=False, reasons=(verdict, "no credit is owed"))
        proportion, says = self._proportion(measured)
        share = proportion * self.times
        earned = f"times {number_text(self.times)} is {percent_text(share)} of the billable amount"
        return Assessment(
            breached=missed,
            tier=self._tier() if share else None,
            share=share,
            reasons=(verdict, says, earned),
            events=self._events(measured),
        )

    def _events(self, measured: Measured) -> tuple[Earning, ...]:
        """What each outage earns; nothing where their sum is not what pays."""
        lengths = measured.outage_seconds or ()
        if self.basis is not Basis.DOWNTIME or self.counts is Counts.EXCESS:
            return ()
        if len(lengths) < 1 or sum(lengths) != measured.down_seconds:
            return ()
        once = self.times / self._whole(measured)
        starts = measured.outage_starts or (None,) * len(lengths)
        return tuple(
            Earning(at, seconds * once) for at, seconds in zip(starts, lengths, strict=True)
        )

    def _whole(self, measured: Measured) -> Fraction:
        """What downtime is a share of, in seconds."""
        match self.downtime_of:
            case DowntimeOf.MEASURABLE_TIME:
                return measured.measurable_seconds
            case DowntimeOf.WHOLE_PERIOD:
                return measured.period_seconds
            case DowntimeOf.HOURS:
                return Fraction(self.period_hours or 0) * 3600

    def _tier(self) -> str:
        words = self.basis.value.replace("_", " ")
        over = ", excess only" if self.counts is Counts.EXCESS else ""
        return f"pro rata by {words}{over}, {number_text(self.times)}x"

    def _proportion(self, measured: Measured) -> tuple[Fraction, str]:
        shortfall = self.commitment - measured.uptime
        match self.basis:
            case Basis.DOWNTIME:
                return self._lost_time(measured)
            case Basis.PERCENTAGE_POINTS:
                return shortfall, f"the shortfall is {number_text(shortfall * 100)} points"
            case Basis.RELATIVE_SHORTFALL:
                relative = shortfall / self.commitment
                points, promised = number_text(shortfall * 100), percent_text(self.commitment)
                says = f"the shortfall is {points} points of {promised}: {percent_text(relative)}"
                return relative, says

    def _lost_time(self, measured: Measured) -> tuple[Fraction, str]:
        excess_only = self.counts is Counts.EXCESS
        lost, says = (
            self.excess(measured)
            if excess_only
            else (measured.down_seconds, f"{duration_text(measured.down_seconds)} down")
        )
        whole = self._whole(measured)
        return lost / whole, f"{says}, of {duration_text(whole)}: {percent_text(lost / whole)}"

    def findings(self, place: str) -> tuple[Finding, ...]:
        """Terms that the chosen basis does not use, and a commitment that cannot be divided by."""
        return (*self._unused(place), *self._undivided(place))

    def _unused(self, place: str) -> Iterator[Finding]:
        if self.basis is Basis.DOWNTIME:
            return
        basis = self.basis.value
        unused = {
            "counts": self.counts is not Counts.WHOLE,
            "gated": not self.gated,
            "downtime_of": self.downtime_of is not DowntimeOf.MEASURABLE_TIME,
        }
        for field in (name for name, given in unused.items() if given):
            yield Finding(
                place=place,
                field=field,
                fact=f"has no meaning with basis {basis}, where only the shortfall pays",
                expected="it belongs to basis downtime",
                remedy="Leave it out, or choose basis: downtime.",
                rule=Defect.MEANINGLESS,
            )

    def _undivided(self, place: str) -> Iterator[Finding]:
        if self.basis is Basis.RELATIVE_SHORTFALL and self.commitment == 0:
            yield Finding(
                place=place,
                field="commitment_percent",
                fact="is 0",
                expected="a relative shortfall is divided by the commitment",
                remedy="Give the uptime that the contract promises.",
            )

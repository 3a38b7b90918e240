"""Per points: every so many points of uptime below the commitment earn so much.

Whether a started step counts, or points pay in proportion, is said by the contract; `or portion
thereof` and `for each full 1 %` differ by a whole step.
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.defects import Defect
from models.findings import Finding
from models.kinds.reward import Reward, earned_text
from models.ladder import Assessment, Ladder, Measured, percent_ratio
from models.printing import number_text
from models.terms import Exact, Percent, plain


class StepPart(StrEnum):
    """What an unfinished step earns: nothing, as much as a whole one, or its own share."""

    DOWN = "down"
    UP = "up"
    IN_PROPORTION = "in_proportion"

    def of(self, steps: Fraction) -> Fraction:
        """How many steps count, of an exact number of them."""
        match self:
            case StepPart.DOWN:
                return Fraction(floor(steps))
            case StepPart.UP:
                return Fraction(ceil(steps))
            case StepPart.IN_PROPORTION:
                return steps


Points = Annotated[Exact, Field(gt=0, le=100)]
"""Percentage points of uptime, more than zero."""


class Slope(Reward):
    """So much for every step of points below a bound.

    Attributes:
        points: Length of a step, in percentage points.
        part_of_step: What an unfinished step earns.
    """

    points: Points
    part_of_step: StepPart = StepPart.DOWN

    def steps(self, uptime: Fraction, bound: Fraction) -> Fraction:
        """How many steps an uptime lies below a bound, both as ratios; 0 above it."""
        below = max(bound - uptime, Fraction(0)) * 100
        return self.part_of_step.of(below / Fraction(self.points))

    @property
    def text(self) -> str:
        """The step in words: `5 % of the billable amount for each 0.1 points`."""
        parts = {
            StepPart.DOWN: "each full",
            StepPart.UP: "each started",
            StepPart.IN_PROPORTION: "each",
        }
        return f"{self.says} for {parts[self.part_of_step]} {plain(self.points)} points"


class PerPoints(Slope, Ladder):
    """Steps of points below the commitment.

    Attributes:
        starts_at_percent: Points are counted below this uptime; None for the commitment.
        base_percent: What a missed commitment earns before the first step, in percent.
    """

    kind: Literal["per_points"] = "per_points"
    starts_at_percent: Percent | None = None
    base_percent: Percent | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> PerPoints:
        if self.base_percent is not None and self.in_time:
            raise PydanticCustomError("one_unit", "base_percent only beside a share or a percent")
        return self

    @property
    def in_days(self) -> bool:
        """Whether a step earns time of service."""
        return self.in_time

    @property
    def may_exceed_fee(self) -> bool:
        """Whether all steps down to no uptime at all earn more than the fee."""
        most = self.steps(Fraction(0), self.bound) * self.share
        return most + Fraction(self.base_percent or 0) / 100 > 1

    @cached_property
    def bound(self) -> Fraction:
        """The uptime below which points are counted, 0 to 1."""
        if self.starts_at_percent is None:
            return self.commitment
        return percent_ratio(self.starts_at_percent)

    def assess(self, measured: Measured) -> Assessment:
        """Count the steps and multiply."""
        verdict = self.verdict(measured)
        if not self.missed(measured):
            return Assessment(breached=False, reasons=(verdict, "no credit is owed"))
        steps = self.steps(measured.uptime, self.bound)
        share = steps * self.share + Fraction(self.base_percent or 0) / 100
        days = steps * self.days(measured)
        counted = f"{number_text(steps)} steps below {number_text(self.bound * 100)} %"
        earns = earned_text(share, days, in_time=self.in_time)
        return Assessment(
            breached=True,
            tier=f"{number_text(steps)} x {plain(self.points)} points" if share or days else None,
            share=share,
            days=days if self.in_time else None,
            reasons=(verdict, f"{counted}, {self.text}", f"earns {earns}"),
        )

    def findings(self, place: str) -> tuple[Finding, ...]:
        """Points that begin above the commitment are never all reached at once."""
        if self.bound <= self.commitment:
            return ()
        return (
            Finding(
                place=place,
                field="starts_at_percent",
                fact=f"is {plain(self.starts_at_percent or self.commitment_percent)}",
                expected=f"at most the commitment of {plain(self.commitment_percent)}",
                remedy="Lower it, or leave it out.",
                rule=Defect.FIRST_TIER,
            ),
        )

"""Other metrics than uptime: latency, loss, jitter, voice quality, time to repair, response time.

A metric is a number with a name that the period's facts state; a metric that nobody stated is a
named gap. `metric_table` looks one number up, `per_count` pays for each of something that happened.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.findings import Finding
from models.kinds.per_points import StepPart
from models.kinds.reward import Reward, earned_text
from models.kinds.scale import Scale, ScaleRow
from models.ladder import Assessment, Ladder, Measured
from models.printing import number_text
from models.terms import Amount, Exact, Percent, Slug, plain


class Better(StrEnum):
    """Which direction of a metric is the good one."""

    LOWER = "lower"
    HIGHER = "higher"


class RowsOn(StrEnum):
    """What the rows of a table hold: the metric itself, or its distance from the target."""

    VALUE = "value"
    PERCENT_OVER_TARGET = "percent_over_target"


class OfMetric(Ladder):
    """The base of ladders that judge a metric.

    Attributes:
        commitment_percent: Of the uptime; such terms promise none. Default: 0.
        metric: The name under which the period's facts state it.
    """

    commitment_percent: Percent = Decimal(0)
    metric: Slug

    def value(self, measured: Measured) -> Fraction | None:
        """What the facts state; None when they do not."""
        return measured.circumstances.metrics.get(self.metric)

    def not_stated(self) -> Assessment:
        """The answer where nobody stated the metric."""
        gap = f"the metric {self.metric} is not stated for the period"
        return Assessment(breached=False, gap=gap, reasons=(gap,), unstated=True)


class MetricTable(OfMetric):
    """A table on a metric.

    Attributes:
        better: Which direction is good. Default: lower.
        target: What is promised of the metric; exactly the target keeps it.
        rows_on: What the rows hold. Default: the metric's own value.
        rows: Stretches of values; a missing end is where the next worse row starts.
        as_published: Keep a defective table as its vendor published it.
    """

    kind: Literal["metric_table"] = "metric_table"
    better: Better = Better.LOWER
    target: Exact
    rows_on: RowsOn = RowsOn.VALUE
    rows: Annotated[tuple[ScaleRow, ...], Field(min_length=1)]
    as_published: bool = False

    @model_validator(mode="after")
    def _rows_start(self) -> MetricTable:
        starts = [row.upper if self._mirrored else row.lower for row in self.rows]
        if None in starts:
            side = "below or at_most" if self._mirrored else "above or at_least"
            raise PydanticCustomError("row_start", "rows with {side}", {"side": side})
        if self.rows_on is RowsOn.PERCENT_OVER_TARGET and self.target <= 0:
            raise PydanticCustomError("target", "a target above 0, of which the rows are percents")
        return self

    @property
    def _mirrored(self) -> bool:
        return self.better is Better.HIGHER and self.rows_on is RowsOn.VALUE

    @property
    def in_days(self) -> bool:
        """Whether the rows pay in time of service."""
        return self.rows[0].in_time

    @cached_property
    def scale(self) -> Scale:
        """The rows on their line."""
        return Scale.of(self.rows, mirrored=self._mirrored)

    def assess(self, measured: Measured) -> Assessment:
        """Look the metric up."""
        value = self.value(measured)
        if value is None:
            return self.not_stated()
        missed, verdict = self._judged(value)
        row, why = self.scale.find(self._looked_up(value))
        if why and missed:
            gap = f"{self.metric} of {number_text(value)} has no row: {why}"
            return Assessment(breached=True, gap=gap, reasons=(verdict, gap))
        if row is None:
            return Assessment(breached=missed, reasons=(verdict, "no credit is owed"))
        earned = row.row
        return Assessment(
            breached=missed,
            tier=f"{self.metric}: {earned.tier}",
            share=earned.share,
            days=earned.days(measured) if self.in_days else None,
            reasons=(verdict, f"tier {earned.tier} earns {earned.says}"),
        )

    def _judged(self, value: Fraction) -> tuple[bool, str]:
        target = Fraction(self.target)
        missed = value > target if self.better is Better.LOWER else value < target
        word = "misses" if missed else "keeps"
        return missed, f"{self.metric} is {number_text(value)}, which {word} {plain(self.target)}"

    def _looked_up(self, value: Fraction) -> Fraction:
        if self.rows_on is RowsOn.VALUE:
            return value
        target = Fraction(self.target)
        over = value - target if self.better is Better.LOWER else target - value
        return over / target * 100

    def findings(self, place: str) -> tuple[Finding, ...]:
        """Gaps, overlaps and shrinking credits of the table."""
        return tuple(self.scale.findings(place, as_published=self.as_published))


class PerCount(Reward, OfMetric):
    """So much for each of what happened: days over the latency, late answers, hours of repair.

    Attributes:
        over: How many are free.
        step: How many make one that pays.
        part_of_step: What an unfinished step earns.
    """

    kind: Literal["per_count"] = "per_count"
    over: Amount = Decimal(0)
    step: Annotated[Amount, Field(gt=0)] = Decimal(1)
    part_of_step: StepPart = StepPart.DOWN

    @property
    def in_days(self) -> bool:
        """Whether each earns time of service."""
        return self.in_time

    @property
    def may_exceed_fee(self) -> bool:
        """They add up without end."""
        return not self.in_time

    def assess(self, measured: Measured) -> Assessment:
        """Count what exceeds the free ones, and multiply."""
        value = self.value(measured)
        if value is None:
            return self.not_stated()
        over = max(value - Fraction(self.over), Fraction(0))
        steps = self.part_of_step.of(over / Fraction(self.step))
        share, days = steps * self.share, steps * self.days(measured)
        says = f"{self.metric} is {number_text(value)}, {plain(self.over)} are free"
        earns = earned_text(share, days, in_time=self.in_time)
        return Assessment(
            breached=over > 0,
            tier=f"{number_text(steps)} x {self.metric}" if share or days else None,
            share=share,
            days=days if self.in_time else None,
            reasons=(says, f"{number_text(steps)} times {self.says} is {earns}"),
        )

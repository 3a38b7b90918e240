"""Per block: every N minutes of downtime earn a percentage of the fee, or days of service.

Whether a part of a block pays is the difference between two published texts of one vendor: "for
each 30 minutes" paid nothing for a 20-minute outage, "every half hour or part thereof" pays 5 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.findings import Finding
from models.ladder import Assessment, Counts, Ladder, Measured
from models.printing import duration_text, number_text, percent_text
from models.terms import Amount, Minutes, Percent, plain


class Part(StrEnum):
    """What an unfinished block earns: nothing (down), or as much as a whole one (up)."""

    DOWN = "down"
    UP = "up"


class Each(StrEnum):
    """Whether blocks are counted in each outage or in the month's whole downtime."""

    OUTAGE = "outage"
    MONTH = "month"


class PerBlock(Ladder):
    """So much for every block of downtime.

    Attributes:
        block_minutes: Length of a block.
        credit_percent: What a block earns, in percent of the billable amount.
        credit_days: What a block earns, in days of service.
        part_of_block: Whether an unfinished block counts.
        each: Blocks of the month's sum (default) or of each outage by itself.
        counts: All downtime (default) or what exceeds the allowance; only for the month's sum.
        gated: Whether nothing is owed while the commitment is met.
    """

    kind: Literal["per_block"] = "per_block"
    block_minutes: Minutes
    credit_percent: Annotated[Percent, Field(gt=0)] | None = None
    credit_days: Annotated[Amount, Field(gt=0)] | None = None
    part_of_block: Part = Part.DOWN
    each: Each = Each.MONTH
    counts: Counts = Counts.WHOLE
    gated: bool = True

    @model_validator(mode="after")
    def _one_credit(self) -> PerBlock:
        if (self.credit_percent is None) == (self.credit_days is None):
            raise PydanticCustomError("one_credit", "either credit_percent or credit_days")
        return self

    @property
    def in_days(self) -> bool:
        """Whether a block earns days of service."""
        return self.credit_days is not None

    @property
    def may_exceed_fee(self) -> bool:
        """Blocks add up without end."""
        return True

    @cached_property
    def block_seconds(self) -> Fraction:
        """Length of a block in seconds."""
        return Fraction(self.block_minutes) * 60

    def assess(self, measured: Measured) -> Assessment:
        """Count the blocks and multiply."""
        verdict, missed = self.verdict(measured), self.missed(measured)
        if measured.down_seconds == 0 or (self.gated and not missed):
            return Assessment(breached=missed, reasons=(verdict, "no credit is owed"))
        if self.each is Each.OUTAGE and measured.outage_seconds is None:
            return _only_a_sum(verdict, missed=missed)
        blocks, says = self._blocks(measured)
        return self._earned(blocks, missed=missed, reasons=(verdict, says))

    def _earned(self, blocks: int, *, missed: bool, reasons: tuple[str, ...]) -> Assessment:
        share = blocks * Fraction(self.credit_percent or 0) / 100
        days = blocks * Fraction(self.credit_days or 0)
        earns = f"{number_text(days)} days of service" if self.in_days else percent_text(share)
        words = f"{blocks} x {plain(self.block_minutes)} min of downtime"
        return Assessment(
            breached=missed,
            tier=words if blocks else None,
            share=share,
            days=days if self.in_days else None,
            reasons=(*reasons, f"{blocks} blocks earn {earns}"),
        )

    def _blocks(self, measured: Measured) -> tuple[int, str]:
        block = f"blocks of {plain(self.block_minutes)} min, a part counts {self._part_words()}"
        if self.each is Each.OUTAGE and measured.outage_seconds is not None:
            blocks = sum(self._whole(seconds) for seconds in measured.outage_seconds)
            return blocks, f"{len(measured.outage_seconds)} outages, each in {block}: {blocks}"
        down, says = measured.down_seconds, f"{duration_text(measured.down_seconds)} down"
        if self.counts is Counts.EXCESS:
            down, says = self.excess(measured)
        return self._whole(down), f"{says}, in {block}: {self._whole(down)}"

    def _whole(self, seconds: Fraction) -> int:
        blocks = seconds / self.block_seconds
        return ceil(blocks) if self.part_of_block is Part.UP else floor(blocks)

    def _part_words(self) -> str:
        return "as one" if self.part_of_block is Part.UP else "as none"

    def findings(self, place: str) -> tuple[Finding, ...]:
        """An allowance belongs to the month, not to a single outage."""
        return tuple(self._excess_of_an_outage(place))

    def _excess_of_an_outage(self, place: str) -> Iterator[Finding]:
        if self.each is Each.OUTAGE and self.counts is Counts.EXCESS:
            yield Finding(
                place=place,
                field="counts",
                fact="is excess while each is outage",
                expected="the allowance is a share of the month, not of one outage",
                remedy="Choose each: month, or counts: whole.",
            )


def _only_a_sum(verdict: str, *, missed: bool) -> Assessment:
    gap = "blocks are counted in each outage, and only the sum of downtime is known"
    return Assessment(breached=missed, gap=gap, reasons=(verdict, gap))

"""Per block: every N minutes of downtime earn a percentage of the fee, or time of service.

Whether a part of a block pays is the difference between two published texts of one vendor: "for
each 30 minutes" paid nothing for a 20-minute outage, "every half hour or part thereof" pays 5 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Annotated, Literal

from pydantic import Field

from models.defects import Defect
from models.findings import Finding
from models.kinds.by_day import within_days
from models.kinds.reward import Reward, earned_text
from models.ladder import Assessment, Counts, Earning, Ladder, Measured
from models.printing import duration_text
from models.terms import Amount, Minutes, Percent, Whole, plain


class Part(StrEnum):
    """What an unfinished block earns: nothing (down), or as much as a whole one (up)."""

    DOWN = "down"
    UP = "up"


class Each(StrEnum):
    """Whether blocks are counted in each outage or in the month's whole downtime."""

    OUTAGE = "outage"
    MONTH = "month"


class PerBlock(Reward, Ladder):
    """So much for every block of downtime; what a block earns is more than nothing.

    Attributes:
        block_minutes: Length of a block.
        part_of_block: Whether an unfinished block counts.
        each: Blocks of the month's sum (default) or of each outage by itself.
        counts: All downtime (default) or what exceeds the allowance; only for the month's sum.
        gated: Whether nothing is owed while the commitment is met.
        after_minutes: How much of the sum, or of each outage, is free. Default: nothing.
        most_per_day: How many blocks a calendar day earns; only for blocks of each outage. None
            for any number.
    """

    kind: Literal["per_block"] = "per_block"
    block_minutes: Minutes
    credit_percent: Annotated[Percent, Field(gt=0)] | None = None
    credit_days: Annotated[Amount, Field(gt=0)] | None = None
    part_of_block: Part = Part.DOWN
    each: Each = Each.MONTH
    counts: Counts = Counts.WHOLE
    gated: bool = True
    after_minutes: Amount = Field(default=Decimal(0), exclude_if=lambda value: value == 0)
    most_per_day: Annotated[Whole, Field(ge=1)] | None = Field(
        default=None, exclude_if=lambda value: value is None
    )

    @property
    def in_days(self) -> bool:
        """Whether a block earns time of service."""
        return self.in_time

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
        if self.each is Each.MONTH:
            return self._of_the_sum(measured, verdict)
        return self._of_outages(measured, verdict)

    def _of_the_sum(self, measured: Measured, verdict: str) -> Assessment:
        down, says = measured.down_seconds, f"{duration_text(measured.down_seconds)} down"
        if self.counts is Counts.EXCESS:
            down, says = self.excess(measured)
        blocks = self._whole(down)
        return self._earned(measured, [blocks], (verdict, f"{says}, in {self._text}: {blocks}"))

    def _of_outages(self, measured: Measured, verdict: str) -> Assessment:
        missed = self.missed(measured)
        if measured.outage_seconds is None:
            gap = "blocks are counted in each outage, and only the sum of downtime is known"
            return Assessment(breached=missed, gap=gap, reasons=(verdict, gap))
        counted = [self._whole(seconds) for seconds in measured.outage_seconds]
        kept = within_days(counted, self.most_per_day, measured)
        if kept is None:
            gap = "blocks are bounded by the day, and when the outages began is not known"
            return Assessment(breached=missed, gap=gap, reasons=(verdict, gap))
        says = f"{len(counted)} outages, each in {self._text}: {sum(counted)}"
        if sum(kept) < sum(counted):
            says += f", of which {self.most_per_day} a day count: {sum(kept)}"
        return self._earned(measured, kept, (verdict, says))

    def _earned(
        self, measured: Measured, blocks: list[int], reasons: tuple[str, ...]
    ) -> Assessment:
        once, total = (self.share, self.days(measured)), sum(blocks)
        share, days = total * once[0], total * once[1]
        earns = earned_text(share, days, in_time=self.in_time)
        return Assessment(
            breached=self.missed(measured),
            tier=f"{total} x {plain(self.block_minutes)} min of downtime" if total else None,
            share=share,
            days=days if self.in_time else None,
            reasons=(*reasons, f"{total} blocks earn {earns}"),
            events=self._events(measured, blocks, once),
        )

    def _events(
        self, measured: Measured, blocks: list[int], once: tuple[Fraction, Fraction]
    ) -> tuple[Earning, ...]:
        if self.each is Each.MONTH:
            return ()
        starts = measured.outage_starts or (None,) * len(blocks)
        return tuple(
            Earning(at, count * once[0], count * once[1])
            for at, count in zip(starts, blocks, strict=True)
        )

    def _whole(self, seconds: Fraction) -> int:
        free = Fraction(self.after_minutes) * 60
        blocks = max(seconds - free, Fraction(0)) / self.block_seconds
        return ceil(blocks) if self.part_of_block is Part.UP else floor(blocks)

    @property
    def _text(self) -> str:
        part = "as one" if self.part_of_block is Part.UP else "as none"
        free = f" after {plain(self.after_minutes)} min" if self.after_minutes else ""
        return f"blocks of {plain(self.block_minutes)} min{free}, a part counts {part}"

    def findings(self, place: str) -> tuple[Finding, ...]:
        """An allowance belongs to the month, a bound by the day to single outages."""
        return (*self._excess_of_an_outage(place), *self._days_of_a_sum(place))

    def _excess_of_an_outage(self, place: str) -> Iterator[Finding]:
        if self.each is Each.OUTAGE and self.counts is Counts.EXCESS:
            yield Finding(
                place=place,
                field="counts",
                fact="is excess while each is outage",
                expected="the allowance is a share of the month, not of one outage",
                remedy="Choose each: month, or counts: whole.",
                rule=Defect.MEANINGLESS,
            )

    def _days_of_a_sum(self, place: str) -> Iterator[Finding]:
        if self.each is Each.MONTH and self.most_per_day is not None:
            yield Finding(
                place=place,
                field="most_per_day",
                fact=f"is {self.most_per_day} while each is month",
                expected="only single outages belong to a day",
                remedy="Choose each: outage, or leave it out.",
                rule=Defect.MEANINGLESS,
            )

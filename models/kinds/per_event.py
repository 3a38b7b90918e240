"""Per event: every outage that is long enough earns a flat percentage, or time of service."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from models.kinds.by_day import within_days
from models.kinds.reward import Reward, earned_text
from models.ladder import Assessment, Earning, Ladder, Measured
from models.measurement import Reaches
from models.printing import duration_text
from models.terms import Amount, Minutes, Percent, Whole, plain


class PerEvent(Reward, Ladder):
    """So much for every qualifying outage; what it earns is more than nothing.

    Attributes:
        qualifying_minutes: How long an outage must be.
        reaches: Whether an outage of exactly that length qualifies.
        gated: Whether nothing is owed while the commitment is met.
        only_above_minutes: Nothing is owed unless the period's downtime is longer than this.
            Default: 0.
        most_per_day: How many outages a calendar day earns; None for any number.
    """

    kind: Literal["per_event"] = "per_event"
    qualifying_minutes: Minutes
    reaches: Reaches = Reaches.AT_LEAST
    credit_percent: Annotated[Percent, Field(gt=0)] | None = None
    credit_days: Annotated[Amount, Field(gt=0)] | None = None
    gated: bool = True
    only_above_minutes: Amount = Field(default=Decimal(0), exclude_if=lambda value: value == 0)
    most_per_day: Annotated[Whole, Field(ge=1)] | None = Field(
        default=None, exclude_if=lambda value: value is None
    )

    @property
    def in_days(self) -> bool:
        """Whether an outage earns time of service."""
        return self.in_time

    @property
    def may_exceed_fee(self) -> bool:
        """Outages add up without end."""
        return True

    @cached_property
    def qualifying_seconds(self) -> Fraction:
        """How long an outage must be, in seconds."""
        return Fraction(self.qualifying_minutes) * 60

    def assess(self, measured: Measured) -> Assessment:
        """Count the outages that qualify and multiply."""
        verdict, missed = self.verdict(measured), self.missed(measured)
        least = Fraction(self.only_above_minutes) * 60
        if measured.down_seconds <= least or (self.gated and not missed):
            short = f"{duration_text(measured.down_seconds)} down in all is not enough"
            reasons = (verdict, short) if least else (verdict,)
            return Assessment(breached=missed, reasons=(*reasons, "no credit is owed"))
        if measured.outage_seconds is None:
            gap = "every outage is judged by its length, and only the sum of downtime is known"
            return Assessment(breached=missed, gap=gap, reasons=(verdict, gap))
        return self._counted(measured, measured.outage_seconds, verdict)

    def _counted(
        self, measured: Measured, lengths: tuple[Fraction, ...], verdict: str
    ) -> Assessment:
        counted = [int(self._qualifies(seconds)) for seconds in lengths]
        kept = within_days(counted, self.most_per_day, measured)
        if kept is None:
            gap = "outages are bounded by the day, and when they began is not known"
            return Assessment(breached=self.missed(measured), gap=gap, reasons=(verdict, gap))
        says = f"{sum(counted)} of {len(lengths)} outages {self._words()}"
        if sum(kept) < sum(counted):
            says += f", of which {self.most_per_day} a day count: {sum(kept)}"
        return self._earned(measured, kept, (verdict, says))

    def _earned(self, measured: Measured, kept: list[int], reasons: tuple[str, ...]) -> Assessment:
        events, once = sum(kept), (self.share, self.days(measured))
        share, days = events * once[0], events * once[1]
        starts = measured.outage_starts or (None,) * len(kept)
        return Assessment(
            breached=self.missed(measured),
            tier=f"{events} outages that {self._words()}" if events else None,
            share=share,
            days=days if self.in_time else None,
            reasons=(*reasons, f"they earn {earned_text(share, days, in_time=self.in_time)}"),
            events=tuple(Earning(at, *once) for at, one in zip(starts, kept, strict=True) if one),
        )

    def _qualifies(self, seconds: Fraction) -> bool:
        if self.reaches is Reaches.AT_LEAST:
            return seconds >= self.qualifying_seconds
        return seconds > self.qualifying_seconds

    def _words(self) -> str:
        than = "at least" if self.reaches is Reaches.AT_LEAST else "longer than"
        return f"lasted {than} {plain(self.qualifying_minutes)} min"

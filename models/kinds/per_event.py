"""Per event: every outage that is long enough earns a flat percentage, or days of service."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.ladder import Assessment, Ladder, Measured
from models.measurement import Reaches
from models.printing import number_text, percent_text
from models.terms import Amount, Minutes, Percent, plain


class PerEvent(Ladder):
    """So much for every qualifying outage.

    Attributes:
        qualifying_minutes: How long an outage must be.
        reaches: Whether an outage of exactly that length qualifies.
        credit_percent: What a qualifying outage earns, in percent of the billable amount.
        credit_days: What a qualifying outage earns, in days of service.
        gated: Whether nothing is owed while the commitment is met.
    """

    kind: Literal["per_event"] = "per_event"
    qualifying_minutes: Minutes
    reaches: Reaches = Reaches.AT_LEAST
    credit_percent: Annotated[Percent, Field(gt=0)] | None = None
    credit_days: Annotated[Amount, Field(gt=0)] | None = None
    gated: bool = True

    @model_validator(mode="after")
    def _one_credit(self) -> PerEvent:
        if (self.credit_percent is None) == (self.credit_days is None):
            raise PydanticCustomError("one_credit", "either credit_percent or credit_days")
        return self

    @property
    def in_days(self) -> bool:
        """Whether an outage earns days of service."""
        return self.credit_days is not None

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
        if measured.down_seconds == 0 or (self.gated and not missed):
            return Assessment(breached=missed, reasons=(verdict, "no credit is owed"))
        if measured.outage_seconds is None:
            gap = "every outage is judged by its length, and only the sum of downtime is known"
            return Assessment(breached=missed, gap=gap, reasons=(verdict, gap))
        events = sum(self._qualifies(seconds) for seconds in measured.outage_seconds)
        says = f"{events} of {len(measured.outage_seconds)} outages {self._words()}"
        return self._earned(events, missed=missed, reasons=(verdict, says))

    def _earned(self, events: int, *, missed: bool, reasons: tuple[str, ...]) -> Assessment:
        share = events * Fraction(self.credit_percent or 0) / 100
        days = events * Fraction(self.credit_days or 0)
        earns = f"{number_text(days)} days of service" if self.in_days else percent_text(share)
        return Assessment(
            breached=missed,
            tier=f"{events} outages that {self._words()}" if events else None,
            share=share,
            days=days if self.in_days else None,
            reasons=(*reasons, f"they earn {earns}"),
        )

    def _qualifies(self, seconds: Fraction) -> bool:
        if self.reaches is Reaches.AT_LEAST:
            return seconds >= self.qualifying_seconds
        return seconds > self.qualifying_seconds

    def _words(self) -> str:
        than = "at least" if self.reaches is Reaches.AT_LEAST else "longer than"
        return f"lasted {than} {plain(self.qualifying_minutes)} min"

"""Clock hours: an hour of the clock with too much downtime in it is not charged.

The hours are those of the contract's zone as it stands at the period's start, so that zones with
half hours have theirs; they are looked at one by one, whatever the uptime of the period.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from models.intervals import MINUTE_MS, IntervalSet, utc
from models.ladder import Assessment, Ladder, Measured
from models.measurement import Reaches
from models.period import zone
from models.printing import number_text, percent_text
from models.terms import Exact, plain

HOUR_MS = 60 * MINUTE_MS
HOUR_SECONDS = 3600
MILLISECOND = timedelta(milliseconds=1)

Minutes = Annotated[Exact, Field(ge=0, lt=60)]
"""Minutes of an hour, from 0 to less than 60."""


class ClockHours(Ladder):
    """Free hours.

    Attributes:
        bad_minutes: How much downtime makes an hour free.
        reaches: Whether exactly that much does. Default: it must be more.
        gated: Whether nothing is owed while the commitment is met.
    """

    kind: Literal["clock_hours"] = "clock_hours"
    bad_minutes: Minutes
    reaches: Reaches = Reaches.LONGER_THAN
    gated: bool = False

    @cached_property
    def bad_ms(self) -> Fraction:
        """The bound in milliseconds."""
        return Fraction(self.bad_minutes) * MINUTE_MS

    def assess(self, measured: Measured) -> Assessment:
        """Count the bad hours; each is worth its share of the period."""
        verdict, missed = self.verdict(measured), self.missed(measured)
        if measured.down_seconds == 0 or (self.gated and not missed):
            return Assessment(breached=missed, reasons=(verdict, "no credit is owed"))
        if measured.down is None:
            gap = "clock hours are looked at one by one, and only lengths of downtime are known"
            return Assessment(breached=missed, gap=gap, reasons=(verdict, gap))
        bad = sum(self._is_bad(ms) for ms in self._hours(measured, measured.down).values())
        hours = measured.period_seconds / HOUR_SECONDS
        share = min(bad / hours, Fraction(1))
        than = "at least" if self.reaches is Reaches.AT_LEAST else "more than"
        says = f"{bad} of {number_text(hours)} clock hours were down {than} {self._text}"
        return Assessment(
            breached=missed,
            tier=f"{bad} free hours" if bad else None,
            share=share,
            reasons=(verdict, says, f"they are {percent_text(share)} of the billable amount"),
        )

    @property
    def _text(self) -> str:
        return f"{plain(self.bad_minutes)} min"

    def _hours(self, measured: Measured, down: IntervalSet) -> Counter[int]:
        """Milliseconds of downtime by the number of the clock hour."""
        begins = measured.period.start if measured.period else down.spans[0][0]
        offset = utc(begins).astimezone(zone(measured.time_zone)).utcoffset() or timedelta(0)
        shift = offset // MILLISECOND
        found: Counter[int] = Counter()
        for start, end in down.spans:
            at = start + shift
            while at < end + shift:
                following = min((at // HOUR_MS + 1) * HOUR_MS, end + shift)
                found[at // HOUR_MS] += following - at
                at = following
        return found

    def _is_bad(self, milliseconds: int) -> bool:
        if self.reaches is Reaches.AT_LEAST:
            return milliseconds >= self.bad_ms
        return milliseconds > self.bad_ms

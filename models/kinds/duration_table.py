"""Duration table: so many minutes of downtime earn so much, whatever the length of the month.

Some vendors add the minutes of a period up, others judge every outage by itself; a table that was
written in whole minutes leaves gaps between them, which are kept and named, never filled.
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.findings import Finding
from models.kinds.per_block import Each
from models.kinds.reward import earned_text
from models.kinds.scale import Placed, Scale, ScaleRow
from models.ladder import Assessment, Earning, Ladder, Measured
from models.printing import number_text


class Highest(StrEnum):
    """Whether every outage of a period earns, or the one that earns most."""

    ALL = "all"
    LONGEST = "longest"


class DurationTable(Ladder):
    """A table on absolute minutes.

    Attributes:
        each: Whether the minutes of the period are added up (`month`, whatever the period) or every
            outage is judged by itself (`outage`).
        pays: Where outages are judged by themselves, whether all of them earn or the longest.
        gated: Whether nothing is owed while the commitment is met.
        rows: Stretches of minutes; a row without an upper bound ends where the next one starts.
        as_published: Keep a defective table as its vendor published it.
    """

    kind: Literal["duration_table"] = "duration_table"
    each: Each = Each.MONTH
    pays: Highest = Highest.ALL
    gated: bool = False
    rows: Annotated[tuple[ScaleRow, ...], Field(min_length=1)]
    as_published: bool = False

    @model_validator(mode="after")
    def _rows_start(self) -> DurationTable:
        if any(row.lower is None for row in self.rows):
            raise PydanticCustomError("row_start", "rows that say where they start, in minutes")
        return self

    @property
    def in_days(self) -> bool:
        """Whether the rows pay in time of service."""
        return self.rows[0].in_time

    @property
    def may_exceed_fee(self) -> bool:
        """Outages add up without end."""
        return self.each is Each.OUTAGE and self.pays is Highest.ALL

    @cached_property
    def scale(self) -> Scale:
        """The rows on the line of minutes."""
        return Scale.of(self.rows)

    def assess(self, measured: Measured) -> Assessment:
        """Look up the minutes of the period, or of each outage."""
        verdict, missed = self.verdict(measured), self.missed(measured)
        if measured.down_seconds == 0 or (self.gated and not missed):
            return Assessment(breached=missed, reasons=(verdict, "no credit is owed"))
        lengths: tuple[Fraction, ...] | None = (measured.down_seconds,)
        if self.each is Each.OUTAGE:
            lengths = measured.outage_seconds
        if lengths is None:
            gap = "every outage is looked up by its length, and only the sum of downtime is known"
            return Assessment(breached=missed, gap=gap, reasons=(verdict, gap))
        return self._looked_up(measured, lengths, verdict)

    def _looked_up(
        self, measured: Measured, lengths: tuple[Fraction, ...], verdict: str
    ) -> Assessment:
        missed = self.missed(measured)
        found = [(seconds / 60, *self.scale.find(seconds / 60)) for seconds in lengths]
        gaps = [f"{_minutes(at)} of downtime have no row: {why}" for at, _, why in found if why]
        if gaps:
            return Assessment(breached=missed, gap=gaps[0], reasons=(verdict, *gaps))
        placed = [row for _, row, _ in found]
        earned = _earnings(placed, measured, self.each)
        if self.pays is Highest.LONGEST and self.each is Each.OUTAGE:
            earned = tuple(sorted(earned, key=lambda one: (one.share, one.days))[-1:])
        return self._summed(measured, earned, placed, verdict)

    def _summed(
        self,
        measured: Measured,
        earned: tuple[Earning, ...],
        placed: list[Placed | None],
        verdict: str,
    ) -> Assessment:
        share = sum((one.share for one in earned), Fraction(0))
        days = sum((one.days for one in earned), Fraction(0))
        rows = [row for row in placed if row is not None]
        tiers = dict.fromkeys(row.row.tier_of("minutes") for row in rows)
        says = f"{len(rows)} found in the table of minutes: {', '.join(tiers) or 'none'}"
        return Assessment(
            breached=self.missed(measured),
            tier=", ".join(tiers) if share or days else None,
            share=share,
            days=days if self.in_days else None,
            reasons=(verdict, says, f"earns {earned_text(share, days, in_time=self.in_days)}"),
            events=earned if self.each is Each.OUTAGE else (),
        )

    def findings(self, place: str) -> tuple[Finding, ...]:
        """Gaps, overlaps and shrinking credits of the table."""
        return tuple(self.scale.findings(place, as_published=self.as_published))


def _earnings(placed: list[Placed | None], measured: Measured, each: Each) -> tuple[Earning, ...]:
    """What each outage earns, in order; those before the first row earn nothing."""
    starts = measured.outage_starts if each is Each.OUTAGE else None
    return tuple(
        Earning(starts[i] if starts else None, row.row.share, row.row.days(measured))
        for i, row in enumerate(placed)
        if row is not None
    )


def _minutes(minutes: Fraction) -> str:
    return f"{number_text(minutes)} min"

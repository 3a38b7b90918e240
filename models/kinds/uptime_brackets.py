"""Uptime brackets: a stretch of monthly uptime earns a flat share of the fee, or days of service.

The tier is chosen on the exact value. A bracket is a stretch between two *cuts*: `below: 99.9` ends
just before 99.9 and `at_most: 99.9` just after it, so that gaps and overlaps are plain comparisons.
Where a published table gives only upper bounds, the lowest matching row wins. A month that no row
answers, or several rows answer differently, is a named gap: it is withheld, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.defects import Defect
from models.findings import Finding, Severity
from models.kinds.per_points import Slope
from models.kinds.reward import Reward
from models.ladder import Assessment, Ladder, Measured, percent_ratio
from models.printing import number_text, percent_text
from models.terms import Minutes, Percent, plain

Cut = tuple[Fraction, int]
"""A place between two uptimes: (ratio, 0) just before that uptime, (ratio, 1) just after it."""

BOTTOM: Cut = (Fraction(0), 0)
KEEP = "or keep a table as its vendor published it with as_published: true."


def _absent(value: object) -> bool:
    return value is None


class Bracket(Reward):
    """One row of the table: a stretch of uptime and what it earns.

    Attributes:
        below: Upper bound, not included.
        at_most: Upper bound, included.
        at_least: Lower bound, included. Without a lower bound the next lower row bounds it.
        above: Lower bound, not included.
        more: What every step of points below the row's upper bound earns beside it.
        up_to_minutes: The most downtime of the row, where the table says it in minutes as well; a
            period on which the two columns disagree is withheld.
    """

    below: Percent | None = None
    at_most: Percent | None = None
    at_least: Percent | None = None
    above: Percent | None = None
    more: Slope | None = Field(default=None, exclude_if=_absent)
    up_to_minutes: Minutes | None = Field(default=None, exclude_if=_absent)

    @model_validator(mode="after")
    def _one_of_each(self) -> Bracket:
        if (self.below is None) == (self.at_most is None):
            raise PydanticCustomError("one_upper_bound", "one upper bound, below or at_most")
        if self.at_least is not None and self.above is not None:
            raise PydanticCustomError("one_lower_bound", "one lower bound, at_least or above")
        if self.more is not None and self.more.in_time != self.in_time:
            raise PydanticCustomError("one_unit", "more in the unit of its row")
        if self.lower is not None and self.lower >= self.upper:
            raise PydanticCustomError("reversed", "a lower bound below the upper one")
        return self

    @property
    def upper(self) -> Cut:
        """The cut at which the bracket ends."""
        if self.below is not None:
            return percent_ratio(self.below), 0
        assert self.at_most is not None  # noqa: S101 - the validator demands one of the two bounds
        return percent_ratio(self.at_most), 1

    @property
    def lower(self) -> Cut | None:
        """The cut at which the bracket starts; None when the row does not say."""
        if self.at_least is not None:
            return percent_ratio(self.at_least), 0
        return None if self.above is None else (percent_ratio(self.above), 1)

    @property
    def upper_field(self) -> str:
        """The name of the upper bound in the file."""
        return "below" if self.below is not None else "at_most"

    def earned(self, measured: Measured) -> tuple[Fraction, Fraction]:
        """The share of the fee and the days of service that a period in this row earns."""
        share, days = self.share, self.days(measured)
        if self.more is None:
            return share, days
        steps = self.more.steps(measured.uptime, self.upper[0])
        return share + steps * self.more.share, days + steps * self.more.days(measured)

    @property
    def earns(self) -> str:
        """What it earns, in words."""
        return f"{self.says} and {self.more.text}" if self.more else self.says


@dataclass(frozen=True, slots=True)
class Row:
    """A bracket with both of its ends known.

    Attributes:
        place: Its position in the file, from 0.
        bracket: What the file says.
        lower: Where it starts, given or implied by the next lower row.
        upper: Where it ends.
        tier: The tier in words.
    """

    place: int
    bracket: Bracket
    lower: Cut
    upper: Cut
    tier: str


class UptimeBrackets(Ladder):
    """A table of brackets.

    Attributes:
        brackets: The rows, falling, all in percent or all in days.
        as_published: Keep a defective table as its vendor published it. Its gaps and overlaps then
            are warnings, and a month that falls into one is withheld.
    """

    kind: Literal["uptime_brackets"] = "uptime_brackets"
    brackets: Annotated[tuple[Bracket, ...], Field(min_length=1)]
    as_published: bool = False

    @property
    def in_days(self) -> bool:
        """Whether the rows pay in days of service."""
        return self.brackets[0].in_time

    @property
    def may_exceed_fee(self) -> bool:
        """Rows that go on, and rows of a multiple of the fee."""
        return any(
            row.share
            + (row.more.share * row.more.steps(Fraction(0), row.upper[0]) if row.more else 0)
            > 1
            for row in self.brackets
        )

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The brackets with both ends known, in the file's order."""
        uppers = sorted({bracket.upper for bracket in self.brackets})
        return tuple(_row(place, bracket, uppers) for place, bracket in enumerate(self.brackets))

    def assess(self, measured: Measured) -> Assessment:
        """Find the row that holds the exact uptime."""
        at = (measured.uptime, 0)
        found = [row for row in self.rows if row.lower <= at < row.upper]
        if len({row.bracket.credit for row in found}) > 1:
            return self._gap(measured, f"{_named(found)} all hold it and differ")
        if found:
            other = self._by_minutes(measured)
            if other is not None and other.place != found[0].place:
                return self._gap(measured, _columns_disagree(found[0], other, measured))
            return self._credit(measured, found[0])
        if self.missed(measured):
            return self._gap(measured, "no row of the table holds it")
        return Assessment(breached=False, reasons=(self.verdict(measured), "no credit is owed"))

    def _credit(self, measured: Measured, row: Row) -> Assessment:
        share, days = row.bracket.earned(measured)
        return Assessment(
            breached=self.missed(measured),
            tier=row.tier,
            share=share,
            days=days if self.in_days else None,
            reasons=(self.verdict(measured), f"tier {row.tier} earns {row.bracket.earns}"),
        )

    def _by_minutes(self, measured: Measured) -> Row | None:
        """The row that the minutes say, where the table says them; None where it does not."""
        stated = [row for row in self.rows if row.bracket.up_to_minutes is not None]
        if not stated:
            return None
        down = measured.down_seconds / 60
        reached = [row for row in stated if down <= Fraction(row.bracket.up_to_minutes or 0)]
        silent = [row for row in self.rows if row.bracket.up_to_minutes is None]
        by_length = sorted(reached, key=lambda row: Fraction(row.bracket.up_to_minutes or 0))
        worst = sorted(silent or stated, key=lambda row: row.upper)
        return (by_length or worst)[0]

    def _gap(self, measured: Measured, fact: str) -> Assessment:
        gap = f"uptime {percent_text(measured.uptime)} has no tier: {fact}"
        return Assessment(
            breached=self.missed(measured), gap=gap, reasons=(self.verdict(measured), gap)
        )

    def findings(self, place: str) -> tuple[Finding, ...]:
        """Gaps, overlaps, rows above the commitment or out of order, credits that shrink."""
        defects = (*self._disorder(place), *self._coverage(place), *self._shrinking(place))
        return (*self._mixed_units(place), *defects, *self._columns(place))

    def _columns(self, place: str) -> Iterator[Finding]:
        """Rows whose minutes and percents mean periods of different lengths."""
        lengths = [(row, hours) for row in self.rows if (hours := _hours_meant(row)) is not None]
        for row, hours in lengths:
            first, meant = lengths[0]
            if hours != meant:
                told = f"is {plain(row.bracket.up_to_minutes or Decimal(0))}"
                yield self._defect(
                    place,
                    Defect.MINUTES_DISAGREE,
                    field=f"brackets[{row.place}].up_to_minutes",
                    fact=f"{told}, which means a period of {number_text(hours)} h, while "
                    f"brackets[{first.place}] means {number_text(meant)} h",
                    expected="minutes and percents that say the same",
                    remedy="Leave one column out, or keep the table with as_published: true.",
                )

    def _mixed_units(self, place: str) -> Iterator[Finding]:
        for number, bracket in enumerate(self.brackets):
            if bracket.in_time != self.in_days:
                yield Finding(
                    place=place,
                    field=f"brackets[{number}]",
                    fact="pays in another unit than brackets[0]",
                    expected="all rows in a share of the fee, or all in time of service",
                    remedy="Write the table in one unit.",
                    rule=Defect.MIXED_UNITS,
                )

    def _disorder(self, place: str) -> Iterator[Finding]:
        for number, (higher, lower) in enumerate(pairwise(self.brackets), start=1):
            if lower.upper >= higher.upper:
                other = f"brackets[{number - 1}].{higher.upper_field} {_upper_text(higher)}"
                yield self._defect(
                    place,
                    Defect.DISORDER,
                    field=f"brackets[{number}].{lower.upper_field}",
                    fact=f"is {_upper_text(lower)}, not under {other}",
                    expected="brackets fall from the commitment downwards",
                    remedy=f"Swap the rows or lower brackets[{number}].",
                )

    def _coverage(self, place: str) -> Iterator[Finding]:
        reached: Cut = (self.commitment, 0)
        for row in sorted(self.rows, key=lambda row: row.upper, reverse=True):
            if row.upper < reached:
                yield self._hole(place, row, above=reached)
            elif row.upper > reached:
                yield self._overlap(place, row, reached)
            reached = min(reached, row.lower)
        if reached != BOTTOM:
            last = max(self.rows, key=lambda row: row.place)
            yield self._defect(
                place,
                Defect.GAP,
                field=f"brackets[{last.place}]",
                fact=f"leaves uptime under {_cut_text(reached)} without a row",
                expected="the last row has no lower bound",
                remedy="Leave its lower bound out, or add the row that is missing.",
            )

    def _hole(self, place: str, row: Row, *, above: Cut) -> Finding:
        number = row.place
        return self._defect(
            place,
            self._at_the_top(above, Defect.GAP),
            field=f"brackets[{number}].{row.bracket.upper_field}",
            fact=f"is {_upper_text(row.bracket)}, which leaves a gap up to {_cut_text(above)}",
            expected="every uptime under the commitment has exactly one row",
            remedy=f"{_corrected('Raise', row, above)}, {KEEP}",
        )

    def _overlap(self, place: str, row: Row, reached: Cut) -> Finding:
        over = "the commitment" if reached == (self.commitment, 0) else "the row above it, from"
        return self._defect(
            place,
            self._at_the_top(reached, Defect.OVERLAP),
            field=f"brackets[{row.place}].{row.bracket.upper_field}",
            fact=f"is {_upper_text(row.bracket)}, which overlaps {over} {_cut_text(reached)}",
            expected="every uptime under the commitment has exactly one row",
            remedy=f"{_corrected('Lower', row, reached)}, {KEEP}",
        )

    def _at_the_top(self, reached: Cut, otherwise: Defect) -> Defect:
        """A fault at the commitment is one of the first tier, whatever it is elsewhere."""
        return Defect.FIRST_TIER if reached == (self.commitment, 0) else otherwise

    def _shrinking(self, place: str) -> Iterator[Finding]:
        falling = sorted(self.rows, key=lambda row: row.upper, reverse=True)
        for higher, lower in pairwise(falling):
            if lower.bracket.credit < higher.bracket.credit:
                paid, less = number_text(higher.bracket.credit), number_text(lower.bracket.credit)
                yield self._defect(
                    place,
                    Defect.SHRINKING,
                    field=f"brackets[{lower.place}]",
                    fact=f"earns {less}, less than {paid} in the row above",
                    expected="more downtime never earns less",
                    remedy="Check the two credits.",
                )

    def _defect(
        self, place: str, rule: Defect, *, field: str, fact: str, expected: str, remedy: str
    ) -> Finding:
        severity = Severity.WARNING if self.as_published else Severity.ERROR
        return Finding(
            place=place,
            field=field,
            fact=fact,
            expected=expected,
            remedy=remedy,
            severity=severity,
            rule=rule,
        )


def _row(place: int, bracket: Bracket, uppers: list[Cut]) -> Row:
    upper = bracket.upper
    implied = max((cut for cut in uppers if cut < upper), default=BOTTOM)
    lower = implied if bracket.lower is None else bracket.lower
    return Row(place, bracket, lower, upper, _tier(lower, upper))


def _tier(lower: Cut, upper: Cut) -> str:
    ends = f"uptime {'<=' if upper[1] else '<'} {number_text(upper[0] * 100, 12)}"
    if lower == BOTTOM:
        return ends
    return f"{number_text(lower[0] * 100, 12)} {'<' if lower[1] else '<='} {ends}"


def _named(rows: list[Row]) -> str:
    return " and ".join(f"brackets[{row.place}] ({row.tier})" for row in rows)


def _upper_text(bracket: Bracket) -> str:
    bound = bracket.at_most if bracket.below is None else bracket.below
    return "" if bound is None else plain(bound)


def _cut_text(cut: Cut) -> str:
    return f"{number_text(cut[0] * 100, 12)}{' included' if cut[1] else ''}"


def _corrected(verb: str, row: Row, cut: Cut) -> str:
    """How a row comes to end at a cut; at its own number it needs the other kind of bound."""
    if row.upper[0] != cut[0]:
        return f"{verb} it to {_cut_text(cut)}"
    return f"Write {'at_most' if cut[1] else 'below'}: {number_text(cut[0] * 100, 12)} instead"


def _hours_meant(row: Row) -> Fraction | None:
    """How long a period is in which a row's minutes are its percent; None without either."""
    minutes = row.bracket.up_to_minutes
    if minutes is None or row.lower == BOTTOM:
        return None
    return Fraction(minutes) / 60 / (1 - row.lower[0])


def _columns_disagree(by_percent: Row, by_minutes: Row, measured: Measured) -> str:
    down = number_text(measured.down_seconds / 60)
    return (
        f"by its percent it is in brackets[{by_percent.place}], by its {down} min of downtime in "
        f"brackets[{by_minutes.place}]"
    )

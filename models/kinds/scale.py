"""Tables on any number that is bad when it grows: minutes of downtime, latency, lost packets.

The rows of a table lie on a line of values, and every value belongs to exactly one of them, to none
because it is good enough, or to a named gap. Numbers that are bad when they fall are laid out
mirrored, so that one set of rules serves both. The table of uptimes has its own module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from models.defects import Defect
from models.findings import Finding, Severity
from models.kinds.reward import Reward
from models.printing import number_text
from models.terms import Exact, plain

Cut = tuple[Fraction, int]
"""A place between two values: (value, 0) just before it, (value, 1) just after it."""

Told = tuple[Defect, str, str, str]
"""A defect: its rule, the field, the fact and what was expected."""


class ScaleRow(Reward):
    """One row: a stretch of values and what it earns.

    Attributes:
        above: Lower bound, not included.
        at_least: Lower bound, included.
        below: Upper bound, not included.
        at_most: Upper bound, included.
    """

    above: Exact | None = None
    at_least: Exact | None = None
    below: Exact | None = None
    at_most: Exact | None = None

    @model_validator(mode="after")
    def _bounds(self) -> ScaleRow:
        if self.above is not None and self.at_least is not None:
            raise PydanticCustomError("one_lower_bound", "one lower bound, at_least or above")
        if self.below is not None and self.at_most is not None:
            raise PydanticCustomError("one_upper_bound", "one upper bound, below or at_most")
        lower, upper = self.lower, self.upper
        if lower is None and upper is None:
            raise PydanticCustomError("no_bound", "a bound, such as at_least: 10")
        if lower is not None and upper is not None and lower >= upper:
            raise PydanticCustomError("reversed", "a lower bound below the upper one")
        return self

    @property
    def lower(self) -> Cut | None:
        """Where the row starts; None when it does not say."""
        if self.above is not None:
            return Fraction(self.above), 1
        return None if self.at_least is None else (Fraction(self.at_least), 0)

    @property
    def upper(self) -> Cut | None:
        """Where the row ends; None when it does not say."""
        if self.below is not None:
            return Fraction(self.below), 0
        return None if self.at_most is None else (Fraction(self.at_most), 1)

    @property
    def tier(self) -> str:
        """The bounds as they were written: `10 <= value <= 59`.

        >>> ScaleRow(at_least=10, below=60, credit_percent=5).tier
        '10 <= value < 60'
        """
        return self.tier_of("value")

    def tier_of(self, noun: str) -> str:
        """The bounds around the name of what they bound."""
        left = f"{plain(self.above)} < " if self.above is not None else ""
        left = f"{plain(self.at_least)} <= " if self.at_least is not None else left
        right = f" < {plain(self.below)}" if self.below is not None else ""
        right = f" <= {plain(self.at_most)}" if self.at_most is not None else right
        return f"{left}{noun}{right}"


@dataclass(frozen=True, slots=True)
class Placed:
    """A row with both ends on a line on which larger is worse; no end is open-ended.

    Attributes:
        place: Its position in the file, from 0.
        row: What the file says.
        start: Where it starts.
        end: Where it ends; None reaches on.
    """

    place: int
    row: ScaleRow
    start: Cut
    end: Cut | None

    def holds(self, at: Cut) -> bool:
        """Whether a value, as the cut before it, lies in the row."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True)
class Scale:
    """The rows of a table, laid out from good to bad.

    Attributes:
        rows: The rows, rising from the mildest.
        mirrored: Whether smaller values are worse.
    """

    rows: tuple[Placed, ...]
    mirrored: bool = False

    @classmethod
    def of(cls, rows: Sequence[ScaleRow], *, mirrored: bool = False) -> Scale:
        """Lay out rows in any order; a missing end is the start of the next worse row.

        Raises:
            ValueError: A row does not say where it starts.
        """
        bounds = [_turned(row) if mirrored else (row.lower, row.upper) for row in rows]
        starts = sorted({start for start, _ in bounds if start is not None})
        placed = []
        for place, (row, (start, end)) in enumerate(zip(rows, bounds, strict=True)):
            if start is None:
                message = f"rows[{place}] does not say where it starts"
                raise ValueError(message)
            following = next((cut for cut in starts if cut > start), None)
            placed.append(Placed(place, row, start, following if end is None else end))
        return cls(tuple(sorted(placed, key=lambda one: (one.start, one.place))), mirrored)

    def find(self, value: Fraction) -> tuple[Placed | None, str]:
        """The row that holds a value, or None with why; "" where the value is good enough."""
        at: Cut = (-value, 0) if self.mirrored else (value, 0)
        found = [row for row in self.rows if row.holds(at)]
        if len({row.row.credit for row in found}) > 1:
            named = " and ".join(f"rows[{row.place}] ({row.row.tier})" for row in found)
            return None, f"{named} both hold it and differ"
        if found:
            return found[0], ""
        good = at < self.rows[0].start
        return None, "" if good else "no row of the table holds it"

    def findings(self, place: str, *, as_published: bool) -> Iterator[Finding]:
        """Gaps, overlaps, and credits that shrink where the values get worse."""
        severity = Severity.WARNING if as_published else Severity.ERROR
        found = (*self._holes(), *self._units(), *self._shrinking())
        for rule, field, fact, expected in found:
            yield Finding(
                place=place,
                field=field,
                fact=fact,
                expected=expected,
                remedy="Correct it, or keep a published table with as_published: true.",
                severity=severity,
                rule=rule,
            )

    def _holes(self) -> Iterator[Told]:
        one_row = "every value from the first row on has exactly one row"
        for milder, worse in pairwise(self.rows):
            if milder.end is not None and milder.end < worse.start:
                between = f"{self._text(milder.end)} and {self._text(worse.start)}"
                yield Defect.GAP, f"rows[{worse.place}]", f"leaves a gap between {between}", one_row
            elif milder.end is None or milder.end > worse.start:
                fact = f"overlaps rows[{milder.place}] from {self._text(worse.start)}"
                yield Defect.OVERLAP, f"rows[{worse.place}]", fact, one_row
        last = self.rows[-1]
        if last.end is not None:
            fact = f"leaves values beyond {self._text(last.end)} without a row"
            yield Defect.GAP, f"rows[{last.place}]", fact, "the worst row has no end"

    def _units(self) -> Iterator[Told]:
        first = self.rows[0]
        for one in self.rows:
            if one.row.in_time != first.row.in_time:
                fact = f"pays in another unit than rows[{first.place}]"
                expected = "all rows in time of service, or none"
                yield Defect.MIXED_UNITS, f"rows[{one.place}]", fact, expected

    def _shrinking(self) -> Iterator[Told]:
        for milder, worse in pairwise(self.rows):
            if worse.row.credit < milder.row.credit:
                fact = f"earns {worse.row.says}, less than {milder.row.says} in the milder row"
                expected = "what is worse never earns less"
                yield Defect.SHRINKING, f"rows[{worse.place}]", fact, expected

    def _text(self, cut: Cut) -> str:
        value = -cut[0] if self.mirrored else cut[0]
        included = cut[1] == (0 if self.mirrored else 1)
        return f"{number_text(value, 12)}{' included' if included else ''}"


def _turned(row: ScaleRow) -> tuple[Cut | None, Cut | None]:
    """The ends of a row on the mirrored line: its upper bound is where it starts."""
    return (
        None if row.upper is None else (-row.upper[0], 1 - row.upper[1]),
        None if row.lower is None else (-row.lower[0], 1 - row.lower[1]),
    )

"""Rules about the rows of tables: rows that nobody reaches, and rows that the cap cuts.

They look at what is written, field by field, so that a finding names its row. A row is anything in
a ladder's list that pays a credit of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from models.contract import CreditTerms
from models.defects import Defect
from models.findings import Finding, Severity
from models.kinds.uptime_brackets import Row, UptimeBrackets
from models.ladder import Ladder
from models.terms import Terms, plain

RowRule = Callable[[CreditTerms, str], Iterator[Finding]]


def unreachable_rows(terms: CreditTerms, place: str) -> Iterator[Finding]:
    """Rows that are the only answer to no uptime at all, so that they never pay."""
    ladder = terms.ladder
    if not isinstance(ladder, UptimeBrackets):
        return
    for row in ladder.rows:
        if not any(_alone(row, at, ladder.rows) for at in _looks(ladder.rows)):
            yield Finding(
                place=place,
                field=f"ladder.brackets[{row.place}]",
                fact=f"holds no uptime that is not in another row as well ({row.tier})",
                expected="every row is the answer to some uptime",
                remedy="Correct its bounds, or remove it.",
                severity=Severity.WARNING,
                rule=Defect.UNREACHABLE,
            )


def _alone(row: Row, at: Fraction, rows: tuple[Row, ...]) -> bool:
    return [one for one in rows if one.lower <= (at, 0) < one.upper] == [row]


def _looks(rows: tuple[Row, ...]) -> list[Fraction]:
    """Every bound, and an uptime between each two of them."""
    bounds = sorted({cut[0] for row in rows for cut in (row.lower, row.upper)} | {Fraction(0)})
    return [*bounds, *((low + high) / 2 for low, high in pairwise(bounds))]


def cut_rows(terms: CreditTerms, place: str) -> Iterator[Finding]:
    """Rows that promise more than the cap lets a month earn; the first one is told apart."""
    cap = terms.cap
    if cap is None:
        return
    for number, (field, row) in enumerate(credit_rows(terms.ladder)):
        for unit in ("percent", "days"):
            earned, most = getattr(row, f"credit_{unit}", None), getattr(cap, unit, None)
            if earned is not None and most is not None and earned > most:
                yield _cut(place, f"ladder.{field}.credit_{unit}", earned, most, first=number == 0)


def _cut(place: str, field: str, earned: Decimal, most: Decimal, *, first: bool) -> Finding:
    below = "the cap lies below the first tier, so that every tier earns the same"
    return Finding(
        place=place,
        field=field,
        fact=f"is {plain(earned)}, more than the cap of {plain(most)}: "
        + (below if first else "it is never paid in full"),
        expected="no tier above the cap",
        remedy="Check the cap and the tier.",
        severity=Severity.WARNING,
        rule=Defect.CAP_BELOW_FIRST_TIER if first else Defect.CUT_TIER,
    )


def credit_rows(ladder: Ladder) -> Iterator[tuple[str, Terms]]:
    """Every row of a ladder that pays a credit, mildest first, with its field."""
    for name in type(ladder).model_fields:
        value = getattr(ladder, name)
        for number, row in enumerate(value if isinstance(value, tuple) else ()):
            if isinstance(row, Terms) and any(f.startswith("credit_") for f in dir(row)):
                yield f"{name}[{number}]", row


ROWS: tuple[RowRule, ...] = (unreachable_rows, cut_rows)

"""Rules about what a vendor published beside its terms: the same fact, said twice and differently.

A page may say its bounds in percent and in minutes, call a length of service by a wrong name,
promise one uptime and pay under another, or work out an example that its own terms do not give. The
sheet keeps both; here they are compared. The terms decide what is paid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction

from models.catalog import CatalogSheet
from models.defects import Defect
from models.findings import Finding, Severity
from models.kinds.uptime_brackets import BOTTOM, UptimeBrackets
from models.printing import number_text
from models.terms import plain

SheetRule = Callable[[CatalogSheet, str], Iterator[Finding]]

MONTH_MINUTES = tuple(days * 1440 for days in (28, 29, 30, 31))
"""How long months are."""

LENGTHS = {"1 day": (24, 24), "1 week": (168, 168), "1 month": (720, 744)}
"""Hours that a length of service has at least and at most; a month of 28 days is February alone."""


def minutes_of_another_month(sheet: CatalogSheet, place: str) -> Iterator[Finding]:
    """Bounds in percent and in minutes that do not fit together in any month of the calendar."""
    said = tuple(_bounds_said_twice(sheet))
    if not said:
        return
    fitting = [month for month in MONTH_MINUTES if all(_fits(*one, month) for one in said)]
    if not fitting:
        yield Finding(
            place=place,
            field="credit.ladder",
            fact="says its bounds in percent and in minutes, which are those of "
            + ", ".join(_month_of(*one) for one in said),
            expected="minutes of one month of 28 to 31 days",
            remedy="Ask which of the two the vendor means; near a bound they pay differently.",
            severity=Severity.WARNING,
            rule=Defect.MINUTES_DISAGREE,
        )


def _bounds_said_twice(sheet: CatalogSheet) -> Iterator[tuple[Fraction, Decimal]]:
    """The lower bound of each tier as a ratio, with the minutes that the page says as well."""
    ladder = sheet.credit.ladder
    if not isinstance(ladder, UptimeBrackets):
        return
    beside = sheet.also_published.minutes
    for row in ladder.rows:
        own: Decimal | None = getattr(row.bracket, "up_to_minutes", None)
        minutes = own if own is not None else beside[row.place] if row.place < len(beside) else None
        if minutes is not None and row.lower != BOTTOM:
            yield row.lower[0], minutes


def _fits(bound: Fraction, minutes: Decimal, month: int) -> bool:
    """Whether so many minutes are that bound in a month, to half a unit of their last place."""
    half = Fraction(1, 2 * 10 ** max(_places(minutes), 0))
    return abs((1 - bound) * month - Fraction(minutes)) <= half


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _month_of(bound: Fraction, minutes: Decimal) -> str:
    days = Fraction(minutes) / (1 - bound) / 1440
    return f"{number_text(days, 2)} days at {number_text(bound * 100)}"


def lengths_misnamed(sheet: CatalogSheet, place: str) -> Iterator[Finding]:
    """A length of service that is not as long as its name says."""
    for number, length in enumerate(sheet.also_published.lengths):
        least, most = LENGTHS[length.says]
        if not least <= length.hours <= most:
            hours = f"{least}" if least == most else f"{least} to {most}"
            yield Finding(
                place=place,
                field=f"also_published.lengths[{number}]",
                fact=f'calls {plain(length.hours)} hours "{length.says}"',
                expected=f"{hours} hours under that name",
                remedy="The hours are paid; ask the vendor which of the two is meant.",
                severity=Severity.WARNING,
                rule=Defect.LENGTH_MISNAMED,
            )


def trigger_beside_promise(sheet: CatalogSheet, place: str) -> Iterator[Finding]:
    """A page that promises one uptime and pays under another one."""
    below, promised = sheet.also_published.pays_below_percent, sheet.credit.ladder
    if below is not None and below != promised.commitment_percent:
        yield Finding(
            place=place,
            field="also_published.pays_below_percent",
            fact=f"is {plain(below)}, while {plain(promised.commitment_percent)} is promised",
            expected="one uptime, promised and paid under",
            remedy="Ask the vendor which of the two holds; between them the terms may be wrong.",
            severity=Severity.WARNING,
            rule=Defect.TRIGGER_DISAGREES,
        )


def example_beside_terms(sheet: CatalogSheet, place: str) -> Iterator[Finding]:
    """An example of the vendor's own that its terms do not give."""
    example = sheet.worked_example
    if example is None or example.published_amount in (None, example.credit_amount):
        return
    published, exact = example.published_amount, example.credit_amount
    yield Finding(
        place=place,
        field="worked_example.published_amount",
        fact=f"is {published}, while the terms give {exact}",
        expected="an example that the terms reproduce",
        remedy="The terms are paid; the vendor has rounded on the way.",
        severity=Severity.WARNING,
        rule=Defect.EXAMPLE_DISAGREES,
    )


PUBLISHED: tuple[SheetRule, ...] = (
    minutes_of_another_month,
    lengths_misnamed,
    trigger_beside_promise,
    example_beside_terms,
)

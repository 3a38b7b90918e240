"""A ladder, or a published sheet, held against every rule of the linter.

What terms say of themselves when they are read (`CreditTerms.findings`) comes first; the rules add
what only shows when rows, cap and answers are looked at together.
"""

from __future__ import annotations

from collections.abc import Iterator

from models.catalog import CatalogSheet
from models.contract import CreditTerms
from models.curve import curve_of
from models.defects import Defect
from models.findings import Finding
from models.linting.earnings import EARNINGS
from models.linting.published import PUBLISHED
from models.linting.rows import ROWS

ADVICE = frozenset({Defect.UNBOUNDED, Defect.OTHER_PERIOD})
"""What whoever uses a sheet should know, while nothing is wrong with what was published."""

UNANSWERED = frozenset({Defect.FIRST_TIER, Defect.OVERLAP, Defect.GAP})
"""Faults of a table's rows that leave uptimes without an answer."""


def lint_terms(terms: CreditTerms, place: str) -> tuple[Finding, ...]:
    """Everything that is wrong or odd about credit terms; fields relative to them."""
    return (*terms.findings(place), *lint_earnings(terms, place))


def lint_earnings(terms: CreditTerms, place: str) -> tuple[Finding, ...]:
    """What the terms do not say of themselves: how their rows and their answers fit together."""
    of_rows = [found for rule in ROWS for found in rule(terms, place)]
    curve = curve_of(terms)
    of_answers = [found for rule in EARNINGS for found in rule(curve, place)]
    said = {found.rule for found in (*terms.findings(place), *of_rows)}
    # What a table has found in its rows, field by field, is not said once more of its answers.
    said |= {Defect.GAP} if said & UNANSWERED else set()
    return (*of_rows, *(found for found in of_answers if found.rule not in said))


def lint_sheet(sheet: CatalogSheet, place: str) -> tuple[Finding, ...]:
    """Everything that is wrong or odd about a published sheet; fields relative to it."""
    own = (found for found in sheet.findings(place) if found.rule not in ADVICE)
    return (*own, *_beside_its_findings(sheet, place))


def _beside_its_findings(sheet: CatalogSheet, place: str) -> Iterator[Finding]:
    yield from (found.within("credit") for found in lint_earnings(sheet.credit, place))
    for rule in PUBLISHED:
        yield from rule(sheet, place)

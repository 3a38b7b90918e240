"""Repeated: what a missed commitment earns depends on how often it was missed lately.

The first failure may earn a meeting and the third a fifth of the fee. Earlier periods come from
what was decided of them; one that nobody decided may change the answer, and then there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from models.defects import Defect
from models.findings import Finding
from models.kinds.reward import Reward
from models.ladder import Assessment, Ladder, Measured
from models.terms import Whole

LONGEST = 36
"""No contract looks back further than three years of months."""


class Failures(Reward):
    """A row: so many failures, and what the latest of them earns.

    Attributes:
        failures: The least number of missed periods, the present one among them.
    """

    failures: Annotated[Whole, Field(ge=1, le=LONGEST)]


class Repeated(Ladder):
    """A table on the number of missed periods.

    Attributes:
        within_periods: How many periods are looked at, the present one among them.
        rows: Rising by failures; fewer than the first row says earn nothing.
    """

    kind: Literal["repeated"] = "repeated"
    within_periods: Annotated[Whole, Field(ge=1, le=LONGEST)]
    rows: Annotated[tuple[Failures, ...], Field(min_length=1)]

    @property
    def in_days(self) -> bool:
        """Whether the rows pay in time of service."""
        return self.rows[0].in_time

    @property
    def looks_back(self) -> int:
        """How many earlier periods must be known."""
        return self.within_periods - 1

    def assess(self, measured: Measured) -> Assessment:
        """Count the failures; what is not known must not matter."""
        verdict = self.verdict(measured)
        if not self.missed(measured):
            return Assessment(breached=False, reasons=(verdict, "no credit is owed"))
        before = measured.circumstances.before(self.looks_back)
        earlier = [past.broke(self.commitment) if past else None for past in before]
        known, unknown = 1 + earlier.count(True), earlier.count(None)
        counted = f"missed in {known} of the last {self.within_periods} periods"
        least, most = self._row(known), self._row(known + unknown)
        if least is not most:
            gap = f"{counted}, and {unknown} of them are not decided, which decides the credit"
            return Assessment(breached=True, gap=gap, reasons=(verdict, gap))
        if least is None:
            return Assessment(breached=True, reasons=(verdict, counted, "no credit is owed"))
        return Assessment(
            breached=True,
            tier=f"{known} failures within {self.within_periods} periods",
            share=least.share,
            days=least.days(measured) if self.in_days else None,
            reasons=(verdict, counted, f"failure {known} earns {least.says}"),
        )

    def _row(self, failures: int) -> Failures | None:
        reached = [row for row in self.rows if row.failures <= failures]
        return max(reached, key=lambda row: row.failures, default=None)

    def findings(self, place: str) -> tuple[Finding, ...]:
        """Rows out of order, shrinking, or never reached."""
        return (*self._disorder(place), *self._unreached(place))

    def _disorder(self, place: str) -> Iterator[Finding]:
        for number, (fewer, more) in enumerate(pairwise(self.rows), start=1):
            if more.failures <= fewer.failures or more.credit < fewer.credit:
                yield Finding(
                    place=place,
                    field=f"rows[{number}]",
                    fact=f"has {more.failures} failures that earn {more.says}",
                    expected=f"more than {fewer.failures} failures, and no less than {fewer.says}",
                    remedy="Order the rows by failures, and check the credits.",
                    rule=Defect.DISORDER,
                )

    def _unreached(self, place: str) -> Iterator[Finding]:
        for number, row in enumerate(self.rows):
            if row.failures > self.within_periods:
                yield Finding(
                    place=place,
                    field=f"rows[{number}].failures",
                    fact=f"is {row.failures}, within {self.within_periods} periods",
                    expected="a number of failures that can happen",
                    remedy="Lower it, or look at more periods.",
                    rule=Defect.UNREACHABLE,
                )

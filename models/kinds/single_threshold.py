"""Single threshold: once the commitment is missed, one flat percentage of the fee is owed."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from models.ladder import Assessment, Ladder, Measured, percent_ratio
from models.printing import number_text
from models.terms import Percent, plain


class SingleThreshold(Ladder):
    """All or nothing.

    Attributes:
        credit_percent: What a missed month earns, in percent of the billable amount.
    """

    kind: Literal["single_threshold"] = "single_threshold"
    credit_percent: Percent

    def assess(self, measured: Measured) -> Assessment:
        """Compare the exact uptime with the commitment."""
        verdict = self.verdict(measured)
        if not self.missed(measured):
            return Assessment(breached=False, reasons=(verdict, "no credit is owed"))
        percent = number_text(Fraction(self.credit_percent))
        return Assessment(
            breached=True,
            tier=f"uptime < {plain(self.commitment_percent)}",
            share=percent_ratio(self.credit_percent),
            reasons=(verdict, f"a missed month earns {percent} % of the billable amount"),
        )

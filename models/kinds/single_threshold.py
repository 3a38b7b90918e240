"""Single threshold: once the commitment is missed, one flat credit is owed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.kinds.reward import Reward
from models.ladder import Assessment, Ladder, Measured
from models.terms import Amount, plain


class SingleThreshold(Reward, Ladder):
    """All or nothing; what is earned is that of a missed month."""

    kind: Literal["single_threshold"] = "single_threshold"
    # Terms that do not use what was added later keep the digest that they had before.
    credit_days: Amount | None = Field(default=None, exclude_if=lambda value: value is None)

    @property
    def in_days(self) -> bool:
        """Whether a missed month earns time of service."""
        return self.in_time

    @property
    def may_exceed_fee(self) -> bool:
        """Whether it is a multiple of the fee."""
        return self.share > 1

    def assess(self, measured: Measured) -> Assessment:
        """Compare the exact uptime with the commitment."""
        verdict = self.verdict(measured)
        if not self.missed(measured):
            return Assessment(breached=False, reasons=(verdict, "no credit is owed"))
        days = self.days(measured)
        return Assessment(
            breached=True,
            tier=f"uptime < {plain(self.commitment_percent)}",
            share=self.share,
            days=days if self.in_time else None,
            reasons=(verdict, f"a missed month earns {self.says}"),
        )

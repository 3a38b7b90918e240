"""No credit: a commitment whose breach earns no money; the contract's rights are all there is."""

from __future__ import annotations

from typing import Literal

from models.ladder import Assessment, Ladder, Measured


class NoCredit(Ladder):
    """A commitment without a price; see `rights` in the credit terms."""

    kind: Literal["no_credit"] = "no_credit"

    def assess(self, measured: Measured) -> Assessment:
        """Say whether the commitment was missed."""
        reasons = (self.verdict(measured), "these terms pay no credit")
        return Assessment(breached=self.missed(measured), reasons=reasons)

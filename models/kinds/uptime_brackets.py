"""Uptime brackets: each bracket of monthly uptime earns a flat percentage of the fee (K01, K02)."""

from __future__ import annotations

from typing import Literal

from models.ladder import Assessment, Ladder, Measured


class UptimeBrackets(Ladder):
    """Placeholder shape of the most common ladder."""

    kind: Literal["uptime_brackets"] = "uptime_brackets"

    def assess(self, measured: Measured) -> Assessment:
        """Find the bracket on the exact value."""
        return Assessment(breached=measured.uptime < self.commitment)

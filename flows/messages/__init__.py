"""What people read in their mail: the operator's monthly summary and the notice to a client.

The only place that knows Jinja2. A message is rendered from a view (`flows.messages.views`) and
nothing else; it decides nothing, counts nothing but lines, and reads no clock.
"""

from __future__ import annotations

from flows.messages.rendering import Rendered, render_notice, render_summary
from flows.messages.views import (
    ChangeLine,
    ClientNotice,
    CountedWindows,
    CreditLine,
    MonthlySummary,
    OutageLine,
    WithheldLine,
)

__all__ = [
    "ChangeLine",
    "ClientNotice",
    "CountedWindows",
    "CreditLine",
    "MonthlySummary",
    "OutageLine",
    "Rendered",
    "WithheldLine",
    "render_notice",
    "render_summary",
]

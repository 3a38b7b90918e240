"""What people read in their mail: summary and notices, requests to release, reminders of claims.

The only place that knows Jinja2, Babel and icalendar. A message is rendered from a view
(`flows.messages.views`) and nothing else; it decides nothing, counts nothing but lines, and reads
no clock.
"""

from __future__ import annotations

from flows.messages.calendars import Method, content_type, render_calendar, uid_of
from flows.messages.chat import ChatWords, Deadline
from flows.messages.rendering import (
    Rendered,
    preview_notice,
    render_failure,
    render_notice,
    render_reminder,
    render_request,
    render_summary,
    render_trial,
)
from flows.messages.views import (
    CalendarEntry,
    ChangeLine,
    ClaimReminder,
    ClientNotice,
    CountedWindows,
    CreditLine,
    DueLine,
    EndedLine,
    Ending,
    FailedRun,
    MissedStage,
    MonthlySummary,
    OutageLine,
    ReleaseRequest,
    TrialMessage,
    WithheldLine,
)

__all__ = [
    "CalendarEntry",
    "ChangeLine",
    "ChatWords",
    "ClaimReminder",
    "ClientNotice",
    "CountedWindows",
    "CreditLine",
    "Deadline",
    "DueLine",
    "EndedLine",
    "Ending",
    "FailedRun",
    "Method",
    "MissedStage",
    "MonthlySummary",
    "OutageLine",
    "ReleaseRequest",
    "Rendered",
    "TrialMessage",
    "WithheldLine",
    "content_type",
    "preview_notice",
    "render_calendar",
    "render_failure",
    "render_notice",
    "render_reminder",
    "render_request",
    "render_summary",
    "render_trial",
    "uid_of",
]

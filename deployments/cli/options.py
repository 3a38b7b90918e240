"""Options that several commands share, and how their text becomes values."""

from __future__ import annotations

import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

import typer

from deployments.cli import completion
from models.claims.present import Present
from models.findings import refuse
from models.intervals import Interval, instant
from models.period import ServiceMonth, zone
from models.terms import calendar_day, exact_decimal, near_miss

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Month = Annotated[
    str,
    typer.Option(
        "--month", metavar="YYYY-MM", help="The service month.", autocompletion=completion.months
    ),
]
MonthArgument = Annotated[
    str,
    typer.Argument(
        metavar="MONTH", help="The service month, YYYY-MM.", autocompletion=completion.months
    ),
]
TimeZone = Annotated[
    str, typer.Option("--time-zone", metavar="ZONE", help="IANA zone of the month.")
]
Workspace = Annotated[
    Path, typer.Option("--workspace", metavar="DIR", help="The folder that holds makegood.yaml.")
]
Clients = Annotated[
    list[str] | None,
    typer.Option("--client", metavar="ID", help="Only this client; may be given several times."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; write nothing.")]

FIRST_YEAR, LAST_YEAR = 1971, 9998
"""Times outside these years are slips; every offset stays within what dates can say."""


def month_of(text: str, option: str = "--month") -> ServiceMonth:
    """Read a month.

    Raises:
        UnusableInputError: It is not one.
    """
    try:
        return ServiceMonth.parse(text)
    except ValueError:
        raise refuse(
            option,
            f"is {text!r}",
            expected="a month as YYYY-MM with 01 to 12",
            remedy="Write for example 2026-05.",
        ) from None


def day_of(text: str, option: str = "--on") -> date:
    """Read a date.

    Raises:
        UnusableInputError: It is not one.
    """
    try:
        return calendar_day(text)
    except ValueError:
        raise refuse(
            option,
            f"is {text!r}",
            expected="a date as YYYY-MM-DD",
            remedy="Write for example 2026-06-30.",
        ) from None


def present_of(text: str | None, option: str) -> Present:
    """Read the date that deadlines of claims are held against; without one the present instant.

    Raises:
        UnusableInputError: It is no date.
    """
    return (
        Present(time.time_ns() // 1_000_000) if text is None else Present.on(day_of(text, option))
    )


def zone_of(text: str, option: str = "--time-zone") -> str:
    """Read an IANA time zone's name.

    Raises:
        UnusableInputError: There is no such zone.
    """
    try:
        zone(text)
    except ValueError:
        raise refuse(
            option,
            f"is {text!r}",
            expected="an IANA time zone such as UTC or Europe/Berlin",
            remedy=near_miss(text, available_timezones()) or "Correct the spelling.",
        ) from None
    return text


def number_of(text: str, option: str) -> Decimal:
    """Read an exact decimal number.

    Raises:
        UnusableInputError: It is not one, or it is negative.
    """
    try:
        number = exact_decimal(text)
    except ValueError:
        number = Decimal(-1)
    if number < 0:
        raise refuse(
            option,
            f"is {text!r}",
            expected="a plain number of 0 or more, with a decimal point",
            remedy="Write for example 5 or 99.9.",
        )
    return number


def interval_of(text: str, option: str = "--exclude") -> Interval:
    """Read START/END, both ISO 8601 with an offset.

    Raises:
        UnusableInputError: It is not an interval, has no offset, or ends before it starts.
    """
    try:
        start, end = (_instant_of(part) for part in text.split("/"))
        return Interval(start, end)
    except ValueError:
        raise refuse(
            option,
            f"is {text!r}",
            expected="START/END in ISO 8601 with offsets, the end after the start",
            remedy="Write for example 2026-05-12T02:00Z/2026-05-12T02:30Z.",
        ) from None


def _instant_of(text: str) -> int:
    at = datetime.fromisoformat(text)
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        message = f"{text} lies outside the years {FIRST_YEAR} to {LAST_YEAR}"
        raise ValueError(message)
    return instant(at)

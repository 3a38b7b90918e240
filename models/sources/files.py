"""Sources that lie in files of the workspace: checks, outages, counted months."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, PlainSerializer
from pydantic_core import PydanticCustomError

from models.intervals import Interval, instant
from models.sources.base import FileSource
from models.terms import Minutes, Name, Terms, TimeZone, calendar_day


def _stretch(value: object) -> Interval:
    """Read `start/end`: two dates (midnight UTC) or two times with their zones, end exclusive."""
    if isinstance(value, Interval):
        return value
    start, slash, end = value.partition("/") if isinstance(value, str) else ("", "", "")
    try:
        return Interval(_edge(start), _edge(end)) if slash else _no_stretch()
    except (ValueError, PydanticCustomError):
        return _no_stretch()


def _edge(text: str) -> int:
    if "T" in text:
        return instant(datetime.fromisoformat(text))
    return instant(datetime.combine(calendar_day(text), datetime.min.time(), tzinfo=UTC))


def _no_stretch() -> Interval:
    expected = "two dates, the second one later and not included, such as 2025-09-01/2025-12-01"
    raise PydanticCustomError("stretch", "{expected}", {"expected": expected})


Stretch = Annotated[
    Interval,
    BeforeValidator(_stretch, json_schema_input_type=str),
    PlainSerializer(str, return_type=str),
]
"""A half-open stretch of time, written `start/end`."""


class BadRows(StrEnum):
    """What unusable rows of a source do: stop the run, or be listed and lower the coverage."""

    REFUSE = "refuse"
    REPORT = "report"


class Columns(Terms):
    """What a checks file calls its columns; None for the name that Makegood gives them.

    Attributes:
        monitor: What was checked.
        at: When, ISO 8601 or seconds or milliseconds since 1970.
        up: The state that was seen.
        region: From where; files without it have one region.
    """

    monitor: Name | None = None
    at: Name | None = None
    up: Name | None = None
    region: Name | None = None


class ChecksFile(FileSource):
    """Single checks, one per row, as CSV or Parquet.

    Attributes:
        columns: How the file calls its columns.
        bad_rows: What unusable rows do.
        time_zone: Zone of times that are written without one; None refuses such times.
        spacing_minutes: How often the probes look at least, also where the files hold changes
            alone: bounds of the uptime are as wide as that. None where nobody knows.
    """

    kind: Literal["checks_file"]
    columns: Columns = Columns()
    bad_rows: BadRows = BadRows.REFUSE
    time_zone: TimeZone | None = None
    spacing_minutes: Minutes | None = None


class OutageLog(FileSource):
    """Outages or incidents with start and end, as CSV.

    Attributes:
        covers: The stretch that the log is complete for: time without an outage was up there.
        monitors: What the log watched; None for the monitors that it names.
        bad_rows: What unusable rows do.
        time_zone: Zone of times that are written without one; None refuses such times.
    """

    kind: Literal["outage_log"]
    covers: Stretch
    monitors: tuple[Name, ...] | None = None
    bad_rows: BadRows = BadRows.REFUSE
    time_zone: TimeZone | None = None


class CalculatorPayloads(FileSource):
    """Months that somebody else has counted, as JSON or JSONL."""

    kind: Literal["calculator_payloads"]

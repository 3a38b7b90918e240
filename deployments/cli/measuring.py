"""`makegood measure`: the uptime of every monitor in a checks file, exactly."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.documents import (
    MeasuredMonitorDocument,
    MeasureDocument,
    OutageDocument,
    RatioDocument,
)
from deployments.cli.exits import Exit, say
from deployments.cli.options import (
    Json,
    Month,
    TimeZone,
    interval_of,
    month_of,
    number_of,
    zone_of,
)
from deployments.cli.printing import print_json, seconds, table
from flows.measuring import MeasuredMonitor, measure_checks, so_far
from models.findings import refuse
from models.intervals import instant, utc_text
from models.ladder import floor_percent
from models.measurement import (
    DegradedCounts,
    MeasurementTerms,
    MinimumOutage,
    NoData,
    WindowFails,
)

LONGEST_WINDOW_MINUTES = 1440


def measure(
    *,
    checks: Annotated[
        Path, typer.Option(metavar="FILE", help="CSV or Parquet, one check per row.")
    ],
    month: Month,
    time_zone: TimeZone = "UTC",
    window_minutes: Annotated[
        str | None,
        typer.Option(metavar="N", help="Count windows of N whole minutes instead of exact time."),
    ] = None,
    window_fails: Annotated[
        WindowFails, typer.Option(help="A window fails when the whole of it is down, or any of it.")
    ] = WindowFails.WHOLE,
    ignore_outages_under_minutes: Annotated[
        str | None,
        typer.Option(metavar="N", help="Leave out outages that last less than N minutes in all."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="START/END", help="Time that leaves both sides of the sum; may be repeated."
        ),
    ] = None,
    stale_after_minutes: Annotated[
        str | None,
        typer.Option(metavar="N", help="A state is unknown after N minutes without a check."),
    ] = None,
    no_data: Annotated[NoData, typer.Option(help="What unknown time means.")] = NoData.WITHHOLD,
    degraded: Annotated[
        DegradedCounts, typer.Option(help="What the state `degraded` counts as.")
    ] = DegradedCounts.UP,
    json: Json = False,
) -> int:
    """Measure the uptime of every monitor in a checks file.

    The file has the columns monitor, region (optional), at (ISO 8601 with an offset, or seconds,
    milli-, micro- or nanoseconds since 1970) and up (true, false, 1, 0, up, down or degraded).

    A state holds until the next check, and the last check before the month sets the state at its
    start. Time is exact to the millisecond. The running month ends now. Unknown time withholds a
    monitor's uptime unless --no-data says what it means.
    """
    terms = MeasurementTerms(
        window_minutes=_whole(window_minutes, "--window-minutes"),
        window_fails=window_fails,
        degraded=degraded,
        stale_after_minutes=_minutes(stale_after_minutes, "--stale-after-minutes"),
        no_data=no_data,
        minimum_outage=_minimum(ignore_outages_under_minutes),
    )
    service_month, zone_name = month_of(month), zone_of(time_zone)
    now = instant(datetime.now(tz=UTC))
    so_far(service_month, zone_name, now)
    measured = measure_checks(
        path=checks,
        month=service_month,
        time_zone=zone_name,
        terms=terms,
        exclusions=[interval_of(text) for text in exclude or ()],
        now=now,
    )
    document = MeasureDocument(
        month=str(service_month),
        time_zone=zone_name,
        monitors=[_document(item) for item in measured],
    )
    if not measured:
        say(f"{checks}: holds no checks, so there is no monitor to measure.")
    print_json(document) if json else _print_table(document)
    withheld = any(item.uptime.withheld for item in measured)
    return Exit.NEEDS_A_PERSON if withheld else Exit.DONE


def _whole(text: str | None, option: str) -> int | None:
    if text is None:
        return None
    number = number_of(text, option)
    if number != int(number) or not 1 <= number <= LONGEST_WINDOW_MINUTES:
        raise refuse(
            option,
            f"is {text!r}",
            expected=f"whole minutes from 1 to {LONGEST_WINDOW_MINUTES}",
            remedy="Write for example 5.",
        )
    return int(number)


def _minutes(text: str | None, option: str) -> Decimal | None:
    if text is None:
        return None
    number = number_of(text, option)
    if number == 0:
        raise refuse(
            option,
            "is 0",
            expected="more than 0 minutes",
            remedy="Leave the option out to turn the rule off.",
        )
    return number


def _minimum(text: str | None) -> MinimumOutage | None:
    if text is None or number_of(text, "--ignore-outages-under-minutes") == 0:
        return None
    return MinimumOutage(minutes=number_of(text, "--ignore-outages-under-minutes"))


def _document(item: MeasuredMonitor) -> MeasuredMonitorDocument:
    uptime, windows = item.uptime, item.uptime.windows
    ratio = uptime.ratio
    return MeasuredMonitorDocument(
        monitor=item.monitor,
        total_windows=windows.total if windows else None,
        error_windows=windows.error if windows else None,
        excluded_windows=windows.excluded if windows else None,
        unknown_windows=windows.unknown if windows else None,
        month_seconds=seconds(uptime.month.length),
        down_seconds=seconds(uptime.down.length),
        excluded_seconds=seconds(uptime.excluded.length),
        unknown_seconds=seconds(uptime.unknown.length),
        uptime_ratio=None
        if ratio is None
        else RatioDocument(numerator=uptime.up_units, denominator=uptime.measured_units),
        uptime_percent=None if ratio is None else floor_percent(ratio),
        withheld=uptime.withheld or None,
        coverage_percent=floor_percent(uptime.coverage),
        outages=[
            OutageDocument(
                started_at=utc_text(outage.whole.start),
                ended_at=utc_text(outage.whole.end),
                counted_seconds=seconds(outage.counted_ms),
                ignored=outage.ignored or None,
            )
            for outage in uptime.outages
        ],
        reasons=list(uptime.reasons),
    )


def _print_table(document: MeasureDocument) -> None:
    table(
        f"{document['month']} in {document['time_zone']}",
        ("Monitor", "Uptime %", "Down s", "Excluded s", "Unknown s", "Outages"),
        [
            (
                item["monitor"],
                item["uptime_percent"] or "withheld",
                str(item["down_seconds"]),
                str(item["excluded_seconds"]),
                str(item["unknown_seconds"]),
                str(len(item["outages"])),
            )
            for item in document["monitors"]
        ],
    )
    for item in document["monitors"]:
        if item["withheld"]:
            say(f"{item['monitor']}: {item['withheld']}")

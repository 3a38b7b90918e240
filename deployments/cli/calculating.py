"""`makegood calc`: uptime and downtime, and what a shortfall costs; without a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

import typer

from deployments.cli.documents import (
    AllowanceDocument,
    CalcDowntimeDocument,
    CalcLiabilityDocument,
    CalcUptimeDocument,
    FormulaDocument,
)
from deployments.cli.exits import Exit
from deployments.cli.options import Json, TimeZone, number_of, zone_of
from deployments.cli.printing import print_json, seconds, table, write
from flows.determining import currency_of
from models.allowance import Window, allowed_downtime, length_of, uptime_after, usual_windows
from models.findings import UnusableInputError, refuse
from models.ladder import floor_percent
from models.liability import Exposure, Formula, Liability, liability
from models.printing import duration_text, number_text, percent_text
from models.terms import plain

calc = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Calculate uptime, downtime, or the cost of a shortfall.",
)

Over = Annotated[
    str | None,
    typer.Option(
        metavar="WINDOW",
        help="day, week, month (30.4375 days), quarter, year; a length such as 30d, 12h or 43200m; "
        "or a month, quarter or year of the calendar: 2026-10, 2026-Q4, 2026.",
    ),
]
WHOLE = 100


@calc.command("downtime")
def downtime(
    uptime: Annotated[str, typer.Argument(metavar="PERCENT", help="Uptime in percent: 99.95.")],
    *,
    over: Over = None,
    time_zone: TimeZone = "UTC",
    json: Json = False,
) -> int:
    """Say how long a service may be down with an uptime.

    Without --over, over a day, a week, 30 days, the average month, quarter and year.
    """
    percent = _percent(uptime, "PERCENT")
    windows = [_window(over, time_zone)] if over else list(usual_windows())
    document = CalcDowntimeDocument(
        uptime_percent=plain(percent),
        time_zone=time_zone,
        allowances=[_allowance(window, allowed_downtime(percent, window)) for window in windows],
    )
    print_json(document) if json else _print_allowances(document, windows)
    return Exit.DONE


@calc.command("uptime")
def uptime(
    downtime: Annotated[
        str, typer.Argument(metavar="LENGTH", help="The downtime: 22m, 1h 30m, 90s.")
    ],
    *,
    over: Over = None,
    time_zone: TimeZone = "UTC",
    json: Json = False,
) -> int:
    """Say which uptime a downtime leaves.

    Without --over, of the average month. The percentage is cut, never rounded up to a threshold.
    """
    window = _window(over or "month", time_zone)
    down = _length(downtime)
    try:
        share = uptime_after(down, window)
    except ValueError as error:
        raise refuse(
            "LENGTH",
            f"is {downtime!r}, {error}",
            expected="a downtime no longer than its window",
            remedy="Give a longer window with --over.",
        ) from None
    document = CalcUptimeDocument(
        **_allowance(window, down), time_zone=time_zone, uptime_percent=floor_percent(share)
    )
    if json:
        print_json(document)
    else:
        write(f"{percent_text(share)} uptime", bold=True)
        write(f"{duration_text(down)} down of {_length_text(window)}")
    return Exit.DONE


@calc.command("liability")
def calculate_liability(
    *,
    revenue: Annotated[
        str,
        typer.Option(metavar="AMOUNT", help="Recurring revenue of the window."),
    ],
    commitment: Annotated[str, typer.Option(metavar="PERCENT", help="The uptime promised.")],
    actual: Annotated[str, typer.Option(metavar="PERCENT", help="The uptime that was.")],
    multiplier: Annotated[
        str, typer.Option(metavar="N", help="How many times it is credited.")
    ] = "1",
    impacted: Annotated[
        str, typer.Option(metavar="PERCENT", help="The share of the revenue that is eligible.")
    ] = "100",
    currency: Annotated[str, typer.Option(metavar="CUR", help="Its ISO 4217 code.")] = "USD",
    formula: Annotated[
        Formula,
        typer.Option(
            help="What is multiplied: the shortfall as a share of the commitment (relative), in "
            "percentage points (points), or all downtime (downtime)."
        ),
    ] = Formula.RELATIVE,
    over: Over = None,
    time_zone: TimeZone = "UTC",
    json: Json = False,
) -> int:
    """Say what a shortfall costs in credits.

    A kept promise costs nothing, and nothing costs more than the eligible revenue. The amounts by
    the other formulas stand beside: contracts that say "pro rata" mean different ones.
    """
    exposure = Exposure(
        revenue=number_of(revenue, "--revenue"),
        currency=currency_of(currency),
        commitment_percent=_commitment(commitment),
        actual_percent=_percent(actual, "--actual"),
        multiplier=number_of(multiplier, "--multiplier"),
        impacted_percent=_percent(impacted, "--impacted"),
    )
    window = _window(over or "month", time_zone)
    found = {each: liability(exposure, formula=each, window=window) for each in Formula}
    document = _liability(exposure, found, formula, window)
    print_json(document) if json else _print_liability(document, found[formula])
    return Exit.DONE


def _percent(text: str, option: str) -> Decimal:
    percent = number_of(text.removesuffix("%").strip(), option)
    if percent > WHOLE:
        raise refuse(
            option,
            f"is {text!r}",
            expected="a percentage from 0 to 100",
            remedy="Write for example 99.95.",
        )
    return percent


def _commitment(text: str) -> Decimal:
    percent = _percent(text, "--commitment")
    if not percent:
        raise refuse(
            "--commitment",
            f"is {text!r}",
            expected="an uptime of more than 0 %",
            remedy="Write what the contract promises.",
        )
    return percent


def _window(text: str, time_zone: str) -> Window:
    try:
        return Window.parse(text, time_zone=zone_of(time_zone))
    except UnusableInputError:
        raise
    except ValueError:
        raise refuse(
            "--over",
            f"is {text!r}",
            expected="a window: month, 30d, 12h, 43200m, 2026-10, 2026-Q4 or 2026",
            remedy="Write one of these forms.",
        ) from None


def _length(text: str) -> Fraction:
    try:
        return length_of(text)
    except ValueError:
        raise refuse(
            "LENGTH",
            f"is {text!r}",
            expected="a length of time such as 22m, 1h 30m or 90s",
            remedy="Write numbers with w, d, h, m or s.",
        ) from None


def _allowance(window: Window, down: Fraction) -> AllowanceDocument:
    return AllowanceDocument(
        over=window.name,
        window_seconds=seconds(int(window.seconds * 1000)),
        downtime_seconds=seconds(int(down * 1000)),
        downtime_exact_seconds={"numerator": down.numerator, "denominator": down.denominator},
    )


def _print_allowances(document: CalcDowntimeDocument, windows: Sequence[Window]) -> None:
    rows = [
        (window.name, _exact_duration(one), _minutes(Fraction(*_pair(one))))
        for window, one in zip(windows, document["allowances"], strict=True)
    ]
    title = f"{document['uptime_percent']} % uptime allows"
    table(title, ("Over", "Downtime", "Minutes"), rows, numbers=(1, 2))


def _pair(one: AllowanceDocument) -> tuple[int, int]:
    exact = one["downtime_exact_seconds"]
    return exact["numerator"], exact["denominator"]


def _exact_duration(one: AllowanceDocument) -> str:
    return duration_text(Fraction(*_pair(one)))


def _minutes(seconds: Fraction) -> str:
    return number_text(seconds / 60)


def _length_text(window: Window) -> str:
    return f"{window.name}, {duration_text(window.seconds)}"


def _liability(
    exposure: Exposure, found: dict[Formula, Liability], formula: Formula, window: Window
) -> CalcLiabilityDocument:
    chosen = found[formula]
    return CalcLiabilityDocument(
        formula=formula.value,
        currency=exposure.currency.code,
        over=window.name,
        downtime_minutes=number_text(chosen.down_seconds / 60).rstrip("…"),
        shortfall_percent=floor_percent(chosen.shortfall),
        credit_percent=floor_percent(chosen.credit_share),
        capped=chosen.capped,
        eligible_revenue=chosen.eligible.text,
        credit_amount=chosen.credit.text,
        net_revenue=chosen.net.text,
        by_formula=[
            FormulaDocument(formula=each.value, credit_amount=one.credit.text)
            for each, one in found.items()
        ],
    )


def _print_liability(document: CalcLiabilityDocument, chosen: Liability) -> None:
    for name, value in _lines(document, chosen):
        write(f"{name:<24}{value:>20}", bold=name == "Credit liability")
    others = [
        f"{one['formula']} {one['credit_amount']}"
        for one in document["by_formula"]
        if one["formula"] != document["formula"]
    ]
    write(f"By the other formulas: {', '.join(others)} {document['currency']}.")


def _lines(document: CalcLiabilityDocument, chosen: Liability) -> Iterator[tuple[str, str]]:
    capped = ", capped" if document["capped"] else ""
    yield "Downtime", f"{number_text(chosen.down_seconds / 60, 2)} min"
    yield f"Shortfall ({document['formula']})", percent_text(chosen.shortfall, 4)
    yield "Credit after multiplier", f"{percent_text(chosen.credit_share, 4)}{capped}"
    yield "Eligible revenue", str(chosen.eligible)
    yield "Credit liability", str(chosen.credit)
    yield "Revenue after credits", str(chosen.net)

"""`makegood whatif`: what recorded months would have come to under other ladders."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from string import ascii_uppercase
from typing import Annotated

import typer

from connectors.files import write_whole
from deployments.charts import Bar, Panel, drawn
from deployments.cli import completion
from deployments.cli.documents import (
    OpenMonthDocument,
    SupposedDocument,
    SupposedMonthDocument,
    SupposedTotalDocument,
    WhatIfDocument,
)
from deployments.cli.exits import Exit
from deployments.cli.options import Clients, Json, Workspace, month_of
from deployments.cli.printing import counted, fits, print_json, table, write
from flows.office import open_office
from flows.whatif import whatif_months
from models.contract import Role
from models.ladder import floor_percent
from models.period import ServiceMonth, months_between
from models.printing import number_text
from models.terms import MOST_DIGITS
from models.whatif import Answer, MonthAnswers, Per, Total, open_answers, totals

HERE = Path()
OWED = {Role.PROVIDER: "by us", Role.CUSTOMER: "to us"}


def whatif(
    *,
    ladder: Annotated[
        list[str],
        typer.Option(
            metavar="ID|FILE",
            help="A ladder: of the catalog (with @VERSION or without), in a file, or `contract` "
            "for each contract's own terms. May be given several times.",
            autocompletion=completion.ladder_ids,
        ),
    ],
    first: Annotated[str, typer.Option("--from", metavar="YYYY-MM", help="The first month.")],
    last: Annotated[str, typer.Option("--to", metavar="YYYY-MM", help="The last month.")],
    chart: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the months into an SVG file.")
    ] = None,
    workspace: Workspace = HERE,
    client: Clients = None,
    json: Json = False,
) -> int:
    """Say what other ladders would have cost, or earned.

    It decides recorded months again with each ladder (its cap, minimum payout and rounding in
    place of the contract's), on the evidence, exclusions and amounts that they were decided on.
    No source is asked and nothing is recorded. Months that are withheld, or were never run, are
    named and in no sum.
    """
    months = months_between(month_of(first, "--from"), month_of(last, "--to"))
    with open_office(workspace, read_only=True) as office:
        answered = whatif_months(
            store=office.store,
            contracts=office.contracts,
            ladders=ladder,
            months=months,
            clients=client or (),
        )
    if chart is not None:
        write_whole(chart, drawing(answered, months).encode())
    document = _document(answered, months, ladder, chart)
    print_json(document) if json else _print(document, answered)
    return Exit.NEEDS_A_PERSON if document["open"] else Exit.DONE


def drawing(answered: Sequence[MonthAnswers], months: Sequence[ServiceMonth]) -> str:
    """The months as bars: one panel for each side and currency, one bar for each ladder."""
    sums = totals(answered, Per.MONTH)
    sides = dict.fromkeys((t[0].role, t[0].amount.currency.code) for t in sums)
    by_month = {(t[0].role, t[0].amount.currency.code, t[0].of): t for t in sums}
    panels = [
        _panel(role, code, [(m, by_month.get((role, code, str(m)), ())) for m in months])
        for role, code in sides
    ]
    return drawn(f"What if, {_span(months)}", panels)


def _panel(role: Role, code: str, months: Sequence[tuple[ServiceMonth, Sequence[Total]]]) -> Panel:
    known = next(found for _, found in months if found)
    return Panel(
        title=f"Credits owed {OWED[role]}, {code}",
        series=tuple(total.name for total in known),
        groups=tuple((str(month), tuple(map(_bar, found))) for month, found in months),
        decimals=known[0].amount.currency.exponent,
    )


def _bar(total: Total) -> Bar:
    height = total.amount.minor if total.months else None
    return Bar(height, f"{total.of}, {total.name}: {_worth(total)}", partly=total.unanswered > 0)


def _document(
    answered: Sequence[MonthAnswers],
    months: Sequence[ServiceMonth],
    ladders: Sequence[str],
    chart: Path | None,
) -> WhatIfDocument:
    sums = (*totals(answered, Per.CLIENT), *totals(answered, Per.EVERYTHING))
    return WhatIfDocument(
        first_month=str(months[0]),
        last_month=str(months[-1]),
        ladders=list(ladders),
        months=[_month(one) for one in answered],
        totals=[_total(total) for of_one in sums for total in of_one],
        open=[
            OpenMonthDocument(
                contract=recorded.contract,
                month=str(recorded.month),
                ladder=name or None,
                why=why,
            )
            for recorded, name, why in open_answers(answered)
        ],
        chart=None if chart is None else str(chart),
    )


def _month(one: MonthAnswers) -> SupposedMonthDocument:
    recorded, uptime = one.recorded, one.uptime
    return SupposedMonthDocument(
        contract=recorded.contract,
        client=recorded.client,
        role=recorded.role.value,
        month=str(recorded.month),
        currency=recorded.currency.code,
        uptime_percent=None if uptime is None else floor_percent(uptime),
        answers=[_answer(answer) for answer in one.answers],
    )


def _answer(answer: Answer) -> SupposedDocument:
    found = answer.determination
    return SupposedDocument(
        ladder=answer.name,
        credit_amount=answer.amount.text if answer.amount is not None else None,
        credit_percent=None if found is None or answer.unanswered else found.credit_percent,
        credit_days=_days(answer.days),
        tier=None if found is None else found.tier,
        capped=found is not None and found.capped,
        open=answer.unanswered or None,
    )


def _total(total: Total) -> SupposedTotalDocument:
    return SupposedTotalDocument(
        ladder=total.name,
        role=total.role.value,
        client=total.of or None,
        currency=total.amount.currency.code,
        amount=total.amount.text,
        credit_days=_days(total.days),
        months=total.months,
        open=total.unanswered,
    )


def _days(days: Fraction) -> str | None:
    return number_text(days, MOST_DIGITS).rstrip("…") if days else None


def _print(document: WhatIfDocument, answered: Sequence[MonthAnswers]) -> None:
    rows = [
        *(_row(of_one, of_one[0].of) for of_one in totals(answered, Per.CLIENT)),
        *(_row(of_one, "all") for of_one in totals(answered, Per.EVERYTHING)),
    ]
    names, title = document["ladders"], _title(document)
    above = ("Owed", "Client", "Months", "Open")
    if not fits((*above, *names), rows):
        letters = ascii_uppercase[: len(names)]
        title = "\n".join([title, *map(" = ".join, zip(letters, names, strict=True))])
        names = list(letters)
    headings = (*above, *names)
    table(title, headings, rows, numbers=range(2, len(headings)))
    for one in document["open"]:
        of = f" under {one['ladder']}" if one["ladder"] else ""
        write(f"not counted: {one['contract']} {one['month']}{of}: {one['why']}")
    write(_ending(document))


def _row(of_one: Sequence[Total], name: str) -> Sequence[str]:
    """A client's sums; months that are open under all ladders stand before them."""
    first, left = of_one[0], min(total.unanswered for total in of_one)
    counts = (str(first.months + first.unanswered), str(left) if left else "")
    return (OWED[first.role], name, *counts, *(_worth(total, less=left) for total in of_one))


def _worth(total: Total, *, less: int = 0) -> str:
    """A sum in words: `500.00 EUR and 3 days (1 open)`; `?` where nothing has an answer."""
    days = f" and {number_text(total.days)} days" if total.days else ""
    left = f" ({total.unanswered - less} open)" if total.unanswered > less else ""
    return f"{total.amount}{days}{left}" if total.months else f"?{left}"


def _ending(document: WhatIfDocument) -> str:
    left = counted(len(document["open"]), "month")
    drew = f" The chart is {document['chart']}." if document["chart"] else ""
    return f"{left} without an answer; nothing was asked or recorded.{drew}"


def _title(document: WhatIfDocument) -> str:
    return f"What if, {document['first_month']} to {document['last_month']}"


def _span(months: Sequence[ServiceMonth]) -> str:
    return f"{months[0]} to {months[-1]}"

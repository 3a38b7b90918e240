"""`makegood determine`: one ladder on one month's figures, without a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployments.cli import completion
from deployments.cli.documents import (
    DetermineDocument,
    StepDocument,
)
from deployments.cli.exits import Exit, say
from deployments.cli.options import Json, number_of
from deployments.cli.printing import print_json, write
from flows.determining import DeterminedPayload, determine_payload
from models.ladder import floor_percent
from models.money import Money
from models.printing import number_text


def determine(
    *,
    ladder: Annotated[
        str,
        typer.Option(
            metavar="ID|FILE",
            help="A ladder of the catalog, or a YAML or JSON file with one.",
            autocompletion=completion.ladder_ids,
        ),
    ],
    payload: Annotated[
        Path, typer.Option(metavar="FILE", help="The month's figures, as a calculator's JSON.")
    ],
    fee: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="The billable amount, in place of the payload's."),
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option(metavar="CUR", help="Its ISO 4217 code; USD when nobody names one."),
    ] = None,
    json: Json = False,
) -> int:
    """Apply a credit ladder to one month's figures.

    The payload names the month and says how it went in one of three ways: total_windows with
    error_windows and excluded_windows (errors are counted outside exclusions), uptime_percent, or
    down_seconds. Without a fee, here or as its billable_amount, only the percent is determined.
    """
    found = determine_payload(
        ladder=ladder,
        payload=payload,
        fee=None if fee is None else number_of(fee, "--fee"),
        currency=currency,
    )
    for finding in found.payload.findings(str(payload)):
        say(f"warning: {finding}")
    document = _document(found)
    print_json(document) if json else _print_determination(document)
    return Exit.NEEDS_A_PERSON if found.answer.withheld else Exit.DONE


def _document(found: DeterminedPayload) -> DetermineDocument:
    answer = found.answer
    document = DetermineDocument(
        month=found.payload.month,
        uptime_percent=None if answer.uptime is None else floor_percent(answer.uptime),
        breached=answer.breached,
        tier=answer.tier,
        credit_percent=answer.credit_percent,
        credit_days=None if answer.days is None else number_text(answer.days).rstrip("…"),
        credit_amount=answer.amount.text if answer.amount else None,
        currency=answer.currency.code,
        capped=answer.capped,
        withheld=answer.withheld or None,
        claim_by=answer.claim_by.isoformat() if answer.claim_by else None,
        steps=[StepDocument(name=step.name, says=step.says) for step in answer.steps],
    )
    if answer.rights:
        document["rights"] = list(answer.rights)
    if answer.form:
        document["form"] = answer.form
    if answer.carried_minor:
        document["carried_amount"] = Money(answer.carried_minor, answer.currency).text
    return document


def _print_determination(document: DetermineDocument) -> None:
    write(_headline(document), bold=True)
    for number, step in enumerate(document["steps"], 1):
        write(f"  {number}. {step['says']}")


def _headline(document: DetermineDocument) -> str:
    if document["withheld"]:
        return f"withheld: {document['withheld']}"
    if document["credit_days"] and not document["credit_percent"]:
        return f"{document['credit_days']} days of service"
    if document["credit_amount"]:
        return f"{document['credit_amount']} {document['currency']}"
    return f"{document['credit_percent'] or 0} % of a fee that was not given"

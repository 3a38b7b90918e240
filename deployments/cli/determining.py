"""`makegood determine` and `makegood ladders`: ladders without a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from connectors.terms.files import WorkspaceFolder
from deployments.cli import completion
from deployments.cli.documents import (
    DetermineDocument,
    LadderDocument,
    LaddersDocument,
    LadderShowDocument,
    StepDocument,
)
from deployments.cli.exits import Exit, say
from deployments.cli.options import Json, number_of
from deployments.cli.printing import print_json, table, write
from flows.determining import DeterminedPayload, determine_payload
from models.catalog import CatalogSheet
from models.findings import refuse
from models.ladder import floor_percent
from models.printing import number_text
from models.terms import near_miss, plain

ladders = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List or show the public credit ladders of the catalog.",
)


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


@ladders.command("list")
def list_ladders(*, json: Json = False) -> int:
    """List every ladder with its vendor, commitment and kind."""
    sheets = WorkspaceFolder(Path()).catalog().values()
    listed = [_ladder(sheet) for sheet in sheets]
    if json:
        print_json(LaddersDocument(ladders=listed))
        return Exit.DONE
    rows = [(i["id"], i["vendor"], i["commitment_percent"], i["kind"], i["seen"]) for i in listed]
    table("Ladders", ("Id", "Vendor", "Commitment %", "Kind", "Seen"), rows, numbers=(2,))
    return Exit.DONE


@ladders.command("show")
def show_ladder(
    ladder: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="As `makegood ladders list` names it.",
            autocompletion=completion.ladder_ids,
        ),
    ],
    *,
    json: Json = False,
) -> int:
    """Show one ladder: terms, source, notes."""
    catalog = WorkspaceFolder(Path()).catalog()
    if ladder not in catalog:
        raise refuse(
            "ID",
            f"is {ladder!r}",
            expected="the id of a ladder in the catalog",
            remedy=f"{near_miss(ladder, catalog)} `makegood ladders list` shows them all.".strip(),
        )
    sheet = catalog[ladder]
    document = LadderShowDocument(**_ladder(sheet), notes=list(sheet.notes), terms=_terms(sheet))
    print_json(document) if json else _print_ladder(sheet, document)
    return Exit.DONE


def _document(found: DeterminedPayload) -> DetermineDocument:
    answer = found.answer
    return DetermineDocument(
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


def _ladder(sheet: CatalogSheet) -> LadderDocument:
    return LadderDocument(
        id=sheet.id,
        vendor=sheet.vendor,
        title=sheet.title,
        version=sheet.version,
        seen=sheet.seen.value,
        source=sheet.source,
        kind=sheet.credit.ladder.kind,
        commitment_percent=plain(sheet.credit.ladder.commitment_percent),
    )


def _terms(sheet: CatalogSheet) -> dict[str, object]:
    """A sheet's terms as a ladder file has them."""
    terms = sheet.credit.model_dump(mode="json", exclude_defaults=True)
    ladder = {"kind": sheet.credit.ladder.kind, **terms.pop("ladder")}
    return {"credit_ladder": ladder, **terms}


def _print_ladder(sheet: CatalogSheet, document: LadderShowDocument) -> None:
    write(f"{sheet.id}: {sheet.vendor}, {sheet.title}", bold=True)
    write(f"version {sheet.version}, seen {sheet.seen.value} on {sheet.seen_on}: {sheet.source}")
    write(f"credit of: {sheet.unit}")
    write()
    write(yaml.safe_dump(document["terms"], sort_keys=False).rstrip())
    write()
    for note in sheet.notes:
        write(f"note: {note}")

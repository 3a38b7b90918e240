"""`makegood determine` and `makegood ladders`: ladders without a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectors.terms.files import WorkspaceFolder
from deployments.cli.documents import (
    DetermineDocument,
    LadderDocument,
    LaddersDocument,
    LadderShowDocument,
    StepDocument,
)
from deployments.cli.exits import Exit
from deployments.cli.options import Json, number_of
from deployments.cli.printing import console, print_json, table
from flows.determining import DeterminedPayload, determine_payload
from models.catalog import CatalogSheet
from models.findings import refuse
from models.ladder import floor_percent
from models.printing import number_text
from models.terms import near_miss, plain

ladders = typer.Typer(no_args_is_help=True, help="The catalog of public credit ladders.")


def determine(
    *,
    ladder: Annotated[str, typer.Option(metavar="ID|FILE", help="A catalog id, or a ladder file.")],
    payload: Annotated[Path, typer.Option(metavar="FILE", help="A calculator payload, JSON.")],
    fee: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Billable amount, before the payload's.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(metavar="CUR", help="ISO 4217 code; USD when nothing says one.")
    ] = None,
    json: Json = False,
) -> int:
    """Apply a credit ladder to one month's figures.

    Example: `makegood determine --ladder aws-s3-standard --payload may.json --fee 10000 --json`
    """
    found = determine_payload(
        ladder=ladder,
        payload=payload,
        fee=None if fee is None else number_of(fee, "--fee"),
        currency=currency,
    )
    document = _document(found)
    print_json(document) if json else _print_determination(document)
    return Exit.NEEDS_A_PERSON if found.answer.withheld else Exit.DONE


@ladders.command("list")
def list_ladders(*, json: Json = False) -> int:
    """List the catalog."""
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
        str, typer.Argument(metavar="ID", help="As `makegood ladders list` names it.")
    ],
    *,
    json: Json = False,
) -> int:
    """Show one ladder of the catalog: terms, source, notes."""
    catalog = WorkspaceFolder(Path()).catalog()
    if ladder not in catalog:
        raise refuse(
            "ID",
            f"is {ladder!r}",
            expected="the id of a ladder in the catalog",
            remedy=near_miss(ladder, catalog) or "See `makegood ladders list`.",
        )
    sheet = catalog[ladder]
    terms = sheet.credit.model_dump(mode="json", exclude_defaults=True)
    document = LadderShowDocument(**_ladder(sheet), notes=list(sheet.notes), terms=terms)
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
        credit_amount=answer.amount.text if answer.amount and found.priced else None,
        currency=answer.currency.code,
        capped=answer.capped,
        withheld=answer.withheld or None,
        claim_by=answer.claim_by.isoformat() if answer.claim_by else None,
        steps=[StepDocument(name=step.name, says=step.says) for step in answer.steps],
    )


def _print_determination(document: DetermineDocument) -> None:
    out = console()
    amount = document["credit_amount"]
    headline = f"{amount} {document['currency']}" if amount else "no amount: no fee was given"
    out.print(f"[bold]{document['withheld'] or headline}[/bold]")
    for number, step in enumerate(document["steps"], 1):
        out.print(f"  {number}. {step['says']}", markup=False)


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


def _print_ladder(sheet: CatalogSheet, document: LadderShowDocument) -> None:
    out = console()
    out.print(f"[bold]{sheet.id}[/bold]: {sheet.vendor}, {sheet.title}", highlight=False)
    out.print(
        f"version {sheet.version}, seen {sheet.seen.value} on {sheet.seen_on}: {sheet.source}"
    )
    out.print(f"credit of: {sheet.unit}", markup=False)
    _print_terms(document["terms"], indent=2)
    for note in sheet.notes:
        out.print(f"  note: {note}", markup=False)


def _print_terms(terms: object, indent: int) -> None:
    pairs = terms.items() if isinstance(terms, dict) else enumerate(terms)  # type: ignore[arg-type]  # JSON values: what is no dict here is a list.
    for name, value in pairs:
        if isinstance(value, dict | list):
            console().print(f"{' ' * indent}{name}:", markup=False)
            _print_terms(value, indent + 2)
        else:
            console().print(f"{' ' * indent}{name}: {value}", markup=False)

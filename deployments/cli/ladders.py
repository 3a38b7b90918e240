"""`makegood ladders`: the published ladders as a list, a table, a picture, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from textwrap import wrap
from typing import Annotated

import typer
import yaml

from connectors.terms.files import WorkspaceFolder
from deployments.cli import completion
from deployments.cli.documents import (
    ExampleDocument,
    LadderDocument,
    LaddersDocument,
    LadderShowDocument,
    LaddersLintDocument,
    LintFindingDocument,
    StepDocument,
    TierDocument,
)
from deployments.cli.exits import Exit
from deployments.cli.options import Json
from deployments.cli.printing import counted, print_json, table, write
from deployments.ladder_picture import drawn
from models.catalog import CatalogSheet, Seen, determine_payload
from models.curve import MONTH_SECONDS, Curve, Stretch, curve_of
from models.findings import Finding, Severity, refuse
from models.linting.earnings import stretch_text
from models.linting.ladders import lint_sheet
from models.printing import duration_text, number_text
from models.published_kinds import PUBLISHED_KINDS, kinds_of
from models.terms import near_miss, plain

SCREEN = 80
"""Columns of a page that a person reads."""

HERE = WorkspaceFolder(Path())

ladders = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List, show or check the public credit ladders of the catalog.",
)

Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="As `makegood ladders list` names it.",
        autocompletion=completion.ladder_ids,
    ),
]


@ladders.command("list")
def list_ladders(
    *,
    vendor: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this vendor's, or a part of its name.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="Only of this kind: uptime_brackets, or K01 to K37."),
    ] = None,
    seen: Annotated[Seen | None, typer.Option(help="Only those that were seen this well.")] = None,
    json: Json = False,
) -> int:
    """List every ladder with its vendor, commitment and kind.

    With options, only those that all of them fit.
    """
    _check_kind(kind)
    sheets = [s for s in HERE.catalog().values() if _fits(s, vendor=vendor, kind=kind, seen=seen)]
    listed = [_ladder(sheet) for sheet in sheets]
    if json:
        print_json(LaddersDocument(ladders=listed))
        return Exit.DONE
    rows = [(i["id"], i["vendor"], i["commitment_percent"], i["kind"], _seen(i)) for i in listed]
    if rows:
        headings = ("Id", "Vendor", "Commitment %", "Kind", "Seen")
        table("Ladders", headings, rows, numbers=(2,))
    write(f"{counted(len(rows), 'ladder')}.")
    return Exit.DONE


def _seen(listed: LadderDocument) -> str:
    return listed["seen"] if listed["verified"] else f"{listed['seen']}, unverified"


def _check_kind(kind: str | None) -> None:
    kinds = {sheet.credit.ladder.kind for sheet in HERE.catalog().values()}
    if kind is not None and kind not in kinds and kind.upper() not in PUBLISHED_KINDS:
        raise refuse(
            "--kind",
            f"is {kind!r}",
            expected=f"one of {', '.join(sorted(kinds))}, or K01 to K37",
            remedy=near_miss(kind, kinds) or "Correct it.",
        )


def _fits(sheet: CatalogSheet, *, vendor: str | None, kind: str | None, seen: Seen | None) -> bool:
    of_vendor = vendor is None or vendor.casefold() in sheet.vendor.casefold()
    of_kind = kind is None or kind == sheet.credit.ladder.kind or kind.upper() in kinds_of(sheet)
    return of_vendor and of_kind and (seen is None or sheet.seen is seen)


@ladders.command("show")
def show_ladder(
    ladder: Id,
    *,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw uptime against credit into this file.")
    ] = None,
    json: Json = False,
) -> int:
    """Show one ladder: what it pays, terms, source, notes, an example.

    The table is for a month of 30 days that is down in one piece.
    """
    sheet = _sheet(ladder)
    curve = curve_of(sheet.credit)
    if svg is not None:
        _write(svg, drawn(curve, title=sheet.id, below=_subtitle(sheet)))
    document = _shown(sheet, curve)
    print_json(document) if json else _print_ladder(sheet, document, curve)
    return Exit.DONE


@ladders.command("lint")
def lint_ladders(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID|FILE]...",
            help="Ladders of the catalog, or files with one ladder each; by default the catalog.",
            autocompletion=completion.ladder_ids,
        ),
    ] = None,
    *,
    json: Json = False,
) -> int:
    """Find gaps, overlaps, contradictions and whatever else is wrong.

    Ladders of the catalog are kept as their vendors published them, with all their faults; a month
    that falls into a gap is withheld.
    """
    findings = [one for name in names or HERE.catalog() for one in _lint(name)]
    looked_at = len(names or HERE.catalog())
    if json:
        listed = [_finding(one) for one in findings]
        print_json(LaddersLintDocument(ladders=looked_at, findings=listed))
    else:
        for one in findings:
            write(f"{one.severity.value}: {one} [{one.rule}]")
        write(f"{counted(looked_at, 'ladder')}, {counted(len(findings), 'finding')}.")
    errors = any(one.severity is Severity.ERROR for one in findings)
    return Exit.UNUSABLE_INPUT if errors else Exit.NEEDS_A_PERSON if findings else Exit.DONE


def _lint(name: str) -> Iterable[Finding]:
    if "/" in name or name.endswith((".yaml", ".yml", ".json")):
        return HERE.ladder_findings(name)
    return lint_sheet(_sheet(name), name)


def _sheet(name: str) -> CatalogSheet:
    catalog = HERE.catalog()
    if name not in catalog:
        raise refuse(
            "ID",
            f"is {name!r}",
            expected="the id of a ladder in the catalog",
            remedy=f"{near_miss(name, catalog)} `makegood ladders list` shows them all.".strip(),
        )
    return catalog[name]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise refuse(
            "--svg",
            f"{path} cannot be written: {error.strerror}",
            expected="a file in a folder that exists",
            remedy="Correct the path.",
        ) from None


def _subtitle(sheet: CatalogSheet) -> str:
    return f"{sheet.vendor}, {sheet.title}, {sheet.version}"


def _ladder(sheet: CatalogSheet) -> LadderDocument:
    return LadderDocument(
        id=sheet.id,
        vendor=sheet.vendor,
        title=sheet.title,
        version=sheet.version,
        seen=sheet.seen.value,
        verified=sheet.seen.is_verified,
        source=sheet.source,
        kind=sheet.credit.ladder.kind,
        kinds=list(kinds_of(sheet)),
        commitment_percent=plain(sheet.credit.ladder.commitment_percent),
    )


def _shown(sheet: CatalogSheet, curve: Curve) -> LadderShowDocument:
    return LadderShowDocument(
        **_ladder(sheet),
        seen_on=sheet.seen_on.isoformat(),
        unit=sheet.unit,
        notes=list(sheet.notes),
        terms=_terms(sheet),
        tiers=[] if curve.unanswered else [_tier(one, curve) for one in curve.stretches],
        not_by_uptime=curve.unanswered or None,
        example=_example(sheet),
        findings=[_finding(one) for one in lint_sheet(sheet, sheet.id)],
    )


def _terms(sheet: CatalogSheet) -> dict[str, object]:
    """A sheet's terms as a ladder file has them."""
    terms = sheet.credit.model_dump(mode="json", exclude_defaults=True)
    ladder = {"kind": sheet.credit.ladder.kind, **terms.pop("ladder")}
    return {"credit_ladder": ladder, **terms}


def _tier(one: Stretch, curve: Curve) -> TierDocument:
    best, worst = one.at_upper.earned, one.at_lower.earned
    return TierDocument(
        uptime=stretch_text(one),
        downtime=_downtime(one),
        earns_least=_amount(best, curve),
        earns_most=_amount(worst, curve),
        capped=one.at_lower.capped,
        withheld=one.at_lower.withheld or None,
    )


def _downtime(one: Stretch) -> str:
    """What a stretch is in 30 days, the least downtime first."""
    least, most = ((1 - bound) * MONTH_SECONDS for bound in (one.upper, one.lower))
    if least == most:
        return duration_text(least)
    return f"{duration_text(least)} to {duration_text(most)}"


def _amount(earned: Fraction | None, curve: Curve) -> str | None:
    if earned is None:
        return None
    return number_text(earned if curve.in_days else earned * 100).rstrip("…")


def _example(sheet: CatalogSheet) -> ExampleDocument | None:
    example = sheet.worked_example
    if example is None:
        return None
    found = determine_payload(terms=sheet.credit, payload=example.payload)
    return ExampleDocument(
        says=example.says,
        credit_amount=found.amount.text if found.amount else None,
        credit_days=None if found.days is None else number_text(found.days).rstrip("…"),
        currency=found.currency.code,
        steps=[StepDocument(name=step.name, says=step.says) for step in found.steps],
    )


def _finding(found: Finding) -> LintFindingDocument:
    return LintFindingDocument(
        place=found.place,
        field=found.field,
        fact=found.fact,
        expected=found.expected,
        remedy=found.remedy,
        severity=found.severity.value,
        rule=found.rule or None,
    )


def _print_ladder(sheet: CatalogSheet, document: LadderShowDocument, curve: Curve) -> None:
    _folded(f"{sheet.id}: {sheet.vendor}, {sheet.title}", bold=True)
    _folded(f"version {sheet.version}, seen {_seen(document)} on {sheet.seen_on}")
    write(sheet.source)
    _folded(f"credit of: {sheet.unit}")
    _folded(f"promises: {plain(sheet.credit.ladder.commitment_percent)} %")
    _folded(f"kinds of rule: {', '.join(document['kinds'])}")
    write()
    _print_tiers(curve)
    write(yaml.safe_dump(document["terms"], sort_keys=False, width=SCREEN - 12).rstrip())
    write()
    for note in sheet.notes:
        _folded(f"note: {note}")
    for found in document["findings"]:
        _folded(f"{found['rule']}: {found['field']} {found['fact']}")
    _print_example(document["example"])


def _print_tiers(curve: Curve) -> None:
    if curve.unanswered:
        _folded(f"Not by uptime alone: {curve.unanswered}.")
        write()
        return
    rows = [(stretch_text(one), _downtime(one), _earned(one, curve)) for one in curve.stretches]
    table(
        "In a month of 30 days, down in one piece",
        ("Uptime", "Downtime", "Days" if curve.in_days else "Credit %"),
        rows,
        numbers=(2,),
        width=SCREEN,
    )
    write()


def _earned(one: Stretch, curve: Curve) -> str:
    best, worst = one.at_upper.earned, one.at_lower.earned
    if best is None or worst is None:
        return "withheld"
    unit = 1 if curve.in_days else 100
    least, most = number_text(best * unit), number_text(worst * unit)
    capped = " (cap)" if one.at_lower.capped else ""
    return f"{least}{capped}" if best == worst else f"{least} to {most}{capped}"


def _print_example(example: ExampleDocument | None) -> None:
    if example is None:
        return
    write()
    _folded(f"example: {example['says']}")
    for number, step in enumerate(example["steps"], 1):
        _folded(f"  {number}. {step['says']}", indent="     ")


def _folded(text: str, *, bold: bool = False, indent: str = "  ") -> None:
    """A sentence on lines of a page's width."""
    for line in wrap(text, SCREEN, subsequent_indent=indent, break_on_hyphens=False):
        write(line, bold=bold)

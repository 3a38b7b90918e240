"""`makegood sync`: what people wrote and ticked in the ledgers, read back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli import completion
from deployments.cli.documents import (
    LedgerEditDocument,
    LedgerTickDocument,
    MoneyDocument,
    SyncDocument,
)
from deployments.cli.exits import Exit
from deployments.cli.options import DryRun, Json, Workspace, month_of
from deployments.cli.printing import counted, print_json, write
from flows.ledger_reading import Edit
from flows.ledger_sync import Synced, Ticked
from flows.ledger_sync import sync as sync_ledgers
from flows.office import open_office

HERE = Path()


def sync(
    month: Annotated[
        str | None,
        typer.Argument(
            metavar="MONTH",
            help="This month alone, YYYY-MM; every recorded one without it.",
            autocompletion=completion.months,
        ),
    ] = None,
    *,
    workspace: Workspace = HERE,
    dry_run: DryRun = False,
    json: Json = False,
) -> int:
    """Read back what people wrote and ticked in the ledgers.

    Changed cells of ours are written into the log and put right when the ledger is next written; a
    claim's Status is told to the claim; a ticked Release lets a draft go, if the row still says
    what was decided. Status never moves money. A second sync finds nothing new.
    """
    service_month = month_of(month, "MONTH") if month else None
    with open_office(workspace, read_only=dry_run) as office:
        done = sync_ledgers(
            office, month=service_month, at=time.time_ns() // 1_000_000, dry_run=dry_run
        )
    print_json(sync_document(done)) if json else _show(done)
    return Exit.NEEDS_A_PERSON if done.questions else Exit.DONE


def sync_document(done: Synced) -> SyncDocument:
    """What a sync did as the published document."""
    return SyncDocument(
        months=[str(month) for month in done.months],
        dry_run=done.dry_run,
        rows=done.rows,
        edits=[_edit(edit) for edit in done.edits],
        claims=list(done.moved),
        ticks=[_tick(ticked) for ticked in done.ticks],
        released=list(done.released),
        questions=list(done.questions),
        notes=list(done.notes),
    )


def _edit(edit: Edit) -> LedgerEditDocument:
    row, cell = edit.row, edit.cell
    return LedgerEditDocument(
        ledger=row.ledger,
        obligation=row.key,
        row=row.page.id,
        column=cell.column,
        before=cell.before,
        after=cell.after,
        ours=cell.ours,
        by=row.editor,
    )


def _tick(ticked: Ticked) -> LedgerTickDocument:
    row = ticked.tick.row
    amount = row.stored.obligation.amount
    return LedgerTickDocument(
        ledger=row.ledger,
        obligation=row.key,
        row=row.page.id,
        amount=MoneyDocument(amount=amount.text, currency=amount.currency.code) if amount else None,
        by=row.editor,
        released=ticked.released,
        why=ticked.why or None,
    )


def _show(done: Synced) -> None:
    for edit in done.edits:
        cell = edit.cell
        ours = "as we would write it" if cell.healed else f"we say {cell.ours or 'nothing'}"
        write(
            f"{edit.row.ledger} {edit.row.key}: {cell.column} from {cell.before or 'nothing'} to "
            f"{cell.after or 'nothing'}, last edited by {edit.row.editor}; {ours}"
        )
    for line in (*done.moved, *(f"note: {says}" for says in done.notes)):
        write(line)
    for ticked in done.ticks:
        if not ticked.why:
            would = "released" if ticked.released else "would be released"
            row = ticked.tick.row
            write(f"{row.key}: {row.stored.obligation.amount} {would}, ticked by {row.editor}")
    for question in done.questions:
        write(f"needs a look: {question}")
    months = f"{done.months[0]} to {done.months[-1]}" if done.months else "no month"
    write(
        f"{months}: {counted(done.rows, 'row')} read, {counted(len(done.edits), 'edit')}, "
        f"{counted(len(done.moved), 'claim')} moved, "
        f"{counted(len(done.released), 'credit')} released, "
        f"{counted(len(done.questions), 'question')}{' (dry run)' if done.dry_run else ''}."
    )

"""`makegood reconcile` and `makegood journal`: is the money where we say, and how is it booked."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from connectors.billing.journal import BookFormat
from deployments.cli import completion
from deployments.cli.documents import (
    BalanceDocument,
    BookDocument,
    DifferenceDocument,
    JournalDocument,
    MoneyDocument,
    ProposalDocument,
    ReconcileDocument,
)
from deployments.cli.exits import Exit
from deployments.cli.options import Json, Workspace, month_of
from deployments.cli.printing import counted, print_json, write
from flows.journal import Journal, write_journal
from flows.office import open_office
from flows.reconcile import Reconciled, reconcile_books
from models.findings import refuse
from models.journal import trial_balance
from models.money import Money
from models.period import ServiceMonth
from models.reconciliation import Difference

HERE = Path()

First = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="YYYY-MM", help="The first month.", autocompletion=completion.months
    ),
]
Last = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="YYYY-MM", help="The last month.", autocompletion=completion.months
    ),
]


def reconcile(
    *,
    first: First = None,
    last: Last = None,
    workspace: Workspace = HERE,
    all_customers: Annotated[
        bool,
        typer.Option(
            "--all-customers", help="Read every customer's balance, not only those we credited."
        ),
    ] = False,
    json: Json = False,
) -> int:
    """Compare our credits with the vendor's and the ledgers'.

    Both directions: what we recorded and the vendor lacks, and what the vendor has and we do not
    know. Every difference comes with what a person could do about it; nothing is changed there.
    A payment that came back becomes a question for `makegood settle`. Without months it compares
    every service month that anything is recorded of.
    """
    months = _asked(first, last)
    found = reconcile_books(
        workspace,
        now=time.time_ns() // 1_000_000,
        first=months[0],
        last=months[1],
        everybody=all_customers,
    )
    print_json(reconcile_document(found)) if json else _show_differences(found)
    return Exit.NEEDS_A_PERSON if found.result.differences else Exit.DONE


def journal(
    *,
    first: First = None,
    last: Last = None,
    form: Annotated[
        BookFormat, typer.Option("--format", help="How the books are written.")
    ] = BookFormat.CSV,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Write credits as double entries, for other books.

    One file for each calendar month that something is booked in. Files that say so already are not
    touched; the ids of the entries never change. Without months it writes every month.
    """
    months = _asked(first, last)
    with open_office(workspace, read_only=True) as office:
        written = write_journal(office, first=months[0], last=months[1], form=form)
    print_json(journal_document(written, form)) if json else _show_books(written)
    return Exit.DONE


def _asked(first: str | None, last: str | None) -> tuple[ServiceMonth | None, ServiceMonth | None]:
    asked = (
        month_of(first, "--from") if first is not None else None,
        month_of(last, "--to") if last is not None else None,
    )
    if asked[0] and asked[1] and asked[1] < asked[0]:
        raise refuse(
            "--to",
            f"is {asked[1]}, before {asked[0]}",
            expected="a month not before --from",
            remedy="Exchange the two.",
        )
    return asked


def reconcile_document(found: Reconciled) -> ReconcileDocument:
    """The comparison as the published document."""
    result = found.result
    return ReconcileDocument(
        vendor=found.vendor,
        first_month=str(found.months[0]),
        last_month=str(found.months[1]),
        obligations=result.obligations,
        parts=result.parts,
        vendor_credits=result.listed,
        ledger_rows=result.rows,
        differences=[_difference(each) for each in result.differences],
        at_stake=[_money(money) for money in result.at_stake.values()],
        notes=[*result.notes, *found.unread],
        asked=list(found.asked),
        not_looked_at=list(found.not_looked_at),
    )


def _difference(difference: Difference) -> DifferenceDocument:
    proposal = difference.proposal
    return DifferenceDocument(
        kind=difference.kind.value,
        place=difference.place,
        ours=difference.ours,
        theirs=difference.theirs,
        at_stake=[_money(money) for money in difference.at_stake],
        proposal=ProposalDocument(
            kind=proposal.kind.value,
            target=proposal.target,
            amount=_money(proposal.amount) if proposal.amount else None,
            says=proposal.says,
        ),
    )


def _money(money: Money) -> MoneyDocument:
    return MoneyDocument(amount=money.text, currency=money.currency.code)


def journal_document(written: Journal, form: BookFormat) -> JournalDocument:
    """What was written as the published document."""
    return JournalDocument(
        format=form.value,
        files=[
            BookDocument(
                file=str(book.path),
                month=str(book.month) if book.month else None,
                entries=book.entries,
                changed=book.changed,
            )
            for book in written.files
        ],
        entries=len(written.entries),
        balances=[
            BalanceDocument(account=account, amount=money.text, currency=code)
            for (account, code), money in trial_balance(written.entries).items()
        ],
    )


def _show_differences(found: Reconciled) -> None:
    result = found.result
    for difference in result.differences:
        write(f"{difference.kind.value.replace('_', ' ')}: {difference}")
    for note in (*result.notes, *found.unread):
        write(f"note: {note}")
    for key in found.asked:
        write(f"asked: makegood settle {key}")
    for what in found.not_looked_at:
        write(f"not looked at: {what}")
    stake = ", ".join(str(money) for money in result.at_stake.values())
    write(
        f"{found.vendor}, {found.months[0]} to {found.months[1]}: "
        f"{counted(result.obligations, 'credit')} with {counted(result.parts, 'part')}, "
        f"{result.listed} of the vendor's and {counted(result.rows, 'ledger row')} compared: "
        f"{counted(len(result.differences), 'difference')}{f', {stake} at stake' if stake else ''}."
    )


def _show_books(written: Journal) -> None:
    for book in written.files:
        entries = f", {counted(book.entries, 'entry', 'entries')}" if book.month else ""
        write(f"{book.path}: {'written' if book.changed else 'as it was'}{entries}")
    for (account, _), money in trial_balance(written.entries).items():
        write(f"  {account}  {money}")
    if not written.files:
        write("Nothing is booked in these months.")

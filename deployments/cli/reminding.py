"""`makegood remind`: who owes us what, and until when somebody must ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.documents import DueDocument, MoneyDocument, RemindDocument
from deployments.cli.exits import Exit, say
from deployments.cli.options import DryRun, Json, Workspace, present_of
from deployments.cli.printing import counted, print_json, table, write
from flows.messages import DueLine
from flows.office import open_office
from flows.reminders import Reminded
from flows.reminders import remind as remind_of_claims
from models.intervals import utc_text

HERE = Path()


def remind(
    *,
    on: Annotated[
        str | None,
        typer.Option(
            "--on", metavar="YYYY-MM-DD", help="The day from which deadlines are counted. [now]"
        ),
    ] = None,
    workspace: Workspace = HERE,
    dry_run: DryRun = False,
    json: Json = False,
) -> int:
    """Remind by mail of claims that are due; update calendars.

    A mail goes out when a deadline has come nearer by one of the workspace's steps (claims:
    remind_days, 14, 7 and 1 days unless it says otherwise), or when a calendar that was mailed is
    no longer right; each once, however often this is run. Run it daily.
    """
    present = present_of(on, "--on")
    with open_office(workspace, read_only=dry_run) as office:
        done = remind_of_claims(office, present=present, dry_run=dry_run)
    print_json(remind_document(done, dry_run=dry_run)) if json else _show(done, dry_run=dry_run)
    return _exit_of(done)


def _exit_of(done: Reminded) -> Exit:
    for note in done.settlement.notes:
        say(note)
    if done.settlement.person or done.settlement.refused:
        return Exit.NEEDS_A_PERSON
    return Exit.COULD_NOT_FINISH if done.settlement.waiting else Exit.DONE


def remind_document(done: Reminded, *, dry_run: bool) -> RemindDocument:
    """What a reminder did as the published document."""
    return RemindDocument(
        on=done.today.isoformat(),
        dry_run=dry_run,
        due=[_due(line, new=line.key in done.new) for line in done.due],
        moved=[line.key for line in done.moved],
        ended=[line.key for line in done.ended],
        mails_sent=done.settlement.done,
        mails_waiting=done.settlement.waiting,
        calendar=done.feed or None,
        notes=list(done.settlement.notes),
    )


def _due(line: DueLine, *, new: bool) -> DueDocument:
    amount = line.amount
    return DueDocument(
        claim=line.key,
        vendor=line.vendor,
        service=line.service,
        month=str(line.month),
        status=line.status.value,
        stage=line.stage,
        last_day=line.last_day.isoformat(),
        until=utc_text(line.until) if line.until is not None else None,
        days_left=line.days_left,
        owed=MoneyDocument(amount=amount.text, currency=amount.currency.code) if amount else None,
        credit_days=line.credit_days,
        channel=line.channel or None,
        address=line.address or None,
        new=new,
    )


def _show(done: Reminded, *, dry_run: bool) -> None:
    if done.due:
        table(
            "Claims that are due",
            ("claim", "what", "by", "days", "credit", "reminded"),
            [_row(line, new=line.key in done.new, dry_run=dry_run) for line in done.due],
            numbers=(3, 4),
            whole=0,
        )
    for line in done.moved:
        write(f"calendar: {line.key} is due by {line.last_day} now")
    for ended in done.ended:
        write(f"calendar: {ended.key} is taken out ({ended.why.value.replace('_', ' ')})")
    if done.feed:
        write(f"calendar: {done.feed}")
    if not done.mails:
        nobody = "nobody was reminded" if not done.posted else "only the chat was told"
        write(f"No mail is configured, so {nobody}; add mail: to makegood.yaml.")
    sent = "would be reminded of" if dry_run else "newly reminded of"
    write(
        f"{done.today}: {counted(len(done.due), 'claim')} due, {len(done.new)} {sent}, "
        f"{counted(done.settlement.done, 'mail')} sent"
        f"{', ' + str(done.settlement.waiting) + ' waiting' if done.settlement.waiting else ''}"
        f"{', ' + counted(done.posted, 'notice') + ' posted' if done.posted else ''}."
    )


def _row(line: DueLine, *, new: bool, dry_run: bool) -> tuple[str, ...]:
    days = f"{line.credit_days} days" if line.credit_days else ""
    reminded = ("will be" if dry_run else "now") if new else "before"
    return (
        line.key,
        line.stage,
        utc_text(line.until) if line.until is not None else line.last_day.isoformat(),
        "late" if line.overdue and not line.days_left else str(line.days_left),
        str(line.amount or days),
        reminded,
    )

"""`makegood run`, `backfill` and `release`: the commands that change what is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli.approver import present_voice
from deployments.cli.documents import (
    BackfillDocument,
    ReleasedDocument,
    ReleaseDocument,
    RunDocument,
)
from deployments.cli.exits import Exit, say
from deployments.cli.options import (
    Clients,
    DryRun,
    Json,
    Month,
    MonthArgument,
    Workspace,
    month_of,
    number_of,
)
from deployments.cli.printing import counted, print_json, table, write
from deployments.cli.progress import watched
from deployments.cli.reporting import (
    payments_document,
    print_payments,
    print_run,
    run_document,
)
from deployments.prefect_server import prefect_server
from flows.office import read_terms
from flows.planning import plan_month
from models.intervals import instant
from models.period import ServiceMonth, months_between

if TYPE_CHECKING:
    from flows.release import Batch, Released
    from models.payment import PaymentPlan

HERE = Path()


def run(
    *,
    month: Month,
    workspace: Workspace = HERE,
    client: Clients = None,
    dry_run: DryRun = False,
    ask: Annotated[
        bool, typer.Option("--ask", help="Release nothing by the contracts' own rules.")
    ] = False,
    json: Json = False,
) -> int:
    """Decide one month, write the ledger and mail the summary.

    Every contract in force is measured and its ladder applied. Running it again is harmless and,
    with unchanged inputs, changes nothing. Nothing leaves for a client before `makegood release`,
    but for what a contract's own rule releases; what was released and not paid is paid.
    """
    document = run_months(
        [month_of(month)], workspace, client, dry_run=dry_run, notify=True, by_rule=not ask
    )[0]
    print_json(document) if json else print_run(document, workspace)
    return ending(document)


def backfill(
    *,
    first: Annotated[str, typer.Option("--from", metavar="YYYY-MM", help="The first month.")],
    last: Annotated[str, typer.Option("--to", metavar="YYYY-MM", help="The last month.")],
    workspace: Workspace = HERE,
    client: Clients = None,
    dry_run: DryRun = False,
    notify: Annotated[
        bool, typer.Option("--notify", help="Mail what waits and summaries.")
    ] = False,
    allow_rule_release: Annotated[
        bool,
        typer.Option("--allow-rule-release", help="Let the contracts' own rules release."),
    ] = False,
    reopen: Annotated[
        str,
        typer.Option(
            "--reopen", metavar="WHY", help="Why months that were released are decided again."
        ),
    ] = "",
    json: Json = False,
) -> int:
    """Decide several past months, the oldest first.

    Each month is decided as `makegood run` decides it. Nothing is mailed and nothing is released by
    a contract's own rule unless --notify and --allow-rule-release ask for it; and a month whose
    credits were released stays closed without a reason to --reopen it.
    """
    months = months_between(month_of(first, "--from"), month_of(last, "--to"))
    documents = run_months(
        list(months),
        workspace,
        client,
        dry_run=dry_run,
        notify=notify,
        by_rule=allow_rule_release,
        reopen=reopen,
    )
    if json:
        print_json(BackfillDocument(months=documents))
    else:
        for document in documents:
            print_run(document, workspace)
    return max(ending(document) for document in documents)


def release(
    month: MonthArgument,
    *,
    workspace: Workspace = HERE,
    client: Clients = None,
    all_below: Annotated[
        str | None,
        typer.Option(
            "--all-below",
            metavar="AMOUNT",
            help="Only credits of less than this, each in its own currency.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Release without asking.")] = False,
    why: Annotated[str, typer.Option(help="The reason that the log keeps.")] = "reviewed",
    token: Annotated[
        bool, typer.Option("--token", help="Ask for your approver's token, to speak by your name.")
    ] = False,
    json: Json = False,
) -> int:
    """Let a month's credits go, after showing them and asking.

    They are paid, the clients' notices leave, the ledger says Approved, and later corrections
    become adjustments. Where two people must agree, the first yes is kept, and the second one
    releases.
    """
    from flows.binding import check_account
    from flows.office import open_office
    from flows.paying import foresee
    from flows.release import release as let_go
    from flows.release import waiting_batch

    service_month = month_of(month, "MONTH")
    below = None if all_below is None else number_of(all_below, "--all-below")
    _refuse_strangers(client, workspace, service_month)
    typed = typer.prompt("Token", hide_input=True, err=True) if token else None
    with open_office(workspace) as office:
        voice = present_voice(office.workspace.release.approvers, token=typed)
        office.check_doors()
        check_account(office)
        batch = waiting_batch(
            office, month=service_month, clients=client or (), below=below, by=voice
        )
        if not json:
            _show(batch, foresee(office, batch.waiting))
        if batch.waiting and not (yes or (not json and _agreed(batch))):
            say("Nothing was released." if not json else "Nothing was released: give --yes.")
            return Exit.NEEDS_A_PERSON
        done = let_go(office, batch, by=voice, why=why, at=_now())
    document = _release_document(service_month, done)
    if json:
        print_json(document)
    else:
        _print_release(document)
    if document["payments"]["unfinished"]:
        return Exit.COULD_NOT_FINISH
    asked = done.needs or done.asked or done.questions
    return Exit.NEEDS_A_PERSON if asked else Exit.DONE


def _release_document(month: ServiceMonth, done: Released) -> ReleaseDocument:
    return ReleaseDocument(
        month=str(month),
        released=[
            ReleasedDocument(
                obligation=stored.key,
                client=stored.client,
                amount=stored.obligation.amount.text if stored.obligation.amount else "0",
                currency=stored.ledger["currency"],
            )
            for stored in done.obligations
        ],
        needs=done.needs or None,
        notices_sent=done.notices,
        payments=payments_document(str(month), done.payments, done.asked),
        questions=list(done.questions),
    )


def _print_release(document: ReleaseDocument) -> None:
    if document["needs"]:
        say(document["needs"])
        return
    print_payments(document["payments"])
    released = counted(len(document["released"]), "credit")
    write(f"{released} released, {counted(document['notices_sent'], 'notice')} sent.")
    for question in document["questions"]:
        write(f"needs a look: {question}")


def run_months(
    months: list[ServiceMonth],
    workspace: Path,
    clients: list[str] | None,
    *,
    dry_run: bool,
    notify: bool,
    by_rule: bool = False,
    prefect_home: Path | None = None,
    reopen: str | None = None,
) -> list[RunDocument]:
    """Run months one after another on one Prefect server and answer with their documents.

    Args:
        months: The service months.
        workspace: The folder that holds makegood.yaml.
        clients: Only these clients; none for all.
        dry_run: Decide and show, write nothing.
        notify: Whether anything is mailed or posted.
        by_rule: Whether the contracts' own rules may release.
        prefect_home: Where a server of our own keeps its database; None for Prefect's own place.
        reopen: See `MonthRun.reopen`; None for a month that a person has named.

    Raises:
        UnusableInputError: The workspace, a month or a client cannot be used; found before any
            server is started or anything is written.
    """
    _, contracts, _ = read_terms(workspace)
    for month in months:
        plan_month(contracts, month=month, clients=clients or (), now=_now())
    documents = []
    with prefect_server(home=prefect_home) as ready:
        from flows.month_end import MonthRequest, RequestOfPerson, month_end
        from flows.requests import Mode

        ready()
        for month in months:
            request = (RequestOfPerson if reopen is None else MonthRequest)(
                month=str(month),
                workspace=str(workspace),
                clients=tuple(clients or ()),
                mode=Mode.DRY_RUN if dry_run else Mode.FOR_REAL,
                notify=notify,
                by_rule=by_rule,
                reopen=reopen or "",
            )
            with watched(title=request.title_at(_now())):
                documents.append(run_document(month_end(request)))
    return documents


def ending(document: RunDocument) -> Exit:
    """The exit code that a run's answer asks for: a rerun comes before what people must see to."""
    if document["payments"]["unfinished"]:
        return Exit.COULD_NOT_FINISH
    withheld = any(outcome["withheld"] for outcome in document["contracts"])
    asked = document["payments"]["questions"] or document["questions"]
    return Exit.NEEDS_A_PERSON if withheld or asked else Exit.DONE


def _refuse_strangers(clients: list[str] | None, workspace: Path, month: ServiceMonth) -> None:
    _, contracts, _ = read_terms(workspace)
    plan_month(contracts, month=month, clients=clients or (), now=_now())


def _show(batch: Batch, foreseen: Mapping[str, PaymentPlan]) -> None:
    if not batch.waiting:
        write(f"Nothing waits for release in {batch.month}.")
        return
    rows = [
        (
            stored.key,
            stored.ledger["client_name"],
            f"{stored.ledger['uptime_percent']} %",
            str(stored.obligation.amount),
            str(foreseen[stored.key]),
            batch.receivers[stored.key].address
            if stored.key in batch.receivers
            else "no address: no notice",
            stored.obligation.reason,
        )
        for stored in batch.waiting
    ]
    headings = ("Obligation", "Client", "Uptime", "Amount", "Paid by", "Notice to", "Why")
    table(f"Waiting for release: {batch.month}", headings, rows, numbers=(2, 3))
    write("Total: " + ", ".join(str(money) for money in batch.totals.values()))
    if batch.needed.people > 1:
        write(f"Two people must agree: {batch.needed.why}")


def _agreed(batch: Batch) -> bool:
    total = ", ".join(str(money) for money in batch.totals.values())
    count = len(batch.waiting)
    return typer.confirm(f"Release {counted(count, 'credit')}, {total}?", err=True)


def _now() -> int:
    return instant(datetime.now(tz=UTC))

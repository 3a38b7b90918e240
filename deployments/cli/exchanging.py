"""`makegood import` and `makegood export`: contracts and exclusions from and for other tools."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer

from connectors.files import write_whole
from connectors.terms.files import WorkspaceFolder
from deployments.cli import completion
from deployments.cli.documents import ExportDocument, ImportDocument
from deployments.cli.exits import Exit, say
from deployments.cli.options import Clients, Json, Workspace, month_of
from deployments.cli.printing import counted, print_json
from flows.importing import ImportedText, from_csv, from_openslo
from flows.office import open_office
from models.contract_rows import written_rows
from models.findings import UnusableInputError, refuse
from models.intervals import Interval
from models.period import ServiceMonth
from models.terms import JsonValue, near_miss
from models.yaml_writing import written_yaml

HERE = Path()

exports = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Write contracts or exclusions for other tools.",
)
imports = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Read contracts from other tools, as contract files.",
)

Written = Annotated[
    Path | None, typer.Option("--write", metavar="FILE", help="Write it to a file. [stdout]")
]
Source = Annotated[Path, typer.Argument(metavar="FILE", help="The file to read.")]


@exports.command("csv")
def export_csv(
    *,
    workspace: Workspace = HERE,
    client: Clients = None,
    write: Written = None,
    json: Json = False,
) -> int:
    """Write contracts as a table: one row for each version of each.

    Shared defaults and exceptions are put in, so that each row says all of its terms. `makegood
    import csv` reads the same contracts again.
    """
    values = _of_clients(WorkspaceFolder(workspace).written(), client)
    headings, rows = written_rows(values)
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows(rows)
    return _leave("csv", text.getvalue(), len(values), (), write, json=json)


@exports.command("openslo")
def export_openslo(
    *,
    month: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM",
            help="The month whose terms are written. [the running one]",
            autocompletion=completion.months,
        ),
    ] = None,
    workspace: Workspace = HERE,
    client: Clients = None,
    write: Written = None,
    json: Json = False,
) -> int:
    """Write the terms in force as OpenSLO (version 1), one SLO for each contract.

    What OpenSLO cannot say, such as credits, is named on stderr.
    """
    from flows.exporting import as_openslo

    of = month_of(month) if month else ServiceMonth.of(datetime.now(tz=UTC).date())
    contracts = [
        contract
        for contract in WorkspaceFolder(workspace).contracts()
        if client is None or contract.client.id in client
    ]
    found = as_openslo(contracts, month=of)
    text = "---\n".join(map(written_yaml, found.documents))
    return _leave("openslo", text, found.contracts, found.unsaid, write, json=json)


@exports.command("ics")
def export_calendar(
    *,
    first: Annotated[
        str | None, typer.Option("--from", metavar="YYYY-MM", help="The first month. [all]")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="YYYY-MM", help="The last month. [all]")
    ] = None,
    workspace: Workspace = HERE,
    write: Written = None,
    json: Json = False,
) -> int:
    """Write maintenance and other exclusions as a calendar.

    They are those of the workspace's files, and those that recorded decisions rest on. No source
    is asked.
    """
    from flows.exporting import as_calendar

    with open_office(workspace, read_only=True) as office:
        found = as_calendar(office.store, office.events, span=_span(first, last))
    text = found.content.decode()
    return _leave("ics", text, found.entries, found.unsaid, write, json=json)


@imports.command("csv")
def import_csv(file: Source, *, write: Written = None, json: Json = False) -> int:
    """Read a table of contracts, as `makegood export csv` writes it.

    A column is a field of a contract file, such as client.id or cap.percent; rows with one client
    and service are versions of one contract. Everything that is wrong is told at once, with its
    line and column.
    """
    return _take(from_csv(file), write, json=json)


@imports.command("openslo")
def import_openslo(
    file: Source,
    *,
    terms: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="What OpenSLO cannot say: role, client, money, ladder, as YAML."
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The objective that is promised, by its displayName."),
    ] = None,
    write: Written = None,
    json: Json = False,
) -> int:
    """Read SLOs with windows of the calendar as contracts.

    Service, zone, period, slices and promise come from the SLO, the rest from --terms. What cannot
    be carried over is named.
    """
    return _take(from_openslo(file, terms=terms, objective=objective), write, json=json)


def _take(found: ImportedText, write: Path | None, *, json: bool) -> int:
    for warning in found.warnings:
        say(f"warning: {warning}")
    if write is not None:
        _write_new(write, found.text)
    document = ImportDocument(
        contracts=list(found.contracts),
        warnings=[str(warning) for warning in found.warnings],
        text=None if write else found.text,
        file=str(write) if write else None,
    )
    if json:
        print_json(document)
    else:
        _show(found.text, write, counted(len(found.contracts), "contract"))
    return Exit.DONE


def _leave(
    form: str, text: str, entries: int, unsaid: Sequence[str], write: Path | None, *, json: bool
) -> int:
    for words in unsaid:
        say(f"not said: {words}")
    if write is not None:
        write_whole(write, text.encode())
    document = ExportDocument(
        format=form,
        entries=entries,
        not_said=list(unsaid),
        text=None if write else text,
        file=str(write) if write else None,
    )
    if json:
        print_json(document)
    else:
        _show(text, write, counted(entries, "entry", "entries"))
    return Exit.DONE


def _show(text: str, write: Path | None, count: str) -> None:
    if write is None:
        typer.echo(text, nl=False)
    else:
        say(f"{count} written to {write}.")


def _write_new(path: Path, text: str) -> None:
    if path.exists():
        raise refuse(
            "--write",
            f"{path} is there already",
            expected="a new file",
            remedy="Name another one, or remove that one first.",
        )
    write_whole(path, text.encode())


def _of_clients(values: Sequence[JsonValue], clients: Sequence[str] | None) -> list[JsonValue]:
    known = sorted({str(value["client"]["id"]) for value in values})
    strangers = [client for client in clients or () if client not in known]
    if strangers:
        refusals = [
            refuse(
                "--client",
                f"is {client!r}",
                expected="the id of a client that has a contract in this workspace",
                remedy=near_miss(client, known) or "See `makegood check` for all.",
            )
            for client in strangers
        ]
        raise UnusableInputError([one for refusal in refusals for one in refusal.findings])
    return [value for value in values if not clients or value["client"]["id"] in clients]


def _span(first: str | None, last: str | None) -> Interval | None:
    """From the first month's start to the last one's end in UTC; None without any bound."""
    if first is None and last is None:
        return None
    begins = month_of(first or "1970-01", "--from").bounds("UTC").start
    ends = month_of(last or "9998-12", "--to").bounds("UTC").end
    if ends <= begins:
        raise refuse(
            "--to",
            f"is {last}, before {first}",
            expected="a month not before --from",
            remedy="Exchange the two.",
        )
    return Interval(begins, ends)

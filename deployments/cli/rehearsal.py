"""`makegood demo`: the main job on shipped real outages, with nothing to set up."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.books import explain_document, print_explanation
from deployments.cli.documents import DemoDocument, RunDocument
from deployments.cli.exits import Exit, say
from deployments.cli.months import run_months
from deployments.cli.options import Json
from deployments.cli.printing import print_json, write
from deployments.cli.reporting import print_run
from flows.explain import explain
from flows.office import open_office
from models.findings import refuse
from models.period import ServiceMonth

FOLDER = Path("makegood-demo")
MONTHS = ("2025-06", "2025-09", "2025-10", "2025-11")
EXPLAINED = ("acme/relay-eu", "2025-10")
SAMPLE = ("*.md", "*.yaml", "*.csv")


def demo(
    *,
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the sample workspace is put.")
    ] = FOLDER,
    json: Json = False,
) -> int:
    """Run four months of 2025 on real published outages.

    The vendors, their outages and their ladders are real and cited; the companies, fees and own
    checks are made up. Files that are there already are kept, so edit a contract and run it again.
    """
    _lay_out(folder)
    months = [ServiceMonth.parse(month) for month in MONTHS]
    if not json:
        say(f"Running {', '.join(MONTHS)} in {folder} ...")
    home = folder / ".prefect"
    documents = run_months(
        months, folder, None, dry_run=False, notify=True, prefect_home=home.absolute()
    )
    with open_office(folder, read_only=True) as office:
        contract, month = EXPLAINED
        explained = explain_document(explain(office.store, contract=contract, period=month))
    if json:
        print_json(DemoDocument(folder=str(folder), months=documents, explained=explained))
        return Exit.DONE
    _print(documents, folder)
    write()
    write("One decision in full", bold=True)
    write()
    print_explanation(explained)
    return Exit.DONE


def _lay_out(folder: Path) -> None:
    if folder.exists() and not (folder / "makegood.yaml").is_file():
        raise refuse(
            "--folder",
            f"{folder} exists and holds no makegood.yaml",
            expected="a new folder, or one of an earlier demo",
            remedy="Move it away, or name another one.",
        )
    with as_file(files("deployments").joinpath("demo")) as sample:
        for pattern in SAMPLE:
            for source in sorted(sample.rglob(pattern)):
                target = folder / source.relative_to(sample)
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, target)


def _print(documents: list[RunDocument], folder: Path) -> None:
    for document in documents:
        write()
        print_run(document, folder)
    write()
    write("Where everything lies", bold=True)
    for path, says in (
        ("ledger.csv", "the ledger: one row per credit, for a spreadsheet"),
        ("outbox/", "the operator's monthly summaries, as mails"),
        ("previews/", "what each client would be told, to be opened in a browser"),
        ("makegood.db", "decisions, evidence and terms, hash-chained"),
        ("contracts/", "the contracts: change one and run the demo again"),
        ("README.md", "what is real here, what is made up, and the sums by hand"),
    ):
        write(f"  {folder / path}: {says}")

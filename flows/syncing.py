"""How Prefect reads the ledgers back: every hour or so, or when somebody asks.

Running it again is harmless: each thing that a person did is told once, each tick obeyed once. What
was read and what only a person can settle stand in an artifact. It is never repeated by Prefect.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.runtime import flow_run
from pydantic import BaseModel

from flows.ledger_sync import Synced, Ticked, sync
from flows.office import open_office
from models.intervals import instant
from models.ledger_reading import CellEdit
from models.period import ServiceMonth


class SyncRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for.

    Attributes:
        month: The service month, such as `2026-05`; "" for every month that is recorded.
        workspace: The folder that holds makegood.yaml.
        dry_run: Show what would be recorded and released; do neither.
    """

    month: str = ""
    workspace: str = "."
    dry_run: bool = False


def _run_name() -> str:
    asked = SyncRequest.model_validate(flow_run.parameters["request"])
    return f"ledger sync {asked.month or 'of every month'}{' (dry run)' if asked.dry_run else ''}"


@flow(name="ledger-sync", flow_run_name=_run_name, persist_result=False)
def ledger_sync(request: SyncRequest) -> Synced:
    """Read back what people wrote and ticked in the ledgers.

    Args:
        request: The month and the workspace.

    Raises:
        UnusableInputError: The workspace, or a ledger, cannot be used.
        MonthLockedError: A month, or another sync of it, is running elsewhere.
        ReleaseRefusedError: A credit changed meanwhile; run it again.
        ConnectorError: A ledger, billing or the database cannot be asked, or is set up wrongly.
    """
    month = ServiceMonth.parse(request.month) if request.month else None
    with open_office(Path(request.workspace), read_only=request.dry_run) as office:
        at = instant(datetime.now(tz=UTC))
        done = sync(office, month=month, at=at, dry_run=request.dry_run)
    show_synced(done)
    return done


def show_synced(done: Synced) -> None:
    """Leave what people did as a table, an empty one included: it says that somebody looked."""
    create_table_artifact(
        table=[
            *(_row(one.row.ledger, one.row.key, _edited(one.cell)) for one in done.edits),
            *(_row("claims", "", says) for says in done.moved),
            *(_row(one.tick.row.ledger, one.tick.row.key, _ticked(one)) for one in done.ticks),
            *(_row("needs a look", "", says) for says in done.questions),
        ],
        key="ledger-sync",
        description=(
            f"{done.rows} rows read, {len(done.edits)} edits, {len(done.moved)} claims moved, "
            f"{len(done.released)} credits released, {len(done.questions)} questions."
        ),
    )


def _row(where: str, key: str, says: str) -> dict[str, str]:
    return {"where": where, "row": key, "what": says}


def _edited(cell: CellEdit) -> str:
    return f"{cell.column}: {cell.before or 'nothing'} -> {cell.after or 'nothing'}"


def _ticked(tick: Ticked) -> str:
    return f"Release ticked: {tick.why or ('released' if tick.released else 'would be released')}"

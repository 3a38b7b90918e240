"""How Prefect reads the ledgers back: every hour or so, or when somebody asks.

Running it again is harmless: each thing that a person did is told once, each tick obeyed once. What
was read and what only a person can settle stand in an artifact. It is never repeated by Prefect.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.runtime import flow_run
from pydantic import BaseModel, Field

from flows.alarms import tell_of_failure
from flows.ledger_sync import Synced, Ticked, sync
from flows.office import open_office
from flows.requests import AnyMode, Mode, OptionalMonth, WorkspaceFolder, workspace_folder
from flows.run_log import in_run_log
from models.intervals import instant
from models.ledger_reading import CellEdit
from models.period import ServiceMonth


class SyncRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    month: Annotated[
        OptionalMonth,
        Field(
            title="Month",
            description="The service month, YYYY-MM. Empty: every month that is recorded.",
        ),
    ] = ""
    mode: AnyMode = Mode.FOR_REAL
    workspace: WorkspaceFolder = ""

    @property
    def dry_run(self) -> bool:
        """Whether nothing is recorded or released."""
        return self.mode is Mode.DRY_RUN


def _run_name() -> str:
    asked = SyncRequest.model_validate(flow_run.parameters["request"])
    return f"sync-ledger {asked.month or 'of every month'}{' (dry run)' if asked.dry_run else ''}"


@flow(
    name="sync-ledger",
    flow_run_name=_run_name,
    persist_result=False,
    on_failure=[tell_of_failure],
    on_crashed=[tell_of_failure],
)
def sync_ledger(request: SyncRequest) -> Synced:
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
    folder = workspace_folder(request.workspace)
    with in_run_log(), open_office(folder, read_only=request.dry_run) as office:
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
        key="sync-ledger",
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

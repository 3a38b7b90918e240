"""How Prefect reads the ledgers back: on a schedule, or when somebody asks.

Running it again finds nothing to record. What only a person can settle stands in an artifact.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.runtime import flow_run
from pydantic import BaseModel, Field

from flows.ledger_sync import Synced, sync
from flows.log import note
from flows.office import open_office
from flows.requests import WorkspaceFolder, workspace_folder
from flows.run_log import in_run_log
from models.intervals import instant
from models.period import OPTIONAL_MONTH, ServiceMonth


class SyncRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    month: Annotated[
        str,
        Field(
            pattern=OPTIONAL_MONTH,
            examples=["2026-05"],
            description="The service month, YYYY-MM. Empty: every month that is recorded.",
        ),
    ] = ""
    workspace: WorkspaceFolder = ""
    dry_run: Annotated[
        bool, Field(description="Show what would be recorded and released, and do neither.")
    ] = False


def _run_name() -> str:
    asked = SyncRequest.model_validate(flow_run.parameters["request"])
    return f"sync ledger {asked.month or 'of all months'}{' (dry run)' * asked.dry_run}"


@flow(name="sync-ledger", flow_run_name=_run_name, persist_result=False)
def sync_ledger(request: SyncRequest) -> Synced:
    """Read back what people wrote and ticked in the ledgers, and obey the ticks that count.

    Args:
        request: The month and the workspace.

    Raises:
        UnusableInputError: The workspace or a ledger cannot be used.
        MonthLockedError: A month, or another sync of it, is running elsewhere.
        ConnectorError: A ledger, billing or the database cannot be asked.
    """
    month = ServiceMonth.parse(request.month) if request.month else None
    now = instant(datetime.now(tz=UTC))
    with (
        in_run_log(),
        open_office(workspace_folder(request.workspace), read_only=request.dry_run) as office,
    ):
        found = sync(office, month=month, at=now, dry_run=request.dry_run)
        for said in (*found.moved, *found.notes, *found.questions):
            note(said)
    show_read(found)
    return found


def show_read(found: Synced) -> None:
    """Leave what was read as a table, an empty one included: it says that somebody looked."""
    edits = [
        {
            "row": edit.row.key,
            "what": "edited",
            "says": f"{edit.cell.column} from {edit.cell.before or 'nothing'} to "
            f"{edit.cell.after or 'nothing'}, last edited by {edit.row.editor}",
        }
        for edit in found.edits
    ]
    ticks = [
        {
            "row": ticked.tick.row.key,
            "what": "released" if ticked.released else "ticked",
            "says": ticked.why,
        }
        for ticked in found.ticks
    ]
    asked = [{"row": "", "what": "for a person", "says": says} for says in found.questions]
    create_table_artifact(
        table=[*ticks, *edits, *asked],
        key="ledger-sync",
        description=(
            f"{found.rows} rows of {len(found.months)} months read back: {len(found.edits)} edits, "
            f"{len(found.released)} released, {len(found.questions)} for a person."
        ),
    )

"""How Prefect looks at what is announced: daily, or when somebody asks.

Where a contract asks for notice, what Makegood saw in time is proof, and what a calendar says of
its own age is not. Running it again is harmless: what was seen before is not recorded again.
"""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.runtime import flow_run
from pydantic import BaseModel

from flows.alarms import tell_of_failure
from flows.exclusions import Ahead, look_ahead
from flows.log import note
from flows.office import open_office
from flows.requests import AnyMode, Mode, WorkspaceFolder, workspace_folder
from flows.run_log import in_run_log
from models.intervals import instant, utc_text


class ExclusionsRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    mode: AnyMode = Mode.FOR_REAL
    workspace: WorkspaceFolder = ""

    @property
    def dry_run(self) -> bool:
        """Whether nothing is recorded."""
        return self.mode is Mode.DRY_RUN


def _run_name() -> str:
    asked = ExclusionsRequest.model_validate(flow_run.parameters["request"])
    return f"exclusions seen {_today()}{' (dry run)' if asked.dry_run else ''}"


def _today() -> str:
    return datetime.now(tz=UTC).date().isoformat()


@flow(
    name="exclusions",
    flow_run_name=_run_name,
    persist_result=False,
    on_failure=[tell_of_failure],
    on_crashed=[tell_of_failure],
)
def exclusions(request: ExclusionsRequest) -> int:
    """Look at announced exclusions, and record when each was first seen; answers how many are new.

    Args:
        request: The workspace.

    Raises:
        UnusableInputError: The workspace, or a source of exclusions, cannot be used.
        ConnectorError: A source or the database cannot be asked, or is set up wrongly.
    """
    folder, now = workspace_folder(request.workspace), instant(datetime.now(tz=UTC))
    with in_run_log(), open_office(folder, read_only=request.dry_run) as office:
        ahead = look_ahead(office, now=now, read_only=request.dry_run)
        note(f"{len(ahead.coming)} exclusions ahead or running, {ahead.new} changes recorded")
    show_coming(ahead)
    return ahead.new


def show_coming(ahead: Ahead) -> None:
    """Leave what is announced as a table, an empty one included: it says that somebody looked."""
    says = f"{len(ahead.coming)} exclusions ahead or running, {ahead.new} changes recorded."
    create_table_artifact(
        table=[
            {
                "from": utc_text(event.interval.start),
                "to": utc_text(event.interval.end),
                "reason": event.reason,
                "kind": event.kind.value,
                "seen since": utc_text(seen) if (seen := ahead.known.seen_at.get(event.id)) else "",
                "id": event.id,
            }
            for event in ahead.coming
        ],
        key="exclusions",
        description=says,
    )

"""How Prefect runs the reminders: daily, or when somebody asks.

Running it again is harmless: each step of a deadline is mailed once. What is due stands in an
artifact. Mails are not repeated by Prefect; what could not be sent is sent by the next run.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.runtime import flow_run
from pydantic import BaseModel, Field

from flows.alarms import tell_of_failure
from flows.office import open_office
from flows.reminders import Reminded, remind
from flows.requests import AnyMode, Mode, WorkspaceFolder, workspace_folder
from flows.run_log import in_run_log
from models.claims.present import Present
from models.intervals import instant


class ReminderRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    on: Annotated[
        date | None,
        Field(
            title="On",
            description="The day from which deadlines are counted. "
            "None: now, in each claim's own zone.",
        ),
    ] = None
    mode: AnyMode = Mode.FOR_REAL
    workspace: WorkspaceFolder = ""

    @property
    def dry_run(self) -> bool:
        """Whether nothing is sent."""
        return self.mode is Mode.DRY_RUN


def _run_name() -> str:
    asked = ReminderRequest.model_validate(flow_run.parameters["request"])
    return f"claim-reminders {asked.on or 'of today'}{' (dry run)' if asked.dry_run else ''}"


@flow(
    name="claim-reminders",
    flow_run_name=_run_name,
    persist_result=False,
    on_failure=[tell_of_failure],
    on_crashed=[tell_of_failure],
)
def claim_reminders(request: ReminderRequest) -> Reminded:
    """Remind by mail of claims that are due, and bring calendars up to date.

    Args:
        request: The day and the workspace.

    Raises:
        UnusableInputError: The workspace cannot be used.
        ConnectorError: The database cannot be reached, or the mail's settings are refused.
    """
    present = Present.on(request.on) if request.on else Present(instant(datetime.now(tz=UTC)))
    folder = workspace_folder(request.workspace)
    with in_run_log(), open_office(folder, read_only=request.dry_run) as office:
        done = remind(office, present=present, dry_run=request.dry_run)
    show_due(done)
    return done


def show_due(done: Reminded) -> None:
    """Leave what is due as a table, an empty one included: it says that somebody looked."""
    create_table_artifact(
        table=[
            {
                "claim": line.key,
                "vendor": line.vendor,
                "what": line.stage,
                "last day": line.last_day.isoformat(),
                "days left": line.days_left,
                "credit": str(line.amount or line.credit_days or ""),
                "new": line.key in done.new,
            }
            for line in done.due
        ],
        key="claims-due",
        description=(
            f"{done.today}: {len(done.due)} claims due, {len(done.new)} newly reminded of, "
            f"{done.settlement.done} mails sent, {done.settlement.waiting} waiting."
        ),
    )

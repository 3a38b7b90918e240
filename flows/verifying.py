"""How Prefect proves the past: on a schedule, or when somebody asks. It reads and writes nothing.

A run that finds a fault fails, because a proof that does not hold must not look like a success.
"""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.runtime import flow_run
from pydantic import BaseModel, Field

from flows.alarms import tell_of_failure
from flows.log import note
from flows.office import open_office
from flows.requests import OptionalMonth, WorkspaceFolder, workspace_folder
from flows.run_log import in_run_log
from flows.verify import Verification, verify


class UnprovenError(Exception):
    """The log is not intact, or a decision does not replay."""


class VerifyRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    month: Annotated[
        OptionalMonth,
        Field(
            title="Month",
            description="Replay this month's decisions alone, YYYY-MM. Empty: all of them.",
        ),
    ] = ""
    workspace: WorkspaceFolder = ""


def _run_name() -> str:
    asked = VerifyRequest.model_validate(flow_run.parameters["request"])
    return f"verify {asked.month or 'everything'}"


@flow(
    name="verify",
    flow_run_name=_run_name,
    persist_result=False,
    on_failure=[tell_of_failure],
    on_crashed=[tell_of_failure],
)
def verify_log(request: VerifyRequest) -> Verification:
    """Prove that every chain is intact and that every decision replays to the same cents.

    Args:
        request: The month and the workspace.

    Raises:
        UnprovenError: Something does not hold.
        UnusableInputError: The workspace cannot be used.
        ConnectorError: The database cannot be reached.
    """
    with in_run_log(), open_office(workspace_folder(request.workspace), read_only=True) as office:
        found = verify(office.store, period=request.month or None)
        proven = f"{found.chains} chains, {found.entries} entries, {found.replayed} decisions"
        note(f"{proven}: {len(found.faults)} faults")
    create_table_artifact(
        table=[{"fault": fault} for fault in found.faults],
        key="verify",
        description=f"{proven}; {len(found.faults)} faults.",
    )
    if found.faults:
        message = f"{len(found.faults)} faults, the first: {found.faults[0]}"
        raise UnprovenError(message)
    return found

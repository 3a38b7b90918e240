"""How Prefect asks for a release: the form alone, whenever somebody wants it.

The month-end run ends with the same question. It may be asked at any time and by several: an answer
counts only for what was shown, and what is released is released once.
"""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import BaseModel, Field

from flows.release import Released
from flows.release_form import ask_for_release
from flows.requests import WorkspaceFolder, workspace_folder
from flows.run_log import in_run_log
from models.period import MONTH_PATTERN, ServiceMonth


class ReleaseRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    month: Annotated[
        str, Field(pattern=MONTH_PATTERN, examples=["2026-05"], description="The service month.")
    ]
    workspace: WorkspaceFolder = ""
    clients: Annotated[
        tuple[str, ...], Field(description="Only these clients' ids. Empty: all clients.")
    ] = ()


def _run_name() -> str:
    asked = ReleaseRequest.model_validate(flow_run.parameters["request"])
    return f"release {asked.month} ({', '.join(asked.clients) or 'all clients'})"


@flow(name="release", flow_run_name=_run_name, persist_result=False)
def release_month(request: ReleaseRequest) -> Released | None:
    """Show what waits for release, ask, and let go what the answer names.

    Args:
        request: The month, the workspace and the scope.

    Raises:
        UnusableInputError: The workspace or a ledger cannot be used.
        MonthLockedError: The month is running elsewhere.
        ConnectorError: Something cannot be reached or is set up wrongly.
    """
    with in_run_log():
        return ask_for_release(
            workspace_folder(request.workspace),
            ServiceMonth.parse(request.month),
            clients=request.clients,
        )

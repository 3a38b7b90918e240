"""How Prefect asks for a release: the form alone, whenever somebody wants it.

The month-end run ends with the same question. It may be asked at any time and by several: an answer
counts only for what was shown, and what is released is released once.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import BaseModel, Field

from flows.alarms import tell_of_failure
from flows.patience import patiently
from flows.release import Released
from flows.release_form import ask_for_release
from flows.requests import (
    FORTNIGHT,
    AnswerWithin,
    Clients,
    Month,
    WorkspaceFolder,
    refuse_strangers,
    scope_words,
    workspace_folder,
)
from flows.run_log import in_run_log
from models.period import ServiceMonth


class ReleaseRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    month: Annotated[Month, Field(title="Month", description="The service month, YYYY-MM.")]
    clients: Clients = ()
    answer_within: AnswerWithin = FORTNIGHT
    workspace: WorkspaceFolder = ""


def _run_name() -> str:
    asked = ReleaseRequest.model_validate(flow_run.parameters["request"])
    scope = scope_words(asked.workspace, ServiceMonth.parse(asked.month), asked.clients)
    return f"release {asked.month} ({scope})"


@flow(
    name="release",
    flow_run_name=_run_name,
    persist_result=False,
    on_failure=[tell_of_failure],
    on_crashed=[tell_of_failure],
)
def release_month(request: ReleaseRequest) -> Released | None:
    """Show what waits for release, ask, and let go what the answer names.

    Args:
        request: The month, the workspace and the scope.

    Raises:
        UnusableInputError: The workspace, a client or a ledger cannot be used.
        MonthLockedError: The month is running elsewhere.
        ConnectorError: Something cannot be reached or is set up wrongly.
    """
    folder = workspace_folder(request.workspace)
    refuse_strangers(folder, request.clients)
    with in_run_log():
        month = ServiceMonth.parse(request.month)
        asked = partial(ask_for_release, clients=request.clients, within=request.answer_within)
        return patiently(lambda: asked(folder, month))

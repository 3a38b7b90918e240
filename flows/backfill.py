"""Past months, decided one after another, the oldest first: each is a run of `month-end`.

A backfill mails nothing and lets nothing go by rule unless it is asked to. Cut off anywhere, a
retry of the same run goes on with the month that was under way; a new backfill decides all of them
again, which changes nothing where the inputs are the same.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from prefect import flow
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.runtime import flow_run
from pydantic import BaseModel, Field

from flows.alarms import tell_of_failure
from flows.month import MonthRun
from flows.month_end import MonthRequest, month_end
from flows.requests import (
    AnyMode,
    Clients,
    Mode,
    Month,
    Reopen,
    WorkspaceFolder,
    scope_words,
)
from models.period import ServiceMonth, months_between


class BackfillRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    first: Annotated[Month, Field(title="From", description="The first service month, YYYY-MM.")]
    last: Annotated[
        Month, Field(title="To", description="The last service month, YYYY-MM, included.")
    ]
    clients: Clients = ()
    mode: AnyMode = Mode.FOR_REAL
    notify: Annotated[
        bool,
        Field(
            title="Notify",
            description="Send what mails wait and each month's summary, and post the notices.",
        ),
    ] = False
    allow_rule_release: Annotated[
        bool,
        Field(
            title="Release by rule",
            description="Let the contracts' own rules release what they allow.",
        ),
    ] = False
    reopen: Reopen = ""
    workspace: WorkspaceFolder = ""

    @property
    def months(self) -> tuple[ServiceMonth, ...]:
        """Every month, the oldest first.

        Raises:
            UnusableInputError: The last one is before the first, or there are too many.
        """
        return months_between(ServiceMonth.parse(self.first), ServiceMonth.parse(self.last))

    def of(self, month: ServiceMonth) -> MonthRequest:
        """What is asked of one month."""
        return MonthRequest(
            month=str(month),
            workspace=self.workspace,
            clients=self.clients,
            mode=self.mode,
            notify=self.notify,
            by_rule=self.allow_rule_release,
            reopen=self.reopen,
        )


def _run_name() -> str:
    asked = BackfillRequest.model_validate(flow_run.parameters["request"])
    scope = scope_words(asked.workspace, ServiceMonth.parse(asked.last), asked.clients)
    dry_run = ", dry run" if asked.mode is Mode.DRY_RUN else ""
    return f"backfill {asked.first} to {asked.last} ({scope}{dry_run})"


@flow(
    name="backfill",
    flow_run_name=_run_name,
    persist_result=False,
    on_failure=[tell_of_failure],
    on_crashed=[tell_of_failure],
)
def backfill(request: BackfillRequest) -> list[MonthRun]:
    """Decide past months, one child run each, the oldest first.

    Args:
        request: The months, the workspace and the scope.

    Raises:
        UnusableInputError: The workspace, a source or the request cannot be used.
        MonthLockedError: A month is running elsewhere.
    """
    months = request.months
    done = _done_before()
    progress: UUID = create_progress_artifact(  # type: ignore[assignment]  # A coroutine only where one awaits.
        progress=0, key="backfill", description=f"{len(months)} months, the oldest first"
    )
    runs = []
    for number, month in enumerate(months, start=1):
        if str(month) not in done:
            runs.append(month_end(request.of(month)))
        update_progress_artifact(
            progress,
            progress=100 * number // len(months),
            description=f"{number} of {len(months)} months, {month} is done",
        )
    return runs


def _done_before() -> frozenset[str]:
    """The months that an earlier try of this run has completed, as the server knows them."""
    if flow_run.run_count <= 1:
        return frozenset()
    mine = FlowRunFilterParentFlowRunId(any_=[UUID(flow_run.id)])
    over = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.COMPLETED]))
    with get_client(sync_client=True) as client:
        children = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(parent_flow_run_id=mine, state=over)
        )
    return frozenset(child.parameters["request"]["month"] for child in children)

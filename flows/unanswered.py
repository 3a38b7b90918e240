"""Questions that can be answered no more: they ran out, or their run was called dead or cancelled.

Prefect lets such a run fail, and tells nobody.

Hourly, the server is asked for them; of each that still matters the operators are told once, by
mail and in their chat. Nothing was released, and nothing is released here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from pydantic import BaseModel

from flows.alarms import tell_of_failure
from flows.log import note
from flows.mailing import send_unanswered
from flows.notices import unanswered as post_unanswered
from flows.office import Office, open_office
from flows.release import waiting_batch
from flows.release_form import QUESTION
from flows.requests import WorkspaceFolder, workspace_folder
from flows.run_log import in_run_log
from models.period import ServiceMonth

TAG = "makegood"
"""What all our deployments carry in `prefect.yaml`."""

ENDED = [StateType.FAILED, StateType.CRASHED, StateType.CANCELLED]
"""How a run ends on a question: it ran out; the server called it dead; somebody cancelled it."""

MOST_ENDED = 200
"""The latest such runs that are looked through."""

ASKED = re.compile(rf"{QUESTION}(?P<month>\d{{4}}-\d{{2}})-")


class UnansweredRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    workspace: WorkspaceFolder = ""


@dataclass(frozen=True, slots=True)
class RanOut:
    """A question that nobody answered.

    Attributes:
        run: Id of the run that asked.
        month: The service month.
        clients: Whose drafts it was about; empty for all.
    """

    run: str
    month: ServiceMonth
    clients: tuple[str, ...]


@flow(
    name="unanswered",
    flow_run_name="unanswered questions",
    persist_result=False,
    on_failure=[tell_of_failure],
    on_crashed=[tell_of_failure],
)
def unanswered(request: UnansweredRequest) -> int:
    """Tell of questions that ran out since; answers how many messages went out.

    Args:
        request: The workspace.

    Raises:
        UnusableInputError: The workspace cannot be used.
        ConnectorError: The database cannot be reached, or the mail is set up wrongly.
    """
    folder = workspace_folder(request.workspace)
    with in_run_log(), open_office(folder) as office:
        found = ran_out(request.workspace)
        told = sum(_tell(office, question) for question in found)
        note(f"{len(found)} questions ran out lately, {told} messages sent about them")
    return told


def ran_out(workspace: str) -> list[RanOut]:
    """A workspace's questions that ended without an answer lately, as the server knows them."""
    over = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=ENDED)),
        tags=FlowRunFilterTags(all_=[TAG]),
    )
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            flow_run_filter=over, sort=FlowRunSort.END_TIME_DESC, limit=MOST_ENDED
        )
        found = [_question(client, run) for run in runs if _is_ours(run, workspace)]
    return [question for question in found if question is not None]


def _is_ours(run: FlowRun, workspace: str) -> bool:
    asked = run.parameters.get("request", {})
    return workspace_folder(asked.get("workspace", "")) == workspace_folder(workspace)


def _question(client: SyncPrefectClient, run: FlowRun) -> RanOut | None:
    """The question on which a run ended; None when it ended on something else."""
    states = sorted(client.read_flow_run_states(run.id), key=lambda state: state.timestamp)
    before = states[-2] if len(states) > 1 else None
    if before is None or not before.is_paused():
        return None
    asked = ASKED.match(before.state_details.pause_key or "")
    if asked is None:
        return None
    clients = tuple(run.parameters["request"].get("clients", ()))
    return RanOut(str(run.id), ServiceMonth.parse(asked["month"]), clients)


def _tell(office: Office, question: RanOut) -> int:
    batch = waiting_batch(office, month=question.month, clients=question.clients)
    mails = send_unanswered(
        office,
        question.month,
        waiting=batch.waiting,
        needed=batch.needed,
        question=question.run,
    )
    posted = post_unanswered(
        office, str(question.month), waiting=batch.waiting, question=question.run
    )
    if mails or posted:
        note(f"{question.month}: nobody answered in time, nothing was released; told")
    return mails + posted

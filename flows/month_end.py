"""The month-end flow: extract, compute uptime, apply the ladder, write the ledger, e-mail.

This is how Prefect runs the recipe of `flows.month`: one task for each step and shard. A task that
only reads is retried by Prefect; a task with effects never is: it is resumed from what the store
holds, by running the flow again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from prefect import Task, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import exponential_backoff
from pydantic import BaseModel, Field

from connectors.errors import Retriable
from flows.artifacts import show_month
from flows.log import watcher
from flows.month import MonthRun, Part, Step, conduct, month_run
from flows.release_form import ask_for_release
from flows.requests import WorkspaceFolder, workspace_folder
from flows.run_log import in_run_log
from models.intervals import instant
from models.period import OPTIONAL_MONTH, ServiceMonth

Item = TypeVar("Item")

LAST_ZONE = "Etc/GMT+12"
"""Where a month ends last of all."""

READ_RETRIES = 3
TASKS_AT_ONCE = 2


class MonthRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    month: Annotated[
        str,
        Field(
            pattern=OPTIONAL_MONTH,
            examples=["2026-05"],
            description="The service month, YYYY-MM. Empty: the last one that is over everywhere.",
        ),
    ] = ""
    workspace: WorkspaceFolder = ""
    clients: Annotated[
        tuple[str, ...], Field(description="Only these clients' ids. Empty: all clients.")
    ] = ()
    only: Annotated[Part, Field(description="One part of the month, or everything.")] = Part.ALL
    dry_run: Annotated[
        bool, Field(description="Measure, decide and show; write, pay and send nothing.")
    ] = False
    notify: Annotated[bool, Field(description="Mail the summary and post the notices.")] = True
    by_rule: Annotated[
        bool, Field(description="Let the contracts' own rules release what they allow.")
    ] = True
    ask_for_release: Annotated[
        bool,
        Field(
            description="End by asking here what is to be released. The run is suspended until "
            "somebody answers, and only a deployment's run can be."
        ),
    ] = False

    @property
    def service_month(self) -> ServiceMonth:
        """The month, or the last one that is over in every time zone."""
        if self.month:
            return ServiceMonth.parse(self.month)
        return ServiceMonth.containing(instant(datetime.now(tz=UTC)), LAST_ZONE).plus(-1)

    @property
    def title(self) -> str:
        """The run's name in Prefect: `month-end 2026-05 (acme, dry run)`."""
        said = [", ".join(self.clients) or "all clients"]
        said += [] if self.only is Part.ALL else [self.only.value]
        said += ["dry run"] if self.dry_run else []
        return f"month-end {self.service_month} ({', '.join(said)})"


def _run_name() -> str:
    return MonthRequest.model_validate(flow_run.parameters["request"]).title


@flow(
    name="month-end",
    flow_run_name=_run_name,
    task_runner=ThreadPoolTaskRunner(max_workers=TASKS_AT_ONCE),  # type: ignore[arg-type]  # Its own type parameter is not covariant.
    persist_result=False,
)
def month_end(request: MonthRequest) -> MonthRun:
    """Decide one month for every contract, write the ledger and tell the operator.

    Running it again is harmless and, with unchanged inputs, changes nothing.

    Args:
        request: The month, the workspace and the scope.

    Raises:
        UnusableInputError: The workspace, a source or the request cannot be used.
        MonthLockedError: The month is running elsewhere.
    """
    folder, service_month = workspace_folder(request.workspace), request.service_month
    month = month_run(
        folder,
        month=service_month,
        clients=request.clients,
        dry_run=request.dry_run,
        notify=request.notify,
        by_rule=request.by_rule,
    )
    with in_run_log(), month as run:
        conduct(run, in_tasks, request.only)
        if run.outcomes:
            show_month(run)
    if request.ask_for_release and not request.dry_run:
        with in_run_log():
            # It takes the month's lock anew: a question may wait for days.
            ask_for_release(folder, service_month, clients=request.clients)
    return run


def in_tasks(step: Step[Item], run: MonthRun, items: Sequence[Item], /) -> None:
    """Do a step as Prefect tasks, one for each item, and wait for all of them."""
    watcher().begin(step.name, len(items))
    as_task = _as_task(step)
    for future in [as_task.submit(run, item) for item in items]:
        future.result()


def _as_task(step: Step[Item]) -> Task[[MonthRun, Item], None]:
    return _reading_task(step) if step.reads_only else _effect_task(step)


def _reading_task(step: Step[Item]) -> Task[[MonthRun, Item], None]:
    @task(
        name=step.name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=READ_RETRIES,
        retry_delay_seconds=exponential_backoff(backoff_factor=2),
        retry_jitter_factor=1,
        retry_condition_fn=_may_succeed_later,
    )
    def _one(run: MonthRun, item: Item) -> None:
        step(run, item)

    return _one


def _effect_task(step: Step[Item]) -> Task[[MonthRun, Item], None]:
    @task(name=step.name, cache_policy=NO_CACHE, persist_result=False)
    def _one(run: MonthRun, item: Item) -> None:
        step(run, item)

    return _one


async def _may_succeed_later(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    try:
        await state.aresult()
    except Retriable:
        return True
    except Exception:  # noqa: BLE001  Whatever else failed, repeating it cannot help.
        return False
    return False

"""The month-end flow: extract, compute uptime, apply the ladder, write the ledger, e-mail.

This is how Prefect runs the recipe of `flows.month`: one task for each step and shard. A task that
only reads is retried by Prefect; a task with effects never is: it is resumed from what the store
holds, by running the flow again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
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
from flows.month import STEPS, MonthRun, Part, SourceRead, Step, conduct, month_run
from flows.office import read_terms
from flows.progress import shown_progress
from flows.release_form import ask_for_release
from flows.requests import (
    AnyMode,
    Clients,
    Mode,
    OptionalMonth,
    Reopen,
    WorkspaceFolder,
    scope_words,
    workspace_folder,
)
from flows.run_log import in_run_log
from models.findings import UnusableInputError
from models.intervals import instant
from models.period import ServiceMonth, last_month_over

Item = TypeVar("Item")

READ_RETRIES = 3
TASKS_AT_ONCE = 2


class MonthRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    month: Annotated[
        OptionalMonth,
        Field(
            title="Month",
            description="The service month, YYYY-MM. Empty: the last one that was over in every "
            "contract's time zone when the run was to start.",
        ),
    ] = ""
    clients: Clients = ()
    mode: AnyMode = Mode.FOR_REAL
    only: Annotated[
        Part, Field(title="Only this part", description="One part of the month, or everything.")
    ] = Part.ALL
    ask_for_release: Annotated[
        bool,
        Field(
            title="Ask for release",
            description="End by asking here what is to be released. The run is suspended until "
            "somebody answers, and only a deployment's run can be.",
        ),
    ] = False
    notify: Annotated[
        bool, Field(title="Notify", description="Mail the summary and post the notices.")
    ] = True
    by_rule: Annotated[
        bool,
        Field(
            title="Release by rule",
            description="Let the contracts' own rules release what they allow.",
        ),
    ] = True
    reopen: Reopen = ""
    workspace: WorkspaceFolder = ""

    @property
    def dry_run(self) -> bool:
        """Whether nothing is written."""
        return self.mode is Mode.DRY_RUN

    @property
    def why_reopened(self) -> str | None:
        """See `MonthRun.reopen`."""
        return self.reopen.strip()

    def month_at(self, at: int) -> ServiceMonth:
        """The month, or the last one that is over by then in every contract's time zone.

        Raises:
            UnusableInputError: It depends on the workspace, and that cannot be used.
        """
        if self.month:
            return ServiceMonth.parse(self.month)
        _, contracts, _ = read_terms(workspace_folder(self.workspace))
        asked = [one for one in contracts if not self.clients or one.client.id in self.clients]
        return last_month_over((v.time_zone for one in asked for v in one.versions), at)

    def title_at(self, at: int) -> str:
        """The run's name in Prefect: `month-end 2026-10 (14 clients, dry run)`."""
        try:
            month = self.month_at(at)
        except UnusableInputError:
            # The run itself says what is wrong with the workspace, better than its name could.
            return "month-end of a workspace that cannot be read"
        said = [scope_words(self.workspace, month, self.clients)]
        said += [] if self.only is Part.ALL else [self.only.value]
        said += ["dry run"] if self.dry_run else []
        return f"month-end {month} ({', '.join(said)})"


class RequestOfPerson(MonthRequest, frozen=True, extra="forbid"):
    """The same from a person at a terminal, who names the month and sees at once what changes."""

    @property
    def why_reopened(self) -> str | None:
        """Nobody reruns a month by a slip there: there is no schedule and no button."""
        return self.reopen.strip() or None


def _run_name() -> str:
    return MonthRequest.model_validate(flow_run.parameters["request"]).title_at(_to_start_at())


def _to_start_at() -> int:
    """When the run was to start: the same when it is resumed weeks later, or came late."""
    # Prefect's own kind of datetime reckons otherwise than Python's.
    return instant(datetime.fromisoformat(flow_run.scheduled_start_time.isoformat()))


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
    folder, service_month = workspace_folder(request.workspace), request.month_at(_to_start_at())
    month = month_run(
        folder,
        month=service_month,
        clients=request.clients,
        dry_run=request.dry_run,
        notify=request.notify,
        by_rule=request.by_rule,
        reopen=request.why_reopened,
    )
    with in_run_log():
        with shown_progress(request.title_at(_to_start_at()), STEPS), month as run:
            conduct(run, in_tasks, request.only)
            show_month(run)
        if request.ask_for_release and not request.dry_run:
            # It takes the month's lock anew: a question may wait for days.
            ask_for_release(folder, service_month, clients=request.clients)
    return run


def in_tasks(step: Step[Item], run: MonthRun, items: Sequence[Item], /) -> None:
    """Do a step as Prefect tasks, one for each item, and wait for all of them."""
    watcher().begin(step.name, len(items))
    as_task = _as_task(step)
    futures = [
        as_task.with_options(task_run_name=_named(step, item, len(items))).submit(run, item)
        for item in items
    ]
    for future in futures:
        future.result()


def _named(step: Step[Item], item: Item, count: int) -> str:
    """A task's name: `compute uptime 3 of 40`, `extract checks`, `pay 2026-05`."""
    match item:
        case int():
            return f"{step.name} {item + 1} of {count}"
        case SourceRead():
            return f"{step.name} {item.source}{', better wins' * item.better_wins}"
        case _:
            return f"{step.name} {item}"


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

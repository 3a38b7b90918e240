"""The month-end flow: extract, compute uptime, apply the ladder, write the ledger, e-mail.

This is how Prefect runs the recipe of `flows.month`: one task for each step and shard. A task that
only reads is retried by Prefect; a task with effects never is: it is resumed from what the store
holds, by running the flow again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from prefect import Task, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import exponential_backoff
from pydantic import BaseModel, Field

from connectors.errors import Retriable
from flows.artifacts import show_month
from flows.log import noted_by, watcher
from flows.month import MonthRun, Step, conduct, month_run
from models.period import MONTH_PATTERN, ServiceMonth

Item = TypeVar("Item")

READ_RETRIES = 3
TASKS_AT_ONCE = 2


class MonthRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for.

    Attributes:
        month: The service month.
        workspace: The folder that holds makegood.yaml.
        clients: Only these clients; empty for all.
        dry_run: Decide and report, write nothing.
        notify: Send the operator's summary.
        by_rule: Let the contracts' own rules release what they allow.
    """

    month: Annotated[str, Field(pattern=MONTH_PATTERN, examples=["2026-05"])]
    workspace: str = "."
    clients: tuple[str, ...] = ()
    dry_run: bool = False
    notify: bool = True
    by_rule: bool = True

    @property
    def title(self) -> str:
        """The run's name in Prefect: `month-end 2026-05 (acme, dry run)`."""
        scope = ", ".join(self.clients) or "all clients"
        return f"month-end {self.month} ({scope}{', dry run' if self.dry_run else ''})"


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
    month = month_run(
        Path(request.workspace),
        month=ServiceMonth.parse(request.month),
        clients=request.clients,
        dry_run=request.dry_run,
        notify=request.notify,
        by_rule=request.by_rule,
    )
    with noted_by(_into_run_log), month as run:
        conduct(run, each=in_tasks)
        show_month(run)
    return run


def _into_run_log(says: str) -> None:
    get_run_logger().info("%s", says)


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

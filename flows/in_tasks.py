"""How Prefect does a month's steps: a task for each item, by what the step's kind allows.

| kind | at once | repeated by Prefect |
|---|---|---|
| reads | two | when it may succeed later: three times, after 2, 4 and 8 s and some chance |
| reckons | one after another, or on a cluster | never: the same comes to the same |
| acts | one after another | never: what is begun is in the store, and a new run goes on with it |

Reckoning is Python's own work, of which two threads of one process do no more than one; they only
take turns, which costs more than it brings. `flows.cluster` gives it to other processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import exponential_backoff

from connectors.errors import Retriable
from flows.cluster import on_cluster
from flows.log import watcher
from flows.month import Kind, MonthRun, SourceRead, Step, said

Item = TypeVar("Item")

AT_ONCE = 2
"""Sources that are asked at the same time."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often Prefect repeats a task, and how long it waits before: longer each time.

    Attributes:
        times: How often at most.
        first_s: Seconds before the first time; the next are each twice as long, and up to as much
            again is added by chance, so that tasks do not return together.
    """

    times: int
    first_s: int


REPEATS: Mapping[Kind, Repeats] = {
    Kind.READS: Repeats(times=3, first_s=2),
}
"""No other kind is among them. A database that was away has let go of the month's lock, so that the
whole run begins again (`flows.patience`); effects have the rules of `flows.effects`."""


def in_tasks(step: Step[Item], run: MonthRun, items: Sequence[Item], /) -> None:
    """Do a step as Prefect tasks, one for each item, until all of them are done."""
    watcher().begin(step.name, len(items))
    names = [_named(step, item, len(items)) for item in items]
    if step.elsewhere is not None and len(items) > 1:
        with on_cluster() as cluster:
            if cluster is not None:
                work = step.elsewhere
                orders = (work.order(run, item) for item in items)
                for item, answer in zip(items, cluster(names, work.work, orders), strict=True):
                    said(work.take(run, item, answer))
                return
    _here(step, run, items, names)


def _here(step: Step[Item], run: MonthRun, items: Sequence[Item], names: Sequence[str]) -> None:
    as_task = _as_task(step)
    tasks = [as_task.with_options(task_run_name=name) for name in names]
    if step.kind is Kind.READS:
        for future in [one.submit(run, item) for one, item in zip(tasks, items, strict=True)]:
            future.result()
        return
    for one, item in zip(tasks, items, strict=True):
        one(run, item)


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
    repeats = REPEATS.get(step.kind)
    return _once(step) if repeats is None else _again(step, repeats)


def _again(step: Step[Item], repeats: Repeats) -> Task[[MonthRun, Item], None]:
    @task(
        name=step.name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=repeats.times,
        retry_delay_seconds=exponential_backoff(backoff_factor=repeats.first_s),
        retry_jitter_factor=1,
        retry_condition_fn=may_succeed_later,
    )
    def _one(run: MonthRun, item: Item) -> None:
        step(run, item)

    return _one


def _once(step: Step[Item]) -> Task[[MonthRun, Item], None]:
    @task(name=step.name, cache_policy=NO_CACHE, persist_result=False)
    def _one(run: MonthRun, item: Item) -> None:
        step(run, item)

    return _one


async def may_succeed_later(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether repeating a task can help: when nothing was changed and something was away."""
    try:
        await state.aresult()
    except Retriable:
        return True
    except Exception:  # noqa: BLE001  Whatever else failed, repeating it cannot help.
        return False
    return False

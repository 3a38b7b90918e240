"""Other processes that reckon: a cluster of Dask, when `MAKEGOOD_CLUSTER` names one.

They are given cases and answer with what these come to: values alone. They hold no lock and no key,
open no database and ask nobody, so that one of them may die at any moment: Dask gives its shard to
another, which finds the same. Whatever changes something is done by the process that has the month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.settings import CLUSTER, held
from models.findings import refuse

if TYPE_CHECKING:
    from prefect_dask.task_runners import DaskTaskRunner

LOCAL = "local:"
"""Begins the setting that asks for processes of this host, such as `local:4`."""

SCHEMES = ("tcp://", "tls://")
"""How addresses of Dask's schedulers begin."""

Work = Callable[[Any], Any]


class Cluster(Protocol):
    """Processes that take orders."""

    def __call__(self, names: Sequence[str], work: Work, orders: Iterable[Any]) -> Iterator[Any]:
        """Do the work for each order, in a Prefect task of that name; answers in their order."""
        ...


@contextmanager
def on_cluster() -> Iterator[Cluster | None]:
    """The configured cluster until the block ends; None where none is configured.

    Raises:
        UnusableInputError: The setting is none that we know, or Dask is not installed.
    """
    wanted = held(CLUSTER)
    if not wanted:
        yield None
        return
    with _runner(wanted) as runner:
        yield lambda names, work, orders: _done(runner, names, work, orders)


def _runner(wanted: str) -> DaskTaskRunner:
    try:
        from prefect_dask.task_runners import DaskTaskRunner  # noqa: PLC0415  Only those who want it have it.
    except ImportError:
        raise refuse(
            CLUSTER,
            f"is {wanted}, and Dask is not installed here",
            expected="Dask where a cluster is named",
            remedy="Install makegood[dask] here and on the cluster, or leave the setting out.",
        ) from None
    if wanted.startswith(SCHEMES):
        return DaskTaskRunner(address=wanted)
    return DaskTaskRunner(
        cluster_class="distributed.LocalCluster",
        cluster_kwargs={
            "n_workers": _processes(wanted),
            "threads_per_worker": 1,
            "processes": True,
            # Its page would listen on a port of its own.
            "dashboard_address": None,
        },
    )


def _processes(wanted: str) -> int:
    number = wanted.removeprefix(LOCAL)
    if not wanted.startswith(LOCAL) or not number.isdecimal() or not int(number):
        raise refuse(
            CLUSTER,
            f"is {wanted!r}",
            expected="local: and a number of processes, or the address of a scheduler",
            remedy="Write local:4, or tcp://scheduler.example:8786.",
        )
    return int(number)


def _done(
    runner: DaskTaskRunner, names: Sequence[str], work: Work, orders: Iterable[Any]
) -> Iterator[Any]:
    futures = [
        runner.submit(
            reckon.with_options(task_run_name=name), parameters={"work": work, "order": order}
        )
        for name, order in zip(names, orders, strict=True)
    ]
    for future in futures:
        yield future.result()


@task(name="reckon", cache_policy=NO_CACHE, persist_result=False)
def reckon(work: Work, order: Any) -> Any:  # noqa: ANN401  What travels is the step's own business.
    """Do one order in another process."""
    return work(order)

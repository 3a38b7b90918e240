"""Many orders at the same time, each in a worker of its own; results come as they are known."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from tests.connectors.store.children import CHILDREN
from tests.sweeping.work import Order, Result, Story, work


class Broken(AssertionError):
    """A worker could not go on; nothing is known of the rest of its cases."""


def results_of(story: Story, *orders: Order, jobs: int = 1) -> Iterator[Result | int]:
    """What came of every case; a number is how many more there will be.

    Raises:
        Broken: A worker failed.
    """
    CHILDREN.set_forkserver_preload([story.place])
    waiting = deque([*own] for _, own in groupby(orders, key=lambda order: order.stage))
    running: dict[object, tuple[Connection, BaseProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                started = _started(story, waiting.popleft())
                running[started[0]] = started
            for ready in wait([pipe for pipe, _ in running.values()]):
                pipe, process = running[ready]
                told = _told(pipe)
                if told is None:
                    process.join()
                    del running[ready]
                else:
                    yield told
    finally:
        for _, process in running.values():
            process.terminate()


def _started(story: Story, orders: Sequence[Order]) -> tuple[Connection, BaseProcess]:
    ours, theirs = CHILDREN.Pipe(duplex=False)
    process = CHILDREN.Process(target=work, args=(story.place, orders, theirs))
    process.start()
    theirs.close()
    return ours, process


def _told(pipe: Connection) -> Result | int | None:
    told = pipe.recv()
    if isinstance(told, str):
        raise Broken(told)
    result: Result | int | None = told
    return result


def swept(story: Story, *orders: Order, jobs: int = 1) -> list[Result]:
    """All results, when everything is done."""
    return [told for told in results_of(story, *orders, jobs=jobs) if not isinstance(told, int)]


def wrong(results: Sequence[Result]) -> dict[str, tuple[str, ...]]:
    """What must never be, by the case's name; empty when all is well."""
    return {result.case.name: result.wrong for result in results if result.wrong}

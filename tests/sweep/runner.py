"""Many orders at the same time, each in a worker of its own; results come as they are known."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from tests.connectors.store.children import CHILDREN
from tests.sweep.scenes import SCENES
from tests.sweep.worker import Order, Result, sweep

CHILDREN.set_forkserver_preload(["tests.sweep.worker"])


class Broken(AssertionError):
    """A worker could not go on; nothing is known of the rest of its cases."""


def results_of(*orders: Order, jobs: int = 1) -> Iterator[Result | int]:
    """What came of every case; a number is how many more there will be.

    Raises:
        Broken: A worker failed.
    """
    waiting = deque([*own] for _, own in groupby(orders, key=lambda order: order.stage))
    running: dict[object, tuple[Connection, BaseProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                started = _started(waiting.popleft())
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


def _started(orders: Sequence[Order]) -> tuple[Connection, BaseProcess]:
    ours, theirs = CHILDREN.Pipe(duplex=False)
    process = CHILDREN.Process(target=sweep, args=(orders, theirs))
    process.start()
    theirs.close()
    return ours, process


def _told(pipe: Connection) -> Result | int | None:
    told = pipe.recv()
    if isinstance(told, str):
        raise Broken(told)
    result: Result | int | None = told
    return result


def swept(*orders: Order, jobs: int = 1) -> list[Result]:
    """All results, when everything is done."""
    return [told for told in results_of(*orders, jobs=jobs) if not isinstance(told, int)]


def wrong(results: Sequence[Result]) -> dict[str, tuple[str, ...]]:
    """What must never be, by the case's name; empty when all is well.

    A question to a person that no rule asks for is wrong as well: "ask about everything" would
    never double and never lose.
    """
    found = {}
    for result in results:
        needless = tuple(
            f"{part} is asked about without need: {why}"
            for part, why in result.asked.items()
            if not may_ask(result)
        )
        if result.wrong or needless:
            found[result.case.name] = (*result.wrong, *needless)
    return found


def may_ask(result: Result) -> bool:
    """Whether a case may end with a question.

    A refund that failed at the vendor's side may have been made all the same, and no look tells. A
    question of ours that the vendor refuses again and again cannot be answered by asking again.
    """
    case, asks = result.case, result.moment.startswith("GET")
    failed = case.fault in {"failed-saved", "failed-unsaved", "gateway"}
    return (SCENES[case.scene].refunds and failed) or (asks and case.fault == "refused")

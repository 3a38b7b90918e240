"""The log of a Prefect run, as the place where a flow's notes go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.logging import get_run_logger

from flows.log import noted_by


@contextmanager
def in_run_log() -> Iterator[None]:
    """Have notes go into the present run's log until the block ends."""
    with noted_by(_into_run_log):
        yield


def _into_run_log(says: str) -> None:
    get_run_logger().info("%s", says)

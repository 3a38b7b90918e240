"""The log of a Prefect run, as the place where a flow's notes go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.logging import get_run_logger

from flows.log import noted_in


@contextmanager
def in_run_log() -> Iterator[None]:
    """Have notes go into the log of the present flow or task run until the block ends."""
    with noted_in(get_run_logger):
        yield

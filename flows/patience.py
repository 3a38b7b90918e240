"""A run that nobody watches waits for what is away, and begins again from the top.

The database's lock on the month goes with the connection, so a run that lost it cannot go on; but
every step is harmless when repeated, and a new attempt continues from what is recorded. At a
terminal nothing waits: a person is told at once, and runs the command again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from prefect.runtime import deployment

from connectors.errors import Retriable
from connectors.retry import PATIENT_ATTEMPTS, with_patience
from connectors.store import HeldError
from flows.log import note

T = TypeVar("T")


def patiently(act: Callable[[], T]) -> T:
    """Do it, and in a deployment's run do it again while something cannot be reached.

    Raises:
        Retriable: It is still away after minutes; or somebody else had the month from the start.
        Exception: Whatever else was raised, at once.
    """
    if not is_unattended():
        return act()
    return with_patience(act, worth=worth_waiting, tell=_tell)


def is_unattended() -> bool:
    """Whether the present run is a deployment's, so that nobody waits for it at a terminal."""
    return bool(deployment.id)


def worth_waiting(raised: BaseException, attempt: int) -> bool:
    """Whether the same may succeed in a while.

    A month that somebody else has is refused at once. Later it is our own earlier attempt that may
    still seem to have it, until the database notices that its connection is gone.
    """
    if isinstance(raised, HeldError):
        return attempt > 1
    return isinstance(raised, Retriable)


def _tell(raised: BaseException, attempt: int) -> None:
    note(f"{raised} It is tried again in a while ({attempt + 1} of {PATIENT_ATTEMPTS}).")

"""The one retry policy: what may be repeated, how often, and how long to wait in between.

A request is repeated within a minute (`with_retries`), a whole run in minutes (`with_patience`).

Only `Retriable` is repeated: nothing was changed, and the same request may succeed. Everything else
goes to the caller at once, above all an unknown outcome, which is looked up and never repeated
blindly. The libraries of vendors have their own retries switched off.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
    wait_random_exponential,
)

from connectors.errors import Retriable

ATTEMPTS = 5
SHORTEST_WAIT_S = 1
LONGEST_WAIT_S = 30

PATIENT_ATTEMPTS = 7
FIRST_PATIENT_WAIT_S = 5
LONGEST_PATIENT_WAIT_S = 160
"""5 + 10 + 20 + 40 + 80 + 160 seconds, and up to five more each: a database that is away for five
minutes is waited for."""

T = TypeVar("T")


def with_retries(
    call: Callable[[], T],
    *,
    attempts: int = ATTEMPTS,
    sleep: Callable[[Any], None] = time.sleep,
) -> T:
    """Call until it succeeds, at most `attempts` times, with growing and random waits in between.

    Args:
        call: Safe to repeat whenever it raises `Retriable`.
        attempts: How often it is called at most.
        sleep: Waits so many seconds; tests pass their own.

    Raises:
        Retriable: The last attempt failed as well.
        Exception: Whatever else the call raised, at once.
    """
    retrying = Retrying(
        retry=retry_if_exception_type(Retriable),
        stop=stop_after_attempt(attempts),
        wait=wait_random_exponential(multiplier=SHORTEST_WAIT_S, max=LONGEST_WAIT_S),
        sleep=sleep,
        reraise=True,
    )
    return retrying(call)


def with_patience(
    call: Callable[[], T],
    *,
    worth: Callable[[BaseException, int], bool],
    tell: Callable[[BaseException, int], object],
    sleep: Callable[[Any], None] = time.sleep,
) -> T:
    """Call until it succeeds, over minutes, for what nobody watches and something is away for.

    Args:
        call: Safe to repeat from its beginning.
        worth: Whether waiting may help, given what was raised and the attempt's number, from 1 on.
        tell: Takes what was raised and the attempt's number before each wait.
        sleep: Waits so many seconds; tests pass their own.

    Raises:
        Exception: What the last attempt raised, or what is not worth waiting for.
    """

    def _worth(state: RetryCallState) -> bool:
        raised = state.outcome.exception() if state.outcome else None
        return raised is not None and worth(raised, state.attempt_number)

    def _tell(state: RetryCallState) -> None:
        raised = state.outcome.exception() if state.outcome else None
        if raised is not None:
            tell(raised, state.attempt_number)

    retrying = Retrying(
        retry=_worth,
        stop=stop_after_attempt(PATIENT_ATTEMPTS),
        wait=wait_exponential(multiplier=FIRST_PATIENT_WAIT_S, max=LONGEST_PATIENT_WAIT_S)
        + wait_random(0, FIRST_PATIENT_WAIT_S),
        before_sleep=_tell,
        sleep=sleep,
        reraise=True,
    )
    return retrying(call)


def pause(milliseconds: int) -> None:
    """Wait so long; `time.sleep` would need a float for parts of a second."""
    select.poll().poll(max(0, milliseconds))

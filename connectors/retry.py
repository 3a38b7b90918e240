"""The one retry policy: what may be repeated, how often, and how long to wait in between.

Only `Retriable` is repeated: nothing was changed, and the same request may succeed. Everything else
goes to the caller at once, above all an unknown outcome, which is looked up and never repeated
blindly. The libraries of vendors have their own retries switched off.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from connectors.errors import Retriable

ATTEMPTS = 5
SHORTEST_WAIT_S = 1
LONGEST_WAIT_S = 30

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


def pause(milliseconds: int) -> None:
    """Wait so long; `time.sleep` would need a float for parts of a second."""
    select.poll().poll(max(0, milliseconds))

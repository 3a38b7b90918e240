"""Where a run says what it does: Prefect's run log, and a terminal's progress bar.

The full record is in the store. These are for the person who watches.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

WITHOUT_RUN = logging.getLogger("makegood")


class Progress(Protocol):
    """Somebody who watches a run."""

    def begin(self, step: str, parts: int) -> None:
        """A step begins, with so many parts."""
        ...

    def part(self, says: str) -> None:
        """One part of the step is done."""
        ...


class NobodyWatches:
    """The default: no terminal is attached."""

    def begin(self, step: str, parts: int) -> None:
        """Show nothing."""

    def part(self, says: str) -> None:
        """Show nothing."""


WATCHER: ContextVar[Progress] = ContextVar("watcher")
SCRIBE: ContextVar[Callable[[str], None]] = ContextVar("scribe")
"""Where notes go; a Prefect flow sets its run's log, otherwise they go to Python's logging."""


def watcher() -> Progress:
    """Whoever watches the present run."""
    return WATCHER.get(NobodyWatches())


@contextmanager
def noted_by(scribe: Callable[[str], None]) -> Iterator[None]:
    """Have notes go there until the block ends."""
    before = SCRIBE.set(scribe)
    try:
        yield
    finally:
        SCRIBE.reset(before)


def note(says: str) -> None:
    """Put one line into the run's log."""
    SCRIBE.get(WITHOUT_RUN.info)(says)

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
Log = logging.Logger | logging.LoggerAdapter[logging.Logger]
LOG: ContextVar[Callable[[], Log]] = ContextVar("log")
"""Who gives the log for notes; a Prefect flow gives its run's, otherwise it is Python's own."""


def watcher() -> Progress:
    """Whoever watches the present run."""
    return WATCHER.get(NobodyWatches())


@contextmanager
def noted_in(log: Callable[[], Log]) -> Iterator[None]:
    """Have notes go there until the block ends; it is asked anew for each of them."""
    before = LOG.set(log)
    try:
        yield
    finally:
        LOG.reset(before)


@contextmanager
def watched_by(watches: Progress) -> Iterator[None]:
    """Have somebody watch until the block ends."""
    before = WATCHER.set(watches)
    try:
        yield
    finally:
        WATCHER.reset(before)


def note(says: str) -> None:
    """Put one line of the story into the run's log."""
    _log().info("%s", says)


def note_detail(*details: Callable[[], str]) -> None:
    """Put lines into the run's log for whoever looks closely; made only when somebody does."""
    log = _log()
    if log.isEnabledFor(logging.DEBUG):
        for says in details:
            log.debug("%s", says())


def _log() -> Log:
    return LOG.get(_without_run)()


def _without_run() -> Log:
    return WITHOUT_RUN

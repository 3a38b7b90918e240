"""How far a run is, as a bar on its page in Prefect.

It is moved at most every five seconds: a step may have thousands of parts. It tells, and decides
nothing; a run that failed leaves it where it stood.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from flows.log import Progress, watched_by, watcher

PAUSE_SECONDS = 5
KEY = "progress"


class Bar:
    """A progress artifact of the present run, which tells whoever watched before as well."""

    def __init__(self, title: str, steps: Sequence[str], before: Progress) -> None:
        """Show the bar at its beginning."""
        self._title, self._steps, self._before = title, tuple(steps), before
        self._at, self._step, self._parts, self._done = 0, "", 0, 0
        self._moved, self._lock = monotonic(), Lock()
        self._id: UUID = create_progress_artifact(  # type: ignore[assignment]  # A coroutine only where one awaits.
            progress=0, key=KEY, description=f"{title}: begins"
        )

    def begin(self, step: str, parts: int) -> None:
        """Begin a step, or a stretch of the step that is under way."""
        self._before.begin(step, parts)
        with self._lock:
            self._at = self._steps.index(step) if step in self._steps else self._at
            self._step, self._parts, self._done = step, parts, 0
            self._move()

    def part(self, says: str) -> None:
        """One part more is done."""
        self._before.part(says)
        with self._lock:
            self._done += 1
            if monotonic() - self._moved >= PAUSE_SECONDS:
                self._move()

    def end(self) -> None:
        """Say that all is done."""
        update_progress_artifact(self._id, progress=100, description=f"{self._title}: done")

    def _move(self) -> None:
        self._moved = monotonic()
        share = min(self._done, self._parts) * 100 // max(self._parts, 1)
        of = f", {self._done} of {self._parts}" if self._parts > 1 else ""
        update_progress_artifact(
            self._id,
            progress=(100 * self._at + share) // len(self._steps),
            description=f"{self._title}: {self._step}{of}",
        )


@contextmanager
def shown_progress(title: str, steps: Sequence[str]) -> Iterator[None]:
    """Show in Prefect how far the present run is, until the block ends.

    Args:
        title: The run.
        steps: The names of its steps, in order; one that is left out is passed over.
    """
    bar = Bar(title, steps, watcher())
    with watched_by(bar):
        yield
    bar.end()

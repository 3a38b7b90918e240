"""A progress bar on a terminal, on stderr, so that stdout stays the answer's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from flows.log import WATCHER, NobodyWatches


class Bar:
    """One line for each step of a month."""

    def __init__(self, shown: Progress) -> None:
        """Draw on a started rich progress display."""
        self._shown = shown
        self._step: TaskID | None = None

    def begin(self, step: str, parts: int) -> None:
        """Start a new line."""
        self._step = self._shown.add_task(step, total=parts, says="")

    def part(self, says: str) -> None:
        """Move the line on, with the last thing that was said beside it."""
        if self._step is not None:
            self._shown.update(self._step, advance=1, says=says)


@contextmanager
def watched(*, title: str) -> Iterator[None]:
    """Show progress while the block runs, when stderr is a terminal."""
    if not sys.stderr.isatty():
        WATCHER.set(NobodyWatches())
        yield
        return
    columns = (
        TextColumn("  {task.description:16}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("[dim]{task.fields[says]}"),
    )
    console = Console(stderr=True)
    console.print(f"[bold]{title}")
    with Progress(*columns, console=console) as shown:
        WATCHER.set(Bar(shown))
        yield
    WATCHER.set(NobodyWatches())

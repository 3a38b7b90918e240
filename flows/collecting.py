"""Python's search for garbage in cycles, made rare while a month's run holds all it needs.

A run keeps what it reads and decides to its end. Looking through all of it again and again for
cycles that nobody uses found nothing, and took a seventh of the run's time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

RARELY = (50_000, 20, 1_000)
"""Young objects are looked through after so many new ones; all of them hardly ever."""


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Leave what there is out of the search, and search rarely, until the block ends."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()

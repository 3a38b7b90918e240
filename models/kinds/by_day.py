"""At most so many a day: what single outages earn, cut to a number of them on each calendar day.

An outage belongs to the day on which its counted time began, in the contract's zone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from models.intervals import utc
from models.ladder import Measured
from models.period import zone


def day_of(at: int, time_zone: str) -> date:
    """The calendar date of an instant in a zone."""
    return utc(at).astimezone(zone(time_zone)).date()


def within_days(counts: Sequence[int], most: int | None, measured: Measured) -> list[int] | None:
    """How many of each outage count, in order of time; None when the days are not known.

    Args:
        counts: How many each outage would earn by itself.
        most: How many a day earns; None for any number.
        measured: Says when the outages began.
    """
    if most is None or not any(counts):
        return list(counts)
    if measured.outage_starts is None:
        return None
    used: Counter[date] = Counter()
    kept = []
    for at, count in zip(measured.outage_starts, counts, strict=True):
        day = day_of(at, measured.time_zone)
        left = min(count, most - used[day])
        used[day] += left
        kept.append(left)
    return kept

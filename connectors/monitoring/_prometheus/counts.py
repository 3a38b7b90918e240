"""Windowed counts asked of the server: the increase of counters over each window."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from connectors.monitoring._prometheus.api import BadValue
from models.requests import RequestWindow
from models.sources.prometheus import WINDOW, is_selector

NONE = Decimal(0)
NAME = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)")
EXPECTED = "how many there were, at least 0"


def counting(query: str, window_ms: int, region_label: str | None) -> str:
    """The expression for how many there were in the window that ends at an instant.

    >>> counting('hits_total{job="a"}', 60_000, "region")
    'sum by (region) (increase(hits_total{job="a"}[60000ms]))'
    >>> counting("sum(increase(a[$window])) + sum(increase(b[$window]))", 1000, None)
    'sum(increase(a[1000ms])) + sum(increase(b[1000ms]))'
    """
    length = f"{window_ms}ms"
    if not is_selector(query):
        return query.replace(WINDOW, length)
    regions = f" by ({region_label}) " if region_label else ""
    return f"sum{regions}(increase({query.strip()}[{length}]))"


def metric_of(query: str) -> str | None:
    """The metric whose series a selector picks; None for an expression, or one without a name.

    >>> metric_of('hits_total{code="500"}'), metric_of("sum(increase(hits_total[$window]))")
    ('hits_total', None)
    """
    named = NAME.match(query) if is_selector(query) else None
    return named[1] if named else None


def windows_of(
    total: Mapping[int, str], failed: Mapping[int, str], window_ms: int
) -> Iterator[RequestWindow]:
    """The windows of which the server knows anything; the values stand at each window's end.

    Without a total nobody knows how many there were, so failures stand alone; without failures
    there were none. NaN is no count, so its window is not known of.

    Raises:
        BadValue: A value counts nothing.
    """
    for end in sorted({*total, *failed}):
        counts = [_count(end, side[end]) if end in side else NONE for side in (total, failed)]
        if not any(count.is_nan() for count in counts):
            yield RequestWindow(end - window_ms, window_ms, *counts)


def _count(at: int, value: str) -> Decimal:
    try:
        count = Decimal(value)
    except InvalidOperation:
        raise BadValue(at, value, EXPECTED) from None
    if not count.is_nan() and (count.is_infinite() or count < 0):
        raise BadValue(at, value, EXPECTED)
    return count

"""What the stand-in's organisation holds: SLOs, Synthetics tests, corrections, as plain values."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

UP, DOWN, NO_DATA = 0, 1, 2
Entry = tuple[int, int]
"""A second, and the state that began then."""

MONITOR, METRIC, TIME_SLICE = "monitor", "metric", "time_slice"
TYPE_IDS = {MONITOR: 0, METRIC: 1, TIME_SLICE: 2}
INTERVALS = (60, 300, 600, 1800, 3600, 7200, 14_400, 86_400)
MOST_POINTS = 12
COARSE = 600


@dataclass(slots=True, kw_only=True)
class Slo:
    """An SLO and all of its past.

    Attributes:
        name: Its name.
        type: `monitor`, `time_slice` or `metric`.
        history: The whole's past, in the order in which it is answered.
        monitors: The past of each of its monitors, by name.
        groups: The past of each of its groups, by name.
        counts: Good and all requests, by second; for `metric`.
        preview: Whether its past is still being worked out.
    """

    name: str = "an SLO"
    type: str = MONITOR
    history: list[Entry] = field(default_factory=list)
    monitors: dict[str, list[Entry]] = field(default_factory=dict)
    groups: dict[str, list[Entry]] = field(default_factory=dict)
    counts: dict[int, tuple[int, int]] = field(default_factory=dict)
    preview: bool = False


@dataclass(slots=True, kw_only=True)
class Test:
    """A Synthetics test and all of its past; `groups` are its locations."""

    __test__ = False

    history: list[Entry] = field(default_factory=list)
    groups: dict[str, list[Entry]] = field(default_factory=dict)


def seen(entries: Sequence[Entry], start: int, end: int) -> list[list[int]]:
    """What is answered of a past: all that began in the span, and before it the last one."""
    before = max((at for at, _ in entries if at <= start), default=start)
    return [[at, state] for at, state in entries if before <= at < end]


def corrected(entries: Sequence[Entry], spans: Iterable[tuple[int, int]]) -> list[Entry]:
    """A past with the corrected spans counted as up."""
    changed = sorted(entries)
    for start, end in spans:
        after = [state for at, state in changed if at <= end]
        kept = [(at, state) for at, state in changed if not start <= at <= end]
        changed = sorted([*kept, (start, UP), *([(end, after[-1])] if after else [])])
    return changed


def uptime(entries: Sequence[Entry], start: int, end: int) -> float | None:
    """The percentage as Datadog answers it: a 32-bit float; no data counts as up."""
    listed = sorted({(max(at, start), state) for at, state in seen_pairs(entries, start, end)})
    if not listed:
        return None
    edges = [at for at, _ in listed[1:]] + [end]
    down = sum(edge - at for (at, state), edge in zip(listed, edges, strict=True) if state == DOWN)
    percent = (end - start - down) * 100 / (end - start)
    return float(struct.unpack("f", struct.pack("f", percent))[0])


def seen_pairs(entries: Sequence[Entry], start: int, end: int) -> list[Entry]:
    """The same as `seen`, as pairs."""
    return [(at, state) for at, state in seen(entries, start, end)]


def series(slo: Slo, start: int, end: int) -> dict[str, Any]:
    """Counts of requests in the windows that Datadog chooses: wider for a longer span."""
    interval = next((i for i in INTERVALS if (end - start) // i <= MOST_POINTS), INTERVALS[-1])
    first = start // min(COARSE, interval) * min(COARSE, interval)
    times = [first, *range((first // interval + 1) * interval, end, interval)]
    edges = [*times[1:], end]
    good, total = [], []
    for at, edge in zip(times, edges, strict=True):
        inside = [c for s, c in slo.counts.items() if max(at, start) <= s < edge]
        good.append(float(sum(fine for fine, _ in inside)))
        total.append(float(sum(counted for _, counted in inside)))
    return {
        "res_type": "time_series",
        "resp_version": 2,
        "query": "sum:hits{ok}.as_count(), sum:hits{*}.as_count()",
        "message": "",
        "interval": interval,
        "times": [at * 1000.0 for at in times],
        "numerator": _counted(good, 0),
        "denominator": _counted(total, 1),
    }


def _counted(values: list[float], index: int) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "unit": None,
        "query_index": index,
        "aggr": "sum",
        "metric": "hits",
        "tag_set": [],
        "expression": "sum:hits{*}.as_count()",
        "scope": "*",
    }
    return {"values": values, "metadata": metadata, "sum": sum(values), "count": len(values)}

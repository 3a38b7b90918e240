"""The engine equals what it is faster than: the same timelines and the same minute counts.

Checks are generated in disorder, repeated, contradicting, late in other files, over midnight and a
month's end; the engine reads them from Parquet in small pieces, by days and by monitors.
"""

import tempfile
import tracemalloc
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.monitoring._compaction import Observations, compact_all
from connectors.monitoring._engine.kernel import Frame, finish
from connectors.monitoring._engine.keys import DAY_MS
from connectors.monitoring._engine.measure import Asked, measure, measure_rows
from connectors.monitoring._engine.scan import Layout
from models.outage import State
from models.runs import Runs

APRIL_29 = 1_777_420_800_000
HOUR_MS = 3_600_000
COLUMNS = {"monitor": "monitor", "region": "region", "at": "at", "up": "up"}
MONITORS = ("api", "login", "search")
REGIONS = ("", "eu", "us")

instants = st.one_of(
    st.integers(0, 80).map(lambda n: n * HOUR_MS),
    st.integers(0, 80 * HOUR_MS),
    st.integers(0, 40).map(lambda n: 48 * HOUR_MS + (n - 20) * 30_000),
).map(lambda at: APRIL_29 + at)

checks = st.tuples(st.sampled_from(MONITORS), st.sampled_from(REGIONS), instants, st.booleans())


@st.composite
def calm_hours(draw):
    """Passed checks of one probe every two or five minutes for an hour or two."""
    monitor, region = draw(st.sampled_from(MONITORS)), draw(st.sampled_from(REGIONS))
    start, every = draw(instants), draw(st.sampled_from([119_999, 310_000]))
    return [(monitor, region, start + n * every, True) for n in range(draw(st.integers(12, 30)))]


@st.composite
def files(draw):
    """One to three files: shuffled, by time, or by monitor."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        rows = draw(st.lists(checks, min_size=1, max_size=40))
        rows += [row for hour in draw(st.lists(calm_hours(), max_size=1)) for row in hour]
        rows += draw(st.lists(st.sampled_from(rows), max_size=6))
        order = draw(st.sampled_from(["as it comes", "by time", "by monitor"]))
        if order == "by time":
            rows.sort(key=lambda row: row[2])
        if order == "by monitor":
            rows.sort()
        found.append(rows)
    return found


def written(rows, path, *, unit, group):
    """A Parquet file of checks."""
    monitors, regions, at, ups = zip(*rows, strict=True)
    times = pa.array(at).cast(pa.timestamp("ms", "UTC")).cast(pa.timestamp(unit, "UTC"))
    table = pa.table(
        {"monitor": list(monitors), "region": list(regions), "at": times, "up": list(ups)}
    )
    pa.parquet.write_table(table, path, row_group_size=group)
    return Layout.of(path, COLUMNS)


def compacted(found, *, floor, better_wins):
    """The timelines that the slower way makes."""
    rows = [row for file in found for row in file]
    names = sorted({row[:2] for row in rows})
    observations = Observations(
        probes=np.array([names.index(row[:2]) for row in rows]),
        at=np.array([row[2] for row in rows], dtype=np.int64),
        states=np.array([State.UP if row[3] else State.DOWN for row in rows], dtype=np.int8),
    )
    return compact_all(
        observations,
        names=names,
        wanted=[True] * len(names),
        gap_floor_ms=floor,
        better_wins=better_wins,
    )


def counted(found, *, better_wins):
    """Checks by monitor, region, minute and state, one for each instant."""
    standing: dict[tuple[str, str, int], bool] = {}
    best = max if better_wins else min
    for monitor, region, at, up in (row for file in found for row in file):
        key = (monitor, region, at)
        standing[key] = best(standing.get(key, up), up)
    return Counter(
        (monitor, region, at // 60_000, State.UP if up else State.DOWN)
        for (monitor, region, at), up in standing.items()
    )


def counted_by(measured):
    """The same from the engine's chunks."""
    found: Counter[tuple[str, str, int, State]] = Counter()
    for monitor, days in measured.chunks.items():
        for day, chunk in days.items():
            counts = chunk.counts()
            for state, plane in counts.counts.items():
                for place, minute in zip(*np.nonzero(plane), strict=True):
                    key = (monitor, counts.regions[place], day * 1440 + int(minute), state)
                    found[key] = int(plane[place, minute])
    return found


@settings(max_examples=200, deadline=None)
@given(
    files(),
    st.sampled_from([1, 60_000, 15 * 60_000, 3 * HOUR_MS]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 7, 1000]),
    st.sampled_from(["ms", "us", "ns"]),
    st.sampled_from([1, 2]),
)
def test_the_engine_finds_what_compacting_finds(  # noqa: PLR0917 - Hypothesis gives them by position
    found, floor, better_wins, by_monitor, group, unit, threads
):
    """Timelines, counts, and what was repeated, contradicted or out of order are all the same."""
    with tempfile.TemporaryDirectory() as folder:
        layouts = [
            written(rows, Path(folder) / f"{n}.parquet", unit=unit, group=group)
            for n, rows in enumerate(found)
        ]
        asked = Asked(
            floor_ms=floor,
            better_wins=better_wins,
            rows_per_piece=group,
            threads=threads,
            by_monitor=by_monitor,
        )
        measured = measure(layouts, asked)
        hasty = measure(layouts, replace(asked, counts=False, repeated=False))
    slow = compacted(found, floor=floor, better_wins=better_wins)
    fast = [line for runs in measured.runs() for line in runs.timelines(floor)]
    assert fast == slow.timelines
    assert [line for runs in hasty.runs() for line in runs.timelines(floor)] == slow.timelines
    without = compacted(found, floor=None, better_wins=better_wins)
    assert [line for runs in measured.runs() for line in runs.timelines(None)] == without.timelines
    assert counted_by(measured) == counted(found, better_wins=better_wins)
    assert measured.duplicates == slow.duplicates
    assert measured.conflicting == slow.conflicting_duplicates
    assert measured.out_of_order == slow.out_of_order
    assert measured.rows == sum(map(len, found))
    assert [Runs.parsed(runs.canonical()).canonical() for runs in measured.runs()] == [
        runs.canonical() for runs in measured.runs()
    ]


@settings(max_examples=100, deadline=None)
@given(
    files(),
    st.lists(st.tuples(instants, instants), min_size=2, max_size=3),
    st.sampled_from([1, 60_000, 15 * 60_000, 3 * HOUR_MS]),
)
def test_readings_of_parts_are_united_to_the_reading_of_all(found, parts, floor):
    """Each part holds all checks between two instants; together they are compacted as one."""
    checked = sorted(row for file in found for row in file)
    standing = {row[:3]: row for row in checked}.values()
    told = [[row for row in standing if low <= row[2] <= high] for low, high in parts]
    names = sorted({row[:2] for row in standing if row[0] == "api"})
    read = [
        runs
        for rows in told
        if (mine := [row for row in rows if row[0] == "api"])
        for runs in measure_rows(
            Observations(
                probes=np.array([names.index(row[:2]) for row in mine]),
                at=np.array([row[2] for row in mine], dtype=np.int64),
                states=np.array([State.UP if row[3] else State.DOWN for row in mine], np.int8),
            ),
            names,
            Asked(floor_ms=floor),
        ).runs()
    ]
    if read:
        rows = {row for part in told for row in part if row[0] == "api"}
        slow = compacted([sorted(rows)], floor=floor, better_wins=False)
        assert list(Runs.united(read).timelines(floor)) == slow.timelines


def test_calm_cells_cost_what_a_bucket_spans_and_not_what_lies_before_it():
    """One probe's day behind a hundred thousand other probes: 288 cells, not thirty million."""
    frame = Frame(DAY_MS, floor_ms=15 * 60_000)
    at = 100_000 * frame.stride_ms + np.arange(0, DAY_MS, 60_000)
    keys = ((at << 2) + frame.severity(State.UP)).astype(np.uint64)
    tracemalloc.start()
    unit = finish([keys], frame, counts=False, repeated=False)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (unit.firsts.tolist(), unit.lasts.tolist()) == ([keys[0]], [keys[-1]])
    assert most < 1 << 20

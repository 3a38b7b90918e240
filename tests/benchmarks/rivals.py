"""Times other engines on the engine's own jobs, and holds their answers against ours.

    python -m tests.benchmarks.rivals /tmp/month --threads 2

Each job is done by the best SQL that we could write for DuckDB, by pandas as people write it, and
by our engine, all in this run, decoding included. CPU seconds are compared; answers that differ end
it with an error. The folder holds daily files as `tests.benchmarks.generate_month` writes them.
"""

import deployments  # noqa: F401, I001 - it chooses the processor's instructions before NumPy starts

import argparse
import os
import statistics
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from connectors.monitoring._engine import measure as engine
from connectors.monitoring._engine.scan import Layout
from models.intervals import MINUTE_MS
from models.minutes import MINUTES_PER_DAY
from models.outage import State
from tests.benchmarks.engine import COLUMNS, timed

FLOOR_MS = engine.DEFAULT_FLOOR_MS

Answer = tuple[int, ...]
"""What a job found, in a few whole numbers that differ when anything does."""

ONE_CHECK_AN_INSTANT = """
    SELECT monitor, region, epoch_ms("at") AS t, bool_and(up) AS up
    FROM read_parquet({files}) GROUP BY ALL
"""
"""Repeated rows count once, and of contradicting ones the failure stands."""

COUNTS_IN_SQL = f"""
    WITH minutes AS (
        SELECT monitor, region, t // {MINUTE_MS} AS minute, count(*) AS checks,
            count(*) FILTER (NOT up) AS failed
        FROM ({ONE_CHECK_AN_INSTANT}) GROUP BY ALL)
    SELECT count(*), sum(checks), sum(failed), sum(checks * minute), sum(failed * minute)
    FROM minutes
"""  # noqa: S608  All of it is ours.

RUNS_IN_SQL = f"""
    WITH looks AS (
        SELECT monitor, region, t, up, lag(t) OVER probe AS before, lag(up) OVER probe AS was
        FROM ({ONE_CHECK_AN_INSTANT}) WINDOW probe AS (PARTITION BY monitor, region ORDER BY t)),
    ends AS (SELECT monitor, region, max(t) AS last FROM looks GROUP BY ALL),
    runs AS (
        SELECT monitor, region, t AS first, up,
            lead(before) OVER (PARTITION BY monitor, region ORDER BY t) AS last
        FROM looks WHERE was IS NULL OR up <> was OR t - before >= {FLOOR_MS})
    SELECT count(*), count(*) FILTER (NOT up), sum(first), sum(coalesce(runs.last, ends.last)),
        sum(coalesce(runs.last, ends.last) - first) FILTER (NOT up)
    FROM runs JOIN ends USING (monitor, region)
"""  # noqa: S608  All of it is ours.

WINDOW_MS = 5 * MINUTE_MS

WINDOWS_IN_SQL = f"""
    WITH looks AS (
        SELECT monitor, region, t, up, lag(up) OVER probe AS was
        FROM (SELECT monitor, region, epoch_ms("at") AS t, bool_and(up) AS up
            FROM read_parquet({{files}}) GROUP BY ALL)
        WINDOW probe AS (PARTITION BY monitor, region ORDER BY t)),
    turns AS (
        SELECT up, t, lead(t) OVER (PARTITION BY monitor, region ORDER BY t) AS until
        FROM looks WHERE was IS NULL OR up <> was)
    SELECT count(*), sum(greatest(until // {WINDOW_MS} - (t + {WINDOW_MS - 1}) // {WINDOW_MS}, 0))
    FROM turns WHERE NOT up AND until IS NOT NULL
"""  # noqa: S608  All of it is ours.
"""A state holds until the next look, and a window fails that is down from end to end."""


def in_duckdb(sql: str, paths: list[Path], threads: int) -> Answer:
    """What DuckDB answers, in as many threads."""
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        found = connection.execute(sql.format(files=[str(path) for path in paths])).fetchone()
    return tuple(map(int, found or ()))


def _one_check_an_instant(paths: list[Path]) -> pd.DataFrame:
    frame = pd.concat(
        pd.read_parquet(path).astype({"monitor": "category", "region": "category"})
        for path in paths
    )
    frame["monitor"] = frame["monitor"].astype("category")
    frame["region"] = frame["region"].astype("category")
    frame["t"] = frame["at"].dt.as_unit("ms").astype("int64")
    ordered = frame.sort_values(["monitor", "region", "t", "up"])
    return ordered.drop_duplicates(["monitor", "region", "t"])


def counts_in_pandas(paths: list[Path]) -> Answer:
    """Minute counts as people write them."""
    frame = _one_check_an_instant(paths)
    frame["minute"] = frame["t"] // MINUTE_MS
    frame["failed"] = ~frame["up"]
    grouped = frame.groupby(["monitor", "region", "minute"], observed=True)
    minutes = grouped["failed"].agg(["size", "sum"]).reset_index()
    weighted = minutes[["size", "sum"]].multiply(minutes["minute"], axis=0).sum()
    return (len(minutes), *map(int, (*minutes[["size", "sum"]].sum(), *weighted)))


def runs_in_pandas(paths: list[Path]) -> Answer:
    """Exact runs as people write them."""
    frame = _one_check_an_instant(paths)
    before = frame.groupby(["monitor", "region"], observed=True)[["t", "up"]].shift()
    begins = before["t"].isna() | (frame["up"] != before["up"])
    begins |= frame["t"] - before["t"] >= FLOOR_MS
    runs = frame.groupby(begins.cumsum())
    first, last, down = runs["t"].first(), runs["t"].last(), ~runs["up"].first()
    return tuple(
        map(int, (len(first), down.sum(), first.sum(), last.sum(), (last - first)[down].sum()))
    )


def windows_in_pandas(paths: list[Path]) -> Answer:
    """Failed windows as people write them."""
    frame = _one_check_an_instant(paths)
    probe = frame.groupby(["monitor", "region"], observed=True)
    turns = frame[probe["up"].shift().ne(frame["up"])]
    until = turns.groupby(["monitor", "region"], observed=True)["t"].shift(-1)
    over = ~turns["up"] & until.notna()
    start, end = turns["t"][over], until[over].astype("int64")
    failed = end // WINDOW_MS - (start + WINDOW_MS - 1) // WINDOW_MS
    return int(over.sum()), int(failed.clip(lower=0).sum())


def _measured(
    paths: list[Path], threads: int, *, runs: bool, counts: bool, repeated: bool = True
) -> engine.Measured:
    layouts = [Layout.of(path, COLUMNS) for path in paths]
    asked = engine.Asked(runs=runs, counts=counts, repeated=repeated, threads=threads)
    return engine.measure(layouts, asked)


def our_windows(paths: list[Path], threads: int) -> Callable[[], Answer]:
    """Our failed windows."""
    found = _measured(paths, threads, runs=True, counts=False, repeated=False).fragments
    begins = np.append(True, found.probes[1:] != found.probes[:-1])
    turns = np.flatnonzero(begins | np.append(True, found.states[1:] != found.states[:-1]))
    probe, start, state = found.probes[turns], found.first[turns], found.states[turns]
    over = np.flatnonzero((state[:-1] == State.DOWN) & (probe[:-1] == probe[1:]))
    start, end = start[over], start[over + 1]
    failed = np.maximum(end // WINDOW_MS - (start + WINDOW_MS - 1) // WINDOW_MS, 0)
    answer = int(over.size), int(failed.sum())
    return lambda: answer


def our_counts(paths: list[Path], threads: int) -> Callable[[], Answer]:
    """Our minute counts; what it answers adds them up, which nobody else is asked to do."""
    measured = _measured(paths, threads, runs=False, counts=True)

    def added() -> Answer:
        sums = np.zeros(5, np.int64)
        for day, chunk in chain.from_iterable(days.items() for days in measured.chunks.values()):
            counts = chunk.counts().counts
            checks = np.sum([plane.astype(np.int64) for plane in counts.values()], axis=0)
            failed = counts.get(State.DOWN, np.zeros_like(checks)).astype(np.int64)
            minutes = np.arange(MINUTES_PER_DAY) + day * MINUTES_PER_DAY
            weighted = [(checks * minutes).sum(), (failed * minutes).sum()]
            sums += [np.count_nonzero(checks), checks.sum(), failed.sum(), *weighted]
        return tuple(sums.tolist())

    return added


def our_runs(paths: list[Path], threads: int) -> Callable[[], Answer]:
    """Our exact runs."""
    measured = _measured(paths, threads, runs=True, counts=False)

    def added() -> Answer:
        found, down = measured.fragments, measured.fragments.states == State.DOWN
        first, last = found.first, found.last
        sums = (down.sum(), first.sum(), last.sum(), (last - first)[down].sum())
        return (first.size, *map(int, sums))

    return added


JOBS = {
    "windows": (WINDOWS_IN_SQL, windows_in_pandas, our_windows),
    "exact minute counts": (COUNTS_IN_SQL, counts_in_pandas, our_counts),
    "exact runs": (RUNS_IN_SQL, runs_in_pandas, our_runs),
}


def compared(paths: list[Path], *, threads: int, repeats: int, with_pandas: bool) -> None:
    """Print what each engine takes for each job.

    Raises:
        ValueError: Two engines answer differently.
    """
    our_runs(paths[:1], threads)
    for job, (sql, pandas_job, ours) in JOBS.items():
        rivals: dict[str, Callable[[], Answer]] = {
            "DuckDB": partial(in_duckdb, sql, paths, threads)
        }
        if with_pandas:
            rivals["pandas"] = partial(pandas_job, paths)
        mine: list[float] = []
        others: dict[str, list[float]] = {name: [] for name in rivals}
        for _ in range(repeats):
            cpu, _, added = timed(partial(ours, paths, threads))
            mine.append(cpu)
            answer = added()
            for name, rival in rivals.items():
                cpu, _, theirs = timed(rival)
                others[name].append(cpu)
                if theirs != answer:
                    message = f"{job}: {name} answers {theirs}, we answer {answer}"
                    raise ValueError(message)
        unit = statistics.median(mine)
        print(f"{job}: ours {unit:.2f} s CPU")
        for name, figures in others.items():
            cpu = statistics.median(figures)
            print(f"  {name:8}{cpu:8.2f} s CPU, {cpu / unit:6.1f} times ours")


def main() -> None:
    """Read the arguments and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pandas", action="store_true")
    given = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    paths = sorted(given.folder.glob("*.parquet"))
    compared(paths, threads=given.threads, repeats=given.repeats, with_pandas=given.pandas)


if __name__ == "__main__":
    main()

"""Times the engine on a folder of Parquet checks, beside Arrow's bare decode of the same columns.

    python -m tests.benchmarks.engine /tmp/month --contracts 10000 --threads 2

A is what Arrow needs to decode the four columns into dictionary arrays, with the same threads, in
the same run: CPU seconds of everything else are given as multiples of it. Each figure is the median
of interleaved runs, because a machine is never quiet.
"""

import deployments  # noqa: F401, I001 - it chooses the processor's instructions before NumPy starts

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow.parquet as pq

from connectors.monitoring import MonthArtifacts
from connectors.monitoring._engine import measure as engine
from connectors.monitoring._engine.packing import artifacts_of, unpacked_runs
from connectors.monitoring._engine.scan import Layout
from models.many import Asked, Fleet
from models.measurement import MeasurementTerms, MinimumOutage, NoData
from models.period import ServiceMonth
from models.spans import Spans

T = TypeVar("T")

COLUMNS = {"monitor": "monitor", "region": "region", "at": "at", "up": "up"}
MAY = ServiceMonth(2026, 5)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo")
DAY_MS = 86_400_000


def decode(path: Path) -> int:
    """Arrow's part: the four columns of a file, names as dictionaries."""
    with pq.ParquetFile(path, read_dictionary=["monitor", "region"], memory_map=True) as file:
        batches = file.iter_batches(1 << 16, columns=list(COLUMNS), use_threads=False)
        return sum(batch.num_rows for batch in batches)


def timed(job: Callable[[], T]) -> tuple[float, float, T]:
    """CPU seconds, seconds by the clock, and the answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = job()
    return time.process_time() - cpu, time.perf_counter() - wall, answer


def measured(paths: list[Path], threads: int, repeats: int):
    """Print what the passes cost; the artifacts of the last one."""
    layouts = [Layout.of(path, COLUMNS) for path in paths]

    def pass_of(*, runs: bool, counts: bool, repeated: bool = True):
        asked = engine.Asked(runs=runs, counts=counts, repeated=repeated, threads=threads)
        return lambda: engine.measure(layouts, asked)

    def everything():
        return list(artifacts_of(engine.measure(layouts, engine.Asked(threads=threads))))

    def bare():
        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(decode, paths))

    jobs: dict[str, Callable[[], object]] = {
        "A: Arrow's decode": bare,
        "runs for windows": pass_of(runs=True, counts=False, repeated=False),
        "minute counts": pass_of(runs=False, counts=True),
        "exact runs": pass_of(runs=True, counts=False),
        "both": pass_of(runs=True, counts=True),
        "both, packed to be kept": everything,
    }
    bare()
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    rows = 0
    artifacts: list[MonthArtifacts] = []
    for _ in range(repeats):
        for name, job in jobs.items():
            cpu, wall, answer = timed(job)
            spent[name].append((cpu, wall))
            rows = answer if isinstance(answer, int) else rows
            artifacts = answer if isinstance(answer, list) else artifacts
            del answer
    unit = statistics.median(cpu for cpu, _ in spent["A: Arrow's decode"])
    for name, figures in spent.items():
        cpu = statistics.median(c for c, _ in figures)
        wall = statistics.median(w for _, w in figures)
        each = cpu / rows * 1e9
        print(f"{name:26}{cpu:8.2f} s CPU {each:6.1f} ns/row {cpu / unit:6.2f} A {wall:8.2f} s")
    stored = sum(len(a.runs.body) + len(a.minutes.body) for a in artifacts)
    print(f"{rows:,} rows; artifacts {stored / 1e6:.1f} MB")
    return artifacts


def terms(number: int, *, windows: bool) -> MeasurementTerms:
    """Ten different contracts' terms."""
    policies = (NoData.UP, NoData.EXCLUDED, NoData.WITHHOLD)
    minimum = MinimumOutage(minutes=Decimal(1 + number % 5)) if number % 2 else None
    return MeasurementTerms(
        stale_after_minutes=Decimal(15),
        no_data=policies[number % 3],
        minimum_outage=minimum,
        window_minutes=(5, 1, 15)[number % 3] if windows else None,
    )


def evaluated(artifacts, contracts: int) -> None:
    """Print what contracts cost when only artifacts are read, on one core."""
    kept = [month.runs for month in artifacts if month.month == str(MAY)]
    for windows in (False, True):
        asked = [
            Asked(
                (kept[number % len(kept)].monitor,),
                MAY.bounds(ZONES[number % len(ZONES)]),
                terms(number // len(kept) % 10, windows=windows),
            )
            for number in range(contracts)
        ]

        wall, cpu = time.perf_counter(), time.process_time()
        fleet = Fleet({artifact.monitor: unpacked_runs(artifact) for artifact in kept})
        fleet.sums(asked)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        name = "windows" if windows else "intervals"
        print(f"{contracts:,} contracts, {name}, with loading: {cpu:.2f} s CPU, {wall:.2f} s")
        dispute = [contract for contract in asked if contract.monitors == asked[0].monitors][:12]
        again = partial(fleet.sums, dispute)
        warm = [timed(again)[0] for _ in range(5)]
        print(f"  one monitor's {len(dispute)} contracts, warm: {min(warm) * 1000:.1f} ms CPU")


def incidents(count: int, contracts: int) -> None:
    """Print what a log of outages costs: overlaps counted once, and 4 exclusions a contract."""
    random = np.random.default_rng(1)
    monitors, length = 1000, 31 * DAY_MS
    stride = length + 1
    monitor = random.integers(0, monitors, count)
    start = random.integers(0, length - 60_000, count)
    end = np.minimum(start + random.integers(1_000, 3_600_000, count), length)
    which = np.arange(contracts) % monitors
    out = random.integers(0, length - DAY_MS, (contracts, 4))

    def job():
        spans = Spans.of(monitor * stride + start, monitor * stride + end)
        whole = spans.within(which * stride, which * stride + length)
        origin = (np.arange(contracts) * stride)[:, None]
        excluded = Spans.of((origin + out).ravel(), (origin + out + 7_200_000).ravel())
        contract = excluded.starts // stride
        shift = (which[contract] - contract) * stride
        taken = spans.within(excluded.starts + shift, excluded.ends + shift)
        return whole - np.bincount(contract, taken, contracts).astype(np.int64)

    job()
    cpu = min(timed(job)[0] for _ in range(3))
    keys = monitor * stride + start
    sort = min(timed(lambda: np.sort(keys))[0] for _ in range(3))
    print(f"{count:,} incidents, {contracts:,} contracts: {cpu:.3f} s CPU, {cpu / sort:.1f} sorts")


def main() -> None:
    """Read the arguments and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--contracts", type=int, default=10_000)
    parser.add_argument("--incidents", type=int, default=1_000_000)
    given = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    artifacts = measured(sorted(given.folder.glob("*.parquet")), given.threads, given.repeats)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory {peak} MB")
    evaluated(artifacts, given.contracts)
    incidents(given.incidents, given.contracts)


if __name__ == "__main__":
    main()

"""What a second process brings: shards on Dask, beside work that is nothing but CPU, in one run.

The control is arithmetic without memory, messages or locks, of which two free cores do twice as
much. On a machine whose cores are wanted by others neither doubles; what counts is how near the
shards come to the control. Orders are made and answers are taken by the run's own process, which is
in the time. `MAKEGOOD_BENCH_CONTRACTS` makes it smaller.
"""

import os
import time
from pathlib import Path

import pytest
from prefect import flow

from flows import cluster
from flows.month import (
    COMPUTE_UPTIME,
    EXTRACT,
    cases_of,
    decide_elsewhere,
    directly,
    month_run,
)
from flows.settings import CLUSTER
from models.period import ServiceMonth
from tests.benchmarks.test_month_speed import CONTRACTS, MONTH
from tests.benchmarks.test_prefect_overhead import laid_out
from tests.flows.test_cluster import Workers
from tests.prefect_session import NEEDS_PREFECT

ROUNDS = int(os.environ.get("MAKEGOOD_BENCH_ROUNDS", "2"))
LOOPS = 2_000_000
"""Of one order of the control: about as long as a shard."""


def burn(loops: int) -> int:
    """Arithmetic in registers."""
    total = 0
    for number in range(loops):
        total ^= number * number
    return total


@flow(name="scale-out", persist_result=False)
def timed(folder: str, orders_of_control: int) -> dict[str, float]:
    """Seconds of the shards and of the control on whatever cluster is configured."""
    took = {}
    month = ServiceMonth.parse(MONTH)
    opened = month_run(Path(folder), month=month, clients=(), dry_run=True, notify=False)
    with opened as run, cluster.on_cluster() as there:
        directly(EXTRACT, run, run.reads)
        shards = list(run.shard_numbers)
        names = [f"shard {number}" for number in shards]
        assert there is not None
        assert COMPUTE_UPTIME.elsewhere is not None
        list(there(names[:2], burn, [1, 1]))
        begun = time.perf_counter()
        orders = (cases_of(run, number) for number in shards)
        answers = there(names, decide_elsewhere, orders)
        said = [
            COMPUTE_UPTIME.elsewhere.take(run, n, a) for n, a in zip(shards, answers, strict=True)
        ]
        took["shards"] = time.perf_counter() - begun
        assert len(said) == len(shards)
        begun = time.perf_counter()
        burnt = list(there(names[:orders_of_control], burn, [LOOPS] * orders_of_control))
        took["control"] = time.perf_counter() - begun
        assert len(set(burnt)) == 1
    return took


@pytest.mark.benchmark
@NEEDS_PREFECT
def test_a_second_process_beside_a_control(prefect_api, tmp_path, monkeypatch):
    """The best of some rounds with one worker and with two, in turns."""
    folder = tmp_path / "month"
    folder.mkdir()
    laid_out(folder, CONTRACTS)
    one, two = Workers(tmp_path / "one"), Workers(tmp_path / "two")
    try:
        one.work(1)
        two.work(2)
        best: dict[tuple[int, str], float] = {}
        for _ in range(ROUNDS):
            for count, workers in ((1, one), (2, two)):
                monkeypatch.setenv(CLUSTER, workers.address)
                for what, took in timed(str(folder), min(8, CONTRACTS // 250)).items():
                    best[count, what] = min(took, best.get((count, what), took))
    finally:
        for workers in (one, two):
            workers.end()
    print(f"\n{CONTRACTS:,} contracts, load {os.getloadavg()[0]:.0f}, the best of {ROUNDS}")
    for what in ("shards", "control"):
        single, double = best[1, what], best[2, what]
        print(
            f"{what}: one process {single:.1f} s, two {double:.1f} s: {single / double:.2f} times"
        )
    assert all(took > 0 for took in best.values())

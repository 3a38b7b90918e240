"""What a second process brings: shards on Dask, beside work that is nothing but CPU, in one run.

The control is arithmetic without memory, messages or locks, of which two free cores do twice as
much. On a machine whose cores are wanted by others neither doubles; what counts is how near the
shards come to the control. Orders are made and answers are taken by the run's own process, which is
in the time. The contracts are of the kind for which more processes are there: each has a monitor of
its own that flaps all month, every five minutes. `MAKEGOOD_BENCH_FLAPPING=24` makes it smaller.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect import flow

from flows import cluster, planning
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
from tests.flows.test_cluster import Workers
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME, SEPTEMBER, Books

ROUNDS = int(os.environ.get("MAKEGOOD_BENCH_ROUNDS", "2"))
FLAPPING = int(os.environ.get("MAKEGOOD_BENCH_FLAPPING", "96"))
SHARD = 8
"""Contracts of a shard: a tenth of a second of CPU each."""

FLIPS = 30 * 24 * 12
LOOPS = 8_000_000
"""Of one order of the control: about as long as a shard."""


def burn(loops: int) -> int:
    """Arithmetic in registers."""
    total = 0
    for number in range(loops):
        total ^= number * number
    return total


@flow(name="scale-out", persist_result=False)
def timed(folder: str) -> dict[str, float]:
    """Seconds of the shards and of the control on whatever cluster is configured."""
    took = {}
    month = ServiceMonth.parse(SEPTEMBER)
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
        burnt = list(there(names, burn, [LOOPS] * len(names)))
        took["control"] = time.perf_counter() - begun
        assert len(set(burnt)) == 1
    return took


def flapping(folder: Path) -> Books:
    """Contracts whose monitors go up and down all September, each a minute later than the last."""
    start = datetime(2025, 9, 1, tzinfo=UTC)
    rows = ["monitor,at,up"]
    contracts = []
    for number in range(FLAPPING):
        named = ACME.replace("{id: acme", f"{{id: acme-{number:03d}")
        contracts.append(named.replace("[api]", f"[probe-{number}]"))
        first = start + timedelta(minutes=number % 5)
        moments = (first + timedelta(minutes=5 * flip) for flip in range(FLIPS))
        rows += [
            f"probe-{number},{at:%FT%TZ},{'up' if flip % 2 else 'down'}"
            for flip, at in enumerate(moments)
        ]
    books: Books = Books.laid_out(folder, *contracts, checks="\n".join(rows) + "\n")
    return books


@pytest.mark.benchmark
@NEEDS_PREFECT
def test_a_second_process_beside_a_control(prefect_api, tmp_path, monkeypatch):
    """The best of some rounds with one worker and with two, in turns."""
    monkeypatch.setattr(planning, "SHARD_SIZE", SHARD)
    books = flapping(tmp_path / "books")
    one, two = Workers(tmp_path / "one"), Workers(tmp_path / "two")
    try:
        one.work(1)
        two.work(2)
        best: dict[tuple[int, str], float] = {}
        for _ in range(ROUNDS):
            for count, workers in ((1, one), (2, two)):
                monkeypatch.setenv(CLUSTER, workers.address)
                for what, took in timed(str(books.folder)).items():
                    best[count, what] = min(took, best.get((count, what), took))
    finally:
        for workers in (one, two):
            workers.end()
    print(f"\n{FLAPPING} contracts with {FLIPS:,} changes of state each")
    print(f"load {os.getloadavg()[0]:.0f}, the best of {ROUNDS}")
    for what in ("shards", "control"):
        single, double = best[1, what], best[2, what]
        print(
            f"{what}: one process {single:.1f} s, two {double:.1f} s: {single / double:.2f} times"
        )
    assert all(took > 0 for took in best.values())

"""How long one month takes: 10,000 contracts over 1,000 monitors with five-minute checks, SQLite.

Two runs of the same month, each in its own process with its own peak memory: the recipe called
directly, with the time of each step, and `makegood run` as a person starts it. What the second
takes longer is Prefect's share (server start, imports, tasks, artifacts) and the printing.
"""

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.period import ServiceMonth
from tests.benchmarks.generate_checks import Fleet, write_checks

CONTRACTS = int(os.environ.get("MAKEGOOD_BENCH_CONTRACTS", "10000"))
MONITORS = CONTRACTS // 10
PER_FILE = 100
MONTH = "2026-05"
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo")

CONTRACT = """\
role: provider
client: {{id: client-{number:05d}, name: Client {number}, email: ap@client-{number}.example}}
service: {{id: api, name: The API}}
effective_on: 2025-01-01
time_zone: {zone}
currency: EUR
billable_amount: {amount}
monitors: [monitor-{monitor:04d}]
measurement: {{stale_after_minutes: 15, no_data: up, minimum_outage: {{minutes: 5}}}}
credit_ladder:
  kind: uptime_brackets
  commitment_percent: 99.9
  brackets:
    - {{below: 99.9, at_least: 99.0, credit_percent: 10}}
    - {{below: 99.0, credit_percent: 25}}
cap: {{percent: 50}}
"""

WORKSPACE = """\
name: Bench
sources: [{id: checks, kind: checks_file, path: checks.parquet}]
mail: {from: sla@bench.example, operator: ops@bench.example}
"""

DIRECTLY = """
import resource, sys, time
from pathlib import Path
from flows import month
from flows.month import conduct, directly, month_run
from models.period import ServiceMonth

begun = time.perf_counter()
with month_run(Path(sys.argv[1]), month=ServiceMonth.parse(sys.argv[2]), clients=(),
               dry_run=False, notify=True) as run:
    print(f"open and plan {time.perf_counter() - begun:6.1f} s")
    def timed(step, run, items):
        start = time.perf_counter()
        directly(step, run, items)
        print(f"{step.name:14}{time.perf_counter() - start:6.1f} s")
    conduct(run, each=timed)
used = resource.getrusage(resource.RUSAGE_SELF)
print(f"in all        {time.perf_counter() - begun:6.1f} s")
print(f"of it CPU     {used.ru_utime + used.ru_stime:6.1f} s")
print(f"peak memory   {used.ru_maxrss / 1024:6.0f} MB")
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """Checks and contracts, laid out once."""
    folder = tmp_path_factory.mktemp("fleet")
    month = ServiceMonth.parse(MONTH)
    write_checks(Fleet(monitors=MONITORS, seconds=300, month=month), folder / "checks.parquet")
    (folder / "makegood.yaml").write_text(WORKSPACE)
    (folder / "contracts").mkdir()
    texts = [_contract(number) for number in range(CONTRACTS)]
    for start in range(0, CONTRACTS, PER_FILE):
        text = "---\n".join(texts[start : start + PER_FILE])
        (folder / "contracts" / f"from-{start:05d}.yaml").write_text(text)
    return folder


def _contract(number: int) -> str:
    zone = ZONES[number % len(ZONES)]
    return CONTRACT.format(
        number=number, zone=zone, amount=1000 + number, monitor=number % MONITORS
    )


@pytest.mark.benchmark
def test_a_month_called_directly_and_then_again(fleet):
    """The second run finds everything decided: what is left is reading and comparing."""
    for name in ("first run", "again, unchanged"):
        print(f"\n{CONTRACTS:,} contracts, {MONITORS:,} monitors: {name}")
        done = subprocess.run(
            [sys.executable, "-c", DIRECTLY, str(fleet), MONTH], check=True, stdout=subprocess.PIPE
        )
        print(done.stdout.decode())
        assert b"in all" in done.stdout


@pytest.mark.benchmark
def test_a_month_through_prefect(fleet, tmp_path):
    """`makegood run` as a person starts it, with a local Prefect server of its own."""
    for left in ("makegood.db", "makegood.db-wal", "makegood.db-shm", "ledger.csv"):
        (fleet / left).unlink(missing_ok=True)
    for left in ("outbox", "previews"):
        shutil.rmtree(fleet / left, ignore_errors=True)
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect")}
    environment.pop("PREFECT_API_URL", None)
    makegood = str(Path(sys.executable).with_name("makegood"))
    command = [makegood, "run", "--month", MONTH, "--json", "--workspace", str(fleet)]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
    took, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"\nmakegood run: {took:.1f} s, of it CPU {cpu:.1f} s with the Prefect server")
    print(f"peak memory of one process: {after.ru_maxrss / 1024:.0f} MB")
    assert done.returncode == 0
    assert done.stdout.count(b'"contract":') == CONTRACTS

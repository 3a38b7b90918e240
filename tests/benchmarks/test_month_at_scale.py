"""A month of half-minute checks from five regions, ten contracts for each monitor, from cold.

`makegood run` as a person starts it, with a Prefect server of its own, and beside it, in the same
run, what Arrow needs to decode the same four columns. Nothing was read or decided before. What each
step takes is in the run's own log.

`MAKEGOOD_BENCH_ROWS=446000000` makes it 1,000 monitors and 10,000 contracts (eleven minutes to
generate, 3 GB); `MAKEGOOD_BENCH_CHECKS=folder` takes checks that `generate_month` wrote before.
"""

import os
import re
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.benchmarks.engine import decode
from tests.benchmarks.generate_month import Fleet, write_arrival
from tests.benchmarks.test_engine_speed import ROWS, ROWS_PER_MONITOR
from tests.benchmarks.test_month_speed import CONTRACT, MONTH, PER_FILE, ZONES
from tests.memory import watched

CHECKS = os.environ.get("MAKEGOOD_BENCH_CHECKS", "")
MONITORS = max(ROWS // ROWS_PER_MONITOR, 1)
CONTRACTS = 10 * MONITORS
THREADS = 2

WORKSPACE = """\
name: Bench
sources: [{{id: checks, kind: checks_file, path: "{checks}/*.parquet"}}]
mail: {{from: sla@bench.example, operator: ops@bench.example}}
"""


@pytest.fixture
def workspace(tmp_path):
    """Contracts over the checks; the folder of the checks."""
    checks = Path(CHECKS) if CHECKS else tmp_path / "checks"
    if not CHECKS:
        checks.mkdir()
        write_arrival(Fleet(MONITORS), checks)
    folder = tmp_path / "books"
    (folder / "contracts").mkdir(parents=True)
    (folder / "makegood.yaml").write_text(WORKSPACE.format(checks=checks))
    texts = [_contract(number) for number in range(CONTRACTS)]
    for start in range(0, CONTRACTS, PER_FILE):
        text = "---\n".join(texts[start : start + PER_FILE])
        (folder / "contracts" / f"from-{start:05d}.yaml").write_text(text)
    return folder, sorted(checks.glob("*.parquet"))


def _contract(number):
    """Contracts of one monitor lie in one zone, as those of one service do."""
    monitor = number % MONITORS
    zone = ZONES[monitor % len(ZONES)]
    return CONTRACT.format(number=number, zone=zone, amount=1000 + number, monitor=monitor)


@pytest.mark.benchmark
def test_a_cold_month_through_makegood_run(workspace, tmp_path):
    """Cold: no database, no kept evidence, no server."""
    folder, files = workspace
    begun, begun_cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(THREADS) as pool:
        rows = sum(pool.map(decode, files))
    decoding, decoding_cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    makegood = str(Path(sys.executable).with_name("makegood"))
    environment = {
        **os.environ,
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",
    }
    environment.pop("PREFECT_API_URL", None)
    command = watched(makegood, "run", "--month", MONTH, "--json", "--workspace", folder)
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    took, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    shares = re.search(rb"steps: .*", done.stderr)
    print(f"\n{rows:,} rows, {MONITORS:,} monitors, {CONTRACTS:,} contracts")
    print(f"decoding the rows, {THREADS} threads: {decoding:.1f} s, CPU {decoding_cpu:.1f} s")
    print(f"makegood run: {took:.1f} s, apart from that {took - decoding:.1f} s; CPU {cpu:.1f} s")
    print(shares[0].decode() if shares else done.stderr.decode()[-2000:])
    print(f"peak memory of one process: {int(done.stdout.split()[-1]) // 1024} MB")
    assert done.stdout.count(b'"contract":') == CONTRACTS

"""How fast a month of five-minute checks of 1,000 monitors is read; reported, not judged."""

import subprocess
import sys

import pytest

from models.period import ServiceMonth
from tests.benchmarks.generate_checks import Fleet, write_checks
from tests.house.project import ROOT
from tests.memory import PEAK

FLEET = Fleet(monitors=1_000, seconds=300, month=ServiceMonth(2026, 5))

READ = (
    PEAK
    + """
import sys, time
from pathlib import Path
from connectors.monitoring.checks_files import read_checks
wall, cpu = time.perf_counter(), time.process_time()
facts = read_checks(Path(sys.argv[1]), gap_floor_ms=900_000).facts
peak = peak_kb() // 1024
print(f"{facts.rows:,} rows: {time.perf_counter() - wall:.1f} s, "
      f"{time.process_time() - cpu:.1f} s of CPU, {peak} MB at most")
"""
)


@pytest.mark.benchmark
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_reading_a_month_of_checks(tmp_path, kind):
    """In a process of its own, so that its memory is its own."""
    path = tmp_path / f"checks.{kind}"
    rows = write_checks(FLEET, path)
    said = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    print(f"  {kind}: {said.strip()}")
    assert said.startswith(f"{rows:,} rows")

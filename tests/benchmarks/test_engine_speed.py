"""How fast checks become artifacts and artifacts become sums; reported, not judged.

`MAKEGOOD_BENCH_ROWS=45000000 make bench` makes the month larger: 4.5 million rows unless said
otherwise, 456 million for a thousand monitors.
"""

import os
import subprocess
import sys

import pytest

from tests.benchmarks.generate_month import LAYOUTS, Fleet
from tests.house.project import ROOT

ROWS = int(os.environ.get("MAKEGOOD_BENCH_ROWS", "4500000"))
ROWS_PER_MONITOR = 446_400
"""Five regions, every 30 seconds, 31 days."""

PANDAS_FITS = 50_000_000


def figures(folder, *options, of="engine"):
    """What the benchmark prints, in a process of its own."""
    command = [sys.executable, "-m", f"tests.benchmarks.{of}", str(folder), *options]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.mark.benchmark
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_month_of_checks(tmp_path, layout):
    """Arrival order, and clustered by monitor."""
    rows = LAYOUTS[layout](Fleet(max(ROWS // ROWS_PER_MONITOR, 1)), tmp_path)
    said = figures(tmp_path)
    print(f"\n{layout}\n{said}")
    assert f"{rows:,} rows" in said


@pytest.mark.benchmark
def test_other_engines_on_the_same_job(tmp_path):
    """DuckDB's best SQL, and pandas; their answers must be ours."""
    LAYOUTS["arrival"](Fleet(max(ROWS // ROWS_PER_MONITOR, 1)), tmp_path)
    said = figures(tmp_path, *(["--pandas"] if ROWS <= PANDAS_FITS else []), of="rivals")
    print(f"\n{said}")
    assert "exact runs: ours" in said


def test_the_benchmark_runs(tmp_path):
    """One monitor, once: the figures mean nothing, that there are some does."""
    rows = LAYOUTS["arrival"](Fleet(1), tmp_path)
    said = figures(tmp_path, "--repeats", "1", "--contracts", "12", "--incidents", "1000")
    assert f"{rows:,} rows" in said
    assert "12 contracts, windows" in said


def test_other_engines_find_the_same(tmp_path):
    """One monitor, once: DuckDB and pandas answer as we do, or the program ends with an error."""
    LAYOUTS["arrival"](Fleet(1), tmp_path)
    said = figures(tmp_path, "--repeats", "1", "--pandas", of="rivals")
    assert said.count("times ours") == 6  # two others, three jobs

"""Makes checks as probes would have written them: the same arguments always give the same file.

    python -m tests.benchmarks.generate_checks --monitors 1000 --seconds 300 --month 2026-05 \
        --output checks.parquet

Checks are jittered by up to five seconds and lie in order of arrival. Of each monitor's month a
few stretches are outages, two in a hundred monitors flap, one row in a thousand is repeated, and a
tenth of the repetitions contradict the first. The suffix of the output chooses CSV or Parquet.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from models.period import ServiceMonth

JITTER_MS = 5_000
OUTAGES_PER_MONITOR = 3
LONGEST_OUTAGE_MS = 2 * 3_600_000
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Fleet:
    """What is generated.

    Attributes:
        monitors: How many monitors there are, named `monitor-0000` and so on.
        seconds: From one check of a monitor to the next.
        month: The month, in UTC.
        regions: How many regions check each monitor; 0 writes no such column.
        seed: Another seed gives another month.
    """

    monitors: int
    seconds: int
    month: ServiceMonth
    regions: int = 0
    seed: int = 1

    def days(self) -> Iterator[pa.Table]:
        """The rows of each day, in order of arrival."""
        bounds = self.month.bounds("UTC")
        random = np.random.default_rng(self.seed)
        outages = self._outages(random, bounds.start, bounds.end)
        for start in range(bounds.start, bounds.end, DAY_MS):
            yield self._day(random, start, outages)

    def _outages(self, random, start, end):
        shape = (OUTAGES_PER_MONITOR, self.monitors)
        begins = random.integers(start, end, shape)
        return begins, begins + random.integers(60_000, LONGEST_OUTAGE_MS, shape)

    def _day(self, random, start, outages):
        probes = self.monitors * max(self.regions, 1)
        ticks = np.arange(start, start + DAY_MS, self.seconds * 1000, dtype=np.int64)
        at = np.repeat(ticks, probes) + random.integers(0, JITTER_MS, ticks.size * probes)
        probe = np.tile(np.arange(probes), ticks.size)
        monitor = probe % self.monitors
        begins, ends = (edges[:, monitor] for edges in outages)
        down = ((at >= begins) & (at < ends)).any(axis=0)
        down |= (monitor % 50 == 0) & (random.random(at.size) < 0.05)
        rows = np.arange(at.size)
        again = rows[random.random(at.size) < 0.001]
        contradicts = random.random(again.size) < 0.1
        order = np.argsort(np.concatenate([at, at[again]]), kind="stable")
        chosen = np.concatenate([rows, again])[order]
        turned = np.concatenate([np.zeros(at.size, bool), contradicts])[order]
        return self._table(at[chosen], down[chosen] ^ turned, probe[chosen])

    def _table(self, at, down, probe):
        names = pa.array([f"monitor-{number:04d}" for number in range(self.monitors)])
        codes = pa.array((probe % self.monitors).astype(np.int32))
        columns = {"monitor": pa.DictionaryArray.from_arrays(codes, names).cast(pa.string())}
        if self.regions:
            regions = pa.array([f"region-{number}" for number in range(self.regions)])
            codes = pa.array((probe // self.monitors).astype(np.int32))
            columns["region"] = pa.DictionaryArray.from_arrays(codes, regions).cast(pa.string())
        columns["at"] = pa.array(at).cast(pa.timestamp("ms", "UTC"))
        columns["up"] = pa.array(~down)
        return pa.table(columns)


def write_checks(fleet: Fleet, output: Path) -> int:
    """Write the fleet's month; returns the number of rows."""
    text = output.suffix == ".csv"
    tables = (as_text(table) if text else table for table in fleet.days())
    first = next(tables)
    make = pa.csv.CSVWriter if text else pa.parquet.ParquetWriter
    rows = 0
    with make(str(output), first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table)
            rows += table.num_rows
    return rows


def as_text(table: pa.Table) -> pa.Table:
    """The same rows with ISO 8601 times."""
    times = pc.strftime(table["at"], format="%Y-%m-%dT%H:%M:%SZ")
    return table.set_column(table.schema.get_field_index("at"), "at", times)


def main() -> None:
    """Read the arguments and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--monitors", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--month", type=ServiceMonth.parse, default=ServiceMonth(2026, 5))
    parser.add_argument("--regions", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True)
    given = vars(parser.parse_args())
    output = given.pop("output")
    print(f"{write_checks(Fleet(**given), output):,} rows in {output}")


if __name__ == "__main__":
    main()

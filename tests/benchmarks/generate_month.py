"""Makes a month of checks as a fleet of probes would have left it: a file per day, or by monitor.

    python -m tests.benchmarks.generate_month --monitors 100 --output /tmp/month --layout arrival

Five regions look every 30 seconds with jitter. Monitors have outages, in all regions or in one; two
in a hundred flap; agents fall silent; one row in a thousand is repeated, and a tenth of these
repetitions contradict the first; one row in two thousand arrives up to 36 hours late and so lies
in another file. `arrival` writes daily files in the order of arrival, `clustered` files that hold
all the rows of a few monitors each, by monitor, region and time. The same arguments make the same
files.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from models.period import ServiceMonth

DAY_MS = 86_400_000
MAY = ServiceMonth(2026, 5)
REGIONS = 5
EVERY_MS = 30_000
JITTER_MS = 2_000
MONITORS_PER_FILE = 32
ROWS_PER_GROUP = 1 << 20


@dataclass(frozen=True, slots=True)
class Fleet:
    """What is generated: monitors from five regions, every 30 seconds of a UTC month."""

    monitors: int
    month: ServiceMonth = MAY
    seed: int = 1


def _rows(fleet: Fleet, monitors: np.ndarray, start: int, end: int, seed: list[int]):
    """The rows of some monitors in some time: monitor, region, instant, arrival, up."""
    random = np.random.default_rng(seed)
    ticks = np.arange(start, end, EVERY_MS, dtype=np.int64)
    probes = monitors.size * REGIONS
    monitor = np.tile(np.repeat(monitors, REGIONS).astype(np.int32), ticks.size)
    region = np.tile(np.arange(REGIONS, dtype=np.int32), monitors.size * ticks.size)
    at = np.repeat(ticks, probes) + random.integers(0, JITTER_MS, ticks.size * probes)
    up = ~_down(fleet, monitor, region, at) & ~(
        (monitor % 50 == 7) & (random.random(at.size, np.float32) < 0.2)
    )
    seen = random.random(at.size, np.float32) > 0.0005
    rows = np.flatnonzero(seen & ~_silent(fleet, monitor, region, at))
    again = rows[random.random(rows.size, np.float32) < 0.001]
    turned = np.zeros(rows.size + again.size, bool)
    turned[rows.size :] = random.random(again.size) < 0.1
    rows = np.concatenate([rows, again])
    late = random.random(rows.size, np.float32) < 0.0005
    arrival = at[rows] + np.where(late, random.integers(0, 36 * 3_600_000, rows.size), 0)
    return monitor[rows], region[rows], at[rows], arrival, up[rows] ^ turned


def _down(fleet, monitor, region, at):
    """Three outages of a monitor in the month, and two of one of its regions."""
    bounds = fleet.month.bounds("UTC")
    random = np.random.default_rng([fleet.seed, 1])
    down = np.zeros(at.size, bool)
    for number in range(5):
        begin = random.integers(bounds.start, bounds.end, fleet.monitors)[monitor]
        length = random.integers(40_000, 5_400_000, fleet.monitors)[monitor]
        where = region == random.integers(0, REGIONS, fleet.monitors)[monitor]
        down |= (at >= begin) & (at < begin + length) & (where | (number < 3))
    return down


def _silent(fleet, monitor, region, at):
    """One region of a monitor says nothing for up to three hours."""
    bounds = fleet.month.bounds("UTC")
    random = np.random.default_rng([fleet.seed, 2])
    begin = random.integers(bounds.start, bounds.end, fleet.monitors)[monitor]
    length = random.integers(600_000, 10_800_000, fleet.monitors)[monitor]
    return (at >= begin) & (at < begin + length) & (region == monitor % REGIONS)


def _table(monitors, monitor, region, at, up):
    names = pa.array([f"monitor-{number:04d}" for number in range(monitors)])
    places = pa.array([f"region-{number}" for number in range(REGIONS)])
    return pa.table(
        {
            "monitor": pa.DictionaryArray.from_arrays(pa.array(monitor), names).cast(pa.string()),
            "region": pa.DictionaryArray.from_arrays(pa.array(region), places).cast(pa.string()),
            "at": pa.array(at * 1000).cast(pa.timestamp("us", "UTC")),
            "up": pa.array(up),
        }
    )


def write_arrival(fleet: Fleet, folder: Path) -> int:
    """Daily files in the order of arrival, in snappy as most writers leave them."""
    bounds = fleet.month.bounds("UTC")
    waiting = [np.zeros(0, t) for t in (np.int32, np.int32, np.int64, np.int64, bool)]
    rows = 0
    for day, start in enumerate(range(bounds.start, bounds.end, DAY_MS)):
        every = np.arange(fleet.monitors)
        made = _rows(fleet, every, start, start + DAY_MS, [fleet.seed, 3, day])
        columns = [np.concatenate(pair) for pair in zip(waiting, made, strict=True)]
        last = start + DAY_MS == bounds.end
        now = np.flatnonzero((columns[3] < start + DAY_MS) | last)
        later = np.flatnonzero((columns[3] >= start + DAY_MS) & (not last))
        waiting = [column[later] for column in columns]
        order = now[np.argsort(columns[3][now], kind="stable")]
        monitor, region, at, _, up = (column[order] for column in columns)
        table = _table(fleet.monitors, monitor, region, at, up)
        pa.parquet.write_table(
            table, folder / f"{day + 1:02d}.parquet", row_group_size=ROWS_PER_GROUP
        )
        rows += table.num_rows
    return rows


def write_clustered(fleet: Fleet, folder: Path) -> int:
    """Files of a few monitors each, by monitor, region and time, packed tightly."""
    bounds = fleet.month.bounds("UTC")
    rows = 0
    for number, first in enumerate(range(0, fleet.monitors, MONITORS_PER_FILE)):
        some = np.arange(first, min(first + MONITORS_PER_FILE, fleet.monitors))
        made = _rows(fleet, some, bounds.start, bounds.end, [fleet.seed, 4, number])
        order = np.lexsort((made[2], made[1], made[0]))
        monitor, region, at, _, up = (column[order] for column in made)
        pa.parquet.write_table(
            _table(fleet.monitors, monitor, region, at, up),
            folder / f"{number:03d}.parquet",
            row_group_size=ROWS_PER_GROUP,
            compression="zstd",
            use_dictionary=["monitor", "region"],
            column_encoding={"at": "DELTA_BINARY_PACKED"},
        )
        rows += order.size
    return rows


LAYOUTS = {"arrival": write_arrival, "clustered": write_clustered}


def main() -> None:
    """Read the arguments and write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--monitors", type=int, default=10)
    parser.add_argument("--layout", choices=LAYOUTS, default="arrival")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    rows = LAYOUTS[given.layout](Fleet(given.monitors, seed=given.seed), given.output)
    print(f"{rows:,} rows in {given.output}")


if __name__ == "__main__":
    main()

"""The whole sweep of the ledger, with a line of progress: `python -m tests.ledger_sweep`."""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tests.ledger_sweep.cases import AGES, Case
from tests.ledger_sweep.mutants import MUTANTS
from tests.ledger_sweep.runner import results_of, wrong
from tests.ledger_sweep.scenes import SCENES
from tests.ledger_sweep.worker import Order, Result
from tests.postgres import Server
from tests.standins.notion.client import running
from tests.sweep.__main__ import _postgresql

THREE_WORKERS, ON_POSTGRESQL, THREE_ON_POSTGRESQL = 40, 60, 20
"""Cases of each scene where not all are run."""

MOST_SHOWN = 20


def main() -> int:
    """Run it; 1 when anything is wrong."""
    asked = _asked()
    with _postgresql(wanted=not asked.no_postgresql) as server, running() as stand_in:
        orders = [*(_named(asked, server) if asked.cases else _all(asked, server))]
        began = time.monotonic()
        results = _watched([replace(order, vendor=stand_in.url) for order in orders], asked.jobs)
        seconds = int(time.monotonic() - began)
    found = wrong(results)
    for name, facts in [*found.items()][:MOST_SHOWN]:
        print(f"\n{name}", *facts, sep="\n  ")
    _table("fault", results, lambda result: result.case.fault)
    _table("rerun after", results, lambda result: result.case.age)
    _table("where", results, lambda r: f"{r.case.database}, workers: {r.case.workers}")
    print(f"\n{len(results):,} cases in {seconds} s, {len(found)} of them wrong.")
    return 1 if found else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.ledger_sweep", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="only these cases, by their names")
    parser.add_argument("--scene", action="append", choices=SCENES, help="only this scene")
    parser.add_argument("--number", type=int, help="so many cases of each scene instead of all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--mutant", choices=MUTANTS, default="", help="of a program that is unsafe")
    parser.add_argument("--no-postgresql", action="store_true", help="on SQLite alone")
    return parser.parse_args()


def _all(asked: argparse.Namespace, server: Server | None) -> Iterator[Order]:
    for scene in asked.scene or SCENES:
        yield Order(scene, number=asked.number, mutant=asked.mutant)
        yield Order(scene, workers=3, number=asked.number or THREE_WORKERS, mutant=asked.mutant)
        for workers, number in ((1, ON_POSTGRESQL), (3, THREE_ON_POSTGRESQL)) if server else ():
            yield Order(
                scene,
                "postgresql",
                workers,
                asked.number or number,
                mutant=asked.mutant,
                server=server,
            )


def _named(asked: argparse.Namespace, server: Server | None) -> Iterator[Order]:
    cases = [Case.parse(name) for name in asked.cases]
    for scene, database in sorted({(case.scene, case.database) for case in cases}):
        named = tuple(c.name for c in cases if (c.scene, c.database) == (scene, database))
        on = server if database == "postgresql" else None
        yield Order(scene, database, names=named, mutant=asked.mutant, server=on)


def _watched(orders: Sequence[Order], jobs: int) -> list[Result]:
    """All results, with a line that tells how far it is."""
    results: list[Result] = []
    known, seen, began = 0, 0, time.monotonic()
    for told in results_of(*orders, jobs=jobs):
        if isinstance(told, int):
            known += told
            continue
        results.append(told)
        seen += bool(wrong([told]))
        if len(results) % 100 == 0:
            each = len(results) / max(1, time.monotonic() - began)
            line = f"{len(results):,} of {known:,} or more cases, {seen} wrong, {each:.0f} a second"
            print(line, file=sys.stderr, flush=True)
    return results


def _table(title: str, results: Sequence[Result], by: Callable[[Result], str]) -> None:
    """How the cases ended, in a row for each kind of case."""
    ends = Counter((by(result), _end(result)) for result in results)
    names = list(dict.fromkeys(name for name, _ in ends))
    order = [*AGES] if title == "rerun after" else sorted(names)
    print(f"\n{title:24}{'cases':>8}{'right':>8}{'asked':>8}{'wrong':>8}")
    for name in (name for name in order if name in names):
        row = [ends[name, end] for end in ("right", "asked", "wrong")]
        print(f"{name:24}" + "".join(f"{number:8,}" for number in (sum(row), *row)))


def _end(result: Result) -> str:
    if result.wrong:
        return "wrong"
    return "asked" if result.asked else "right"


if __name__ == "__main__":
    sys.exit(main())

"""The whole of a sweep, with a line of progress and tables: `python -m tests.sweep [--help]`."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import Server, initialise, programs, running, unprivileged
from tests.sweeping.runner import results_of, wrong
from tests.sweeping.work import Order, Result, Story

WITH_MANY, ON_POSTGRESQL, MANY_ON_POSTGRESQL = 60, 60, 20
"""Cases of each scene where not all are run."""

MOST_SHOWN = 20


def command(story: Story) -> int:
    """Run it; 1 when anything is wrong."""
    asked = _asked(story)
    with _postgresql(wanted=not asked.no_postgresql) as server:
        orders = [*(_named(story, asked, server) if asked.cases else _all(story, asked, server))]
        began = time.monotonic()
        results = _watched(story, orders, asked.jobs)
        seconds = int(time.monotonic() - began)
    found = wrong(results)
    for name, facts in [*found.items()][:MOST_SHOWN]:
        print(f"\n{name}", *facts, sep="\n  ")
    _table("fault", results, lambda result: result.case.fault)
    _table("rerun after", results, lambda result: result.case.age, order=[*story.case.ages])
    _table("where", results, lambda r: f"{r.case.database}, workers: {r.case.workers}")
    print(f"\n{len(results):,} cases in {seconds} s, {len(found)} of them wrong.")
    return 1 if found else 0


def _asked(story: Story) -> argparse.Namespace:
    program = f"python -m {story.place.rpartition('.')[0]}"
    parser = argparse.ArgumentParser(prog=program, description=story.about)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="only these cases, by their names")
    parser.add_argument("--scene", action="append", choices=story.scenes, help="only this scene")
    parser.add_argument("--number", type=int, help="so many cases of each scene instead of all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--mutant", choices=story.mutants, default="", help="of a program that is unsafe"
    )
    parser.add_argument("--no-postgresql", action="store_true", help="on SQLite alone")
    return parser.parse_args()


def _all(story: Story, asked: argparse.Namespace, server: Server | None) -> Iterator[Order]:
    for scene in asked.scene or story.scenes:
        yield Order(scene, number=asked.number, mutant=asked.mutant)
        many = asked.number or WITH_MANY
        yield Order(scene, workers=story.many, number=many, mutant=asked.mutant)
        kinds = ((1, ON_POSTGRESQL), (story.many, MANY_ON_POSTGRESQL)) if server else ()
        for workers, number in kinds:
            yield Order(
                scene,
                "postgresql",
                workers,
                asked.number or number,
                mutant=asked.mutant,
                server=server,
            )


def _named(story: Story, asked: argparse.Namespace, server: Server | None) -> Iterator[Order]:
    cases = [story.case.parse(name) for name in asked.cases]
    for scene, database in sorted({(case.scene, case.database) for case in cases}):
        named = tuple(c.name for c in cases if (c.scene, c.database) == (scene, database))
        on = server if database == "postgresql" else None
        yield Order(scene, database, names=named, mutant=asked.mutant, server=on)


@contextmanager
def _postgresql(*, wanted: bool) -> Iterator[Server | None]:
    """A server for the time of the sweep; None when it is not wanted, or not there."""
    bin_folder = programs() if wanted else None
    if bin_folder is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="makegood-pg-"))
    try:
        account = unprivileged()
        os.chown(folder, account.get("user", -1), account.get("group", -1))
        initialise(folder, bin_folder)
        with running(folder, bin_folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _watched(story: Story, orders: Sequence[Order], jobs: int) -> list[Result]:
    """All results, with a line that tells how far it is."""
    results: list[Result] = []
    known, seen, began = 0, 0, time.monotonic()
    for told in results_of(story, *orders, jobs=jobs):
        if isinstance(told, int):
            known += told
            continue
        results.append(told)
        seen += bool(told.wrong)
        if told.wrong:
            # At once: a sweep takes long, and may be stopped before it can tell.
            print(f"\n{told.case.name}", *told.wrong, sep="\n  ", file=sys.stderr, flush=True)
        if len(results) % 50 == 0 or sys.stderr.isatty():
            each = len(results) / max(1, time.monotonic() - began)
            line = f"{len(results):,} of {known:,} or more cases, {seen} wrong, {each:.0f} a second"
            print(line, end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)
    return results


def _table(
    title: str,
    results: Sequence[Result],
    by: Callable[[Result], str],
    *,
    order: Sequence[str] = (),
) -> None:
    """How the cases ended, in a row for each kind of case; by name, or in the order given."""
    ends = Counter((by(result), _end(result)) for result in results)
    names = {name for name, _ in ends}
    print(f"\n{title:24}{'cases':>8}{'right':>8}{'asked':>8}{'wrong':>8}")
    for name in (name for name in order or sorted(names) if name in names):
        row = [ends[name, end] for end in ("right", "asked", "wrong")]
        print(f"{name:24}" + "".join(f"{number:8,}" for number in (sum(row), *row)))


def _end(result: Result) -> str:
    if result.wrong:
        return "wrong"
    return "asked" if result.asked else "right"

"""A fault at every moment of writing to Notion and reading back, and a rerun later.

One row for each obligation, our columns right, people's work untouched, money released once; or a
person is told. What is run here is a fixed sample; `make sweep` runs every case. The proof is
itself proven: each program with one safeguard less fails in the cases that are named for it.
"""

import pytest

from tests.ledger_sweep.cases import AGES, FAULTS, Case, every_case, kind_of, sample
from tests.ledger_sweep.mutants import MUTANTS
from tests.ledger_sweep.scenes import SCENES
from tests.ledger_sweep.story import STORY
from tests.standins.notion.client import running
from tests.sweeping.runner import swept, wrong
from tests.sweeping.work import Order

EACH, EACH_READ_BACK = 110, 60
"""Cases of each scene that only writes, and of each that reads back, which takes longer."""

TOGETHER = 3
"""Cases of each scene with three processes at the same time."""

ON_POSTGRESQL = ("first-hidden", "anew", "ticked-again")

CAUGHT_BY: dict[str, tuple[str, ...]] = {
    "no look": (
        "first/15/killed-after/25h/1/sqlite",
        "first/18/cut-after/1h/1/sqlite",
        "first/21/timed-out-there-done/40d/1/sqlite",
    ),
    "page id forgotten": (
        "first-hidden/22/killed-after/0h/1/sqlite",
        "first-hidden/18/killed-after/0h/1/sqlite",
    ),
    "query trusted": (
        "first-hidden/15/killed-after/0h/1/sqlite",
        "first-hidden/18/cut-after/0h/1/sqlite",
        "first-hidden/21/failed-done/same-run/1/sqlite",
    ),
    "all columns": (
        "spoiled/5/killed-before/0h/1/sqlite",
        "anew/7/refused/1h/1/sqlite",
    ),
    "status written over": (
        "spoiled/5/killed-before/0h/1/sqlite",
        "spoiled/5/timed-out-before/25h/1/sqlite",
    ),
    "changed values released": (
        "ticked-wrong/6/killed-after/0h/1/sqlite",
        "ticked-wrong/4/conflict/1h/1/sqlite",
    ),
}
"""The cases that find each mutant, by their names: a scene's moments are numbered from 1, and the
15th, 18th and 21st of `first` make a row each, the 5th of `spoiled` heals one."""


@pytest.fixture(scope="session")
def vendor():
    """The address of a stand-in for all scenes; each has a workspace of its own."""
    with running() as stand_in:
        yield stand_in.url


def number_of(scene: str) -> int:
    """How many cases of a scene are run."""
    return EACH_READ_BACK if SCENES[scene].syncs else EACH


@pytest.mark.parametrize("scene", SCENES)
def test_whatever_goes_wrong_each_row_is_there_once_and_as_it_should_be(scene, vendor):
    """One worker on SQLite, then three at the same time."""
    results = swept(
        STORY,
        Order(scene, number=number_of(scene), vendor=vendor),
        Order(scene, workers=3, number=TOGETHER, vendor=vendor),
    )
    assert len(results) == number_of(scene) + TOGETHER
    assert wrong(results) == {}


@pytest.mark.peer
@pytest.mark.xdist_group(name="postgresql")
@pytest.mark.parametrize("scene", ON_POSTGRESQL)
def test_it_holds_on_postgresql_too(scene, vendor, postgres_server):
    """The server lets go of a dead run's locks and rolls back what it had not committed."""
    where = {"database": "postgresql", "server": postgres_server, "vendor": vendor}
    results = swept(
        STORY, Order(scene, number=10, **where), Order(scene, workers=3, number=2, **where)
    )
    assert len(results) == 12
    assert wrong(results) == {}


def test_the_sample_is_large_and_leaves_out_no_fault_and_no_age():
    """A thousand cases and more, always the same ones."""
    moments = ["POST /v1/data_sources/{id}/query"] * 3
    moments += ["commit", "POST /v1/pages", "commit", "PATCH /v1/pages/{id}", "commit"]
    chosen = [
        case
        for scene in SCENES
        for case in sample([*every_case(scene, moments)], moments, number_of(scene))
    ]
    assert len(chosen) >= 1000
    assert {case.age for case in chosen} == set(AGES)
    for kind, faults in FAULTS.items():
        struck = {case.fault for case in chosen if kind_of(moments[case.moment - 1]) == kind}
        assert struck >= set(faults) - {"asleep-before"}


@pytest.fixture(scope="session")
def found_out(vendor):
    """What is wrong with the named cases, by mutant; each scene is prepared once."""
    orders = [
        Order(scene, names=named, mutant=mutant, vendor=vendor)
        for scene in SCENES
        for mutant, names in {**CAUGHT_BY, "": sum(CAUGHT_BY.values(), ())}.items()
        if (named := tuple(name for name in names if Case.parse(name).scene == scene))
    ]
    results = swept(STORY, *orders, jobs=2)
    return {mutant: wrong([r for r in results if r.mutant == mutant]) for mutant in MUTANTS}


@pytest.mark.xdist_group(name="ledger-sweep-mutants")
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_program_with_one_safeguard_less_is_found_out(mutant, found_out):
    """By each of the cases that are named for it; the program as it is bears them all."""
    assert set(found_out[mutant]) == set(CAUGHT_BY.get(mutant, ()))

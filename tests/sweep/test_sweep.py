"""A fault at every moment of a payment run, and a rerun later: each credit is paid exactly once.

What is run here is a fixed sample; `make sweep` runs every case. The proof is itself proven: each
program with one safeguard less fails in the cases that are named for it.
"""

import pytest

from tests.standins.stripe.client import running
from tests.sweep.cases import AGES, FAULTS, Case, every_case, kind_of, sample
from tests.sweep.mutants import MUTANTS
from tests.sweep.scenes import SCENES
from tests.sweep.story import STORY
from tests.sweeping.runner import swept, wrong
from tests.sweeping.work import Order

EACH = 80
"""Cases of each scene."""

TOGETHER = 4
"""Cases of each scene with six processes at the same time."""

ON_POSTGRESQL = ("two-parts", "paid-refund", "three-of-two")

CAUGHT_BY = {
    "no look": (
        "open-note/12/killed-after/25h/1/sqlite",
        "open-note/12/killed-after/40d/1/sqlite",
        "only-balance/9/cut-after/25h/1/sqlite",
        "only-balance/9/failed-unsaved-done/0h/1/sqlite",
    ),
    "random keys": (
        "open-note/12/late/1h/1/sqlite",
        "open-note/12/asleep-before/0h/1/sqlite",
        "only-balance/9/late/same-run/1/sqlite",
    ),
    "new key at once": (
        "open-note/12/late/1h/1/sqlite",
        "open-note/12/asleep-before/1h/1/sqlite",
        "only-balance/9/late/0h/1/sqlite",
    ),
    "recomputed intent": (
        "refunded-between/17/killed-before/0h/1/sqlite",
        "refunded-between/16/killed-after/40d/1/sqlite",
        "paid-between/12/killed-after/1h/1/sqlite",
    ),
    "not fenced": (
        "open-note/12/asleep-after/0h/1/sqlite",
        "only-balance/8/asleep-after/25h/1/sqlite",
        "only-balance/9/asleep-before/0h/1/sqlite",
    ),
    "planned apart": (
        "freed-between/8/asleep-after/1h/1/sqlite",
        "freed-between/14/asleep-before/1h/1/sqlite",
    ),
}
"""The cases that find each mutant, by their names: a scene's moments are numbered from 1, and the
12th of `open-note`, the 9th of `only-balance`, the 17th of `refunded-between` is the first POST."""


@pytest.fixture(scope="session")
def vendor():
    """The address of a stand-in for all scenes; each has an account of its own."""
    with running() as stand_in:
        yield stand_in.url


@pytest.mark.parametrize("scene", SCENES)
def test_whatever_goes_wrong_each_credit_is_paid_once_or_a_person_is_told(scene, vendor):
    """One worker on SQLite, then six at the same time."""
    results = swept(
        STORY,
        Order(scene, number=EACH, vendor=vendor),
        Order(scene, workers=6, number=TOGETHER, vendor=vendor),
    )
    assert len(results) == EACH + TOGETHER
    assert wrong(results) == {}


@pytest.mark.peer
@pytest.mark.xdist_group(name="postgresql")
@pytest.mark.parametrize("scene", ON_POSTGRESQL)
def test_it_holds_on_postgresql_too(scene, vendor, postgres_server):
    """The server lets go of a dead run's locks and rolls back what it had not committed."""
    where = {"database": "postgresql", "server": postgres_server, "vendor": vendor}
    results = swept(
        STORY, Order(scene, number=10, **where), Order(scene, workers=6, number=2, **where)
    )
    assert len(results) == 12
    assert wrong(results) == {}


def test_the_sample_is_large_and_leaves_out_no_fault_and_no_age():
    """A thousand cases and more, always the same ones."""
    moments = ["GET /v1/invoices"] * 8 + ["commit", "commit", "POST /v1/credit_notes", "commit"]
    chosen = [
        case
        for scene in SCENES
        for case in sample([*every_case(scene, moments)], moments, EACH + TOGETHER)
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


@pytest.mark.xdist_group(name="sweep-mutants")
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_program_with_one_safeguard_less_is_found_out(mutant, found_out):
    """By each of the cases that are named for it; the program as it is bears them all."""
    assert set(found_out[mutant]) == set(CAUGHT_BY.get(mutant, ()))

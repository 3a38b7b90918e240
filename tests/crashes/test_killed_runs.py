"""Killed at any moment, then run again: the final state of a run that nobody disturbed.

The sweep goes through every moment at which the outside could tell a difference, see `deaths`.
"""

from dataclasses import replace

import pytest

from tests.crashes.deaths import BOOKS, UNDISTURBED, Story, swept
from tests.workspaces import ACME, BLUEFIN, VENDOR, Books, checks

STORIES = ["a first run", "a run that supersedes", "a release", "a correction"]


def begun(story, surroundings):
    """A workspace at the point where the story begins."""
    books = Books.laid_out(surroundings / BOOKS, ACME, BLUEFIN, VENDOR)
    books.write("checks.csv", checks(api=120, hosting=500))
    if story == "the very first run":
        return Story(surroundings, "run")
    if story == "a first run":
        books.store().close()
        return Story(surroundings, "run")
    books.run()
    if story == "a release":
        return Story(surroundings, "release")
    if story == "a correction":
        books.release()
    # The clients are owed more than was thought; the vendor owes nothing any more.
    books.write("checks.csv", checks(api=500, hosting=10))
    return Story(surroundings, "run")


@pytest.mark.parametrize("story", STORIES)
def test_killed_at_every_moment_it_ends_as_if_undisturbed(story, tmp_path):
    """The same decisions, obligations, ledger, mails and previews, each once, all provable."""
    found = swept(begun(story, tmp_path / "before"), tmp_path)
    assert found.moments > 20
    assert found.expected["what cannot be proven"] == ()
    assert {"log_entry", "obligation", "effect", "books/ledger.csv"} < found.expected.keys()
    assert list(found.differing) == list(range(1, found.moments + 1))
    assert {moment: names for moment, names in found.differing.items() if names} == {}


def test_killed_while_its_database_is_made_it_ends_as_if_undisturbed(tmp_path):
    """The tables are made as a whole or not at all."""
    moments = (1, 2, 3, 4, 5)
    story = begun("the very first run", tmp_path / "before")
    found = swept(replace(story, moments=moments), tmp_path)
    assert found.differing == {moment: [] for moment in moments}


@pytest.mark.parametrize(
    ("mutant", "moments", "shows"),
    [
        ("two transactions", tuple(range(1, 5)), "the rerun failed"),
        ("mail before intent", None, "effect"),
    ],
)
def test_the_sweep_finds_a_program_that_is_not_safe(mutant, moments, shows, tmp_path):
    """Obligations and log in two transactions, or a mail before its intent: the state differs."""
    story = begun("a first run", tmp_path / "before")
    found = swept(replace(story, mutant=mutant, moments=moments), tmp_path)
    differing = {moment: names for moment, names in found.differing.items() if names}
    assert differing
    assert all(shows in names for names in differing.values())


SAMPLE = {"a first run": (1, 2, 6, 11, 16, 21), "a release": (1, 2, 5, 9, 14)}


@pytest.mark.peer
@pytest.mark.xdist_group("postgresql")
@pytest.mark.parametrize("story", SAMPLE)
def test_killed_on_postgresql_it_ends_as_if_undisturbed(
    story, tmp_path, postgres_server, postgres_database, monkeypatch
):
    """At some of the moments: the server must roll back and let go of the month by itself."""
    beginning = postgres_database()
    monkeypatch.setenv("MAKEGOOD_DATABASE_URL", postgres_server.url(beginning))
    told = begun(story, tmp_path / "before")
    databases = {}
    for moment in (UNDISTURBED, *SAMPLE[story]):
        copy = f"{beginning}_{moment}"
        postgres_server.execute(f"CREATE DATABASE {copy} TEMPLATE {beginning}")
        databases[moment] = postgres_server.url(copy)
    found = swept(replace(told, databases=databases, moments=SAMPLE[story]), tmp_path)
    assert found.expected["what cannot be proven"] == ()
    assert found.differing == {moment: [] for moment in SAMPLE[story]}

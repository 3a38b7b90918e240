"""Workspaces for the stories of a month; every story ends with a verification."""

from functools import partial

import pytest

from flows.settings import DATABASE_URL
from tests.workspaces import Books

POSTGRESQL = pytest.param(
    "postgresql", marks=[pytest.mark.peer, pytest.mark.xdist_group("postgresql")]
)


@pytest.fixture
def lay_out(tmp_path, monkeypatch):
    """A function that lays out the story's workspace; afterwards everything must be provable."""
    monkeypatch.delenv(DATABASE_URL, raising=False)
    yield partial(Books.laid_out, tmp_path / "books")
    assert Books(tmp_path / "books").verify().faults == ()


@pytest.fixture(params=["sqlite", POSTGRESQL])
def lay_out_on_each(request, lay_out, monkeypatch):
    """The same, with the story told once on SQLite and once on PostgreSQL."""
    if request.param == "postgresql":
        monkeypatch.setenv(DATABASE_URL, request.getfixturevalue("postgres_url"))
    return lay_out

"""One run of a month at a time, whatever its scope; on SQLite and PostgreSQL."""

from contextlib import contextmanager

import pytest

from connectors.store import MonthLockedError
from tests.connectors.store.children import CHILDREN, hold
from tests.workspaces import ACME, BLUEFIN, SEPTEMBER, checks


@contextmanager
def another_run(url, month):
    """Another operating-system process that holds the month."""
    ours, theirs = CHILDREN.Pipe()
    other = CHILDREN.Process(target=hold, args=(url, month, theirs))
    other.start()
    try:
        assert ours.recv() == "held"
        yield
    finally:
        ours.send("let go")
        other.join()


@pytest.mark.parametrize("clients", [[], ["acme"]], ids=["all clients", "one client"])
def test_a_month_that_is_running_elsewhere_is_left_alone(lay_out_on_each, clients):
    """Neither a run nor a release does anything while another process is at the month."""
    books = lay_out_on_each(ACME, BLUEFIN, checks=checks(api=120))
    books.run()
    books.write("checks.csv", checks(api=500))
    before, shown = books.everything, books.shown(clients=clients)
    with another_run(books.url, SEPTEMBER):
        with pytest.raises(MonthLockedError, match="2025-09: locked by the other run"):
            books.run(clients=clients)
        with pytest.raises(MonthLockedError):
            books.release(shown)
        assert books.everything == before
    books.run(clients=clients)
    assert books.owed["acme/api/2025-09/r1"] == ("draft", "500.00 EUR")


def test_another_month_may_run_at_the_same_time(lay_out_on_each):
    """The lock is the month's, not the workspace's."""
    books = lay_out_on_each(checks=checks(api=120))
    books.run()
    with another_run(books.url, SEPTEMBER):
        assert list(books.run("2025-10")) == ["acme/api"]

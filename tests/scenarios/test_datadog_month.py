"""A month that Datadog saw: its history is measured, its corrections are judged by the contract."""

from datetime import UTC, datetime

import pytest

from connectors.errors import Misconfigured
from connectors.store.sql import open_store
from deployments.cli.books import explain_document
from flows.explain import explain
from tests.standins.datadog.client import API_KEY, APP_KEY, running
from tests.standins.datadog.world import Slo
from tests.workspaces import ACME, SEPTEMBER, Books

MAKEGOOD = """\
name: Northwind Relay
sources:
  - {{id: dd, kind: datadog, address: "{url}", monitors: {{api: {{slo: a}}}}}}
exclusion_sources:
  - {{id: work, kind: datadog_corrections, address: "{url}", slos: {{a: {{services: [api]}}}}}}
mail: {{from: sla@relay.example, operator: finance@relay.example}}
"""
WITH_NOTICE = ACME.replace("{kind: maintenance}", "{kind: maintenance, notice_hours: 48}")
NOON = int(datetime(2025, 9, 10, 12, tzinfo=UTC).timestamp())
HOUR_S = 3_600
DAY_S = 24 * HOUR_S


@pytest.fixture
def datadog():
    """120 minutes down from noon of 10 September 2025 on; up since August."""
    with running() as organisation:
        organisation.now_s = 4_000_000_000
        past = [(NOON - 60 * DAY_S, 0), (NOON, 1), (NOON + 2 * HOUR_S, 0)]
        organisation.slos["a"] = Slo(history=past)
        yield organisation


@pytest.fixture
def books(tmp_path, datadog, monkeypatch):
    """Acme's contract, which asks for two days of notice; the keys stand in the environment."""
    for source in ("DD", "WORK"):
        monkeypatch.setenv(f"MAKEGOOD_SOURCE_{source}_API_KEY", API_KEY)
        monkeypatch.setenv(f"MAKEGOOD_SOURCE_{source}_APP_KEY", APP_KEY)
    return Books.laid_out(tmp_path, WITH_NOTICE, makegood=MAKEGOOD.format(url=datadog.url))


def explained(books):
    """What `makegood explain` says of September."""
    store = open_store(f"sqlite:///{books.folder}/makegood.db")
    try:
        return explain_document(explain(store, contract="acme/api", period=SEPTEMBER))
    finally:
        store.close()


def corrected(datadog, *, days_ahead):
    """The first 100 minutes of the outage, said so many days before."""
    said = NOON - days_ahead * DAY_S
    datadog.correct("c", slo="a", start=NOON, end=NOON + 6000, created_at=said, modified_at=said)


def test_an_outage_that_datadog_saw_earns_its_credit(books):
    """43,080 / 43,200 = 99.7222 % is below 99.9 and at least 99.0: 10 % of 2,000."""
    books.run()
    assert explained(books)["credit_amount"] == "200.00"
    assert books.verify().faults == ()


def test_a_correction_that_was_made_in_time_counts(books, datadog):
    """20 of 43,100 minutes are left: 99.9536 % keeps the promise of 99.9; Datadog proves it."""
    corrected(datadog, days_ahead=3)
    books.run()
    (why,) = explained(books)["exclusions"]
    assert explained(books)["credit_amount"] == "0.00"
    assert "counts; announced 72 h ahead, 48 h asked" in why
    assert "the system that holds it wrote down when it was announced" in why
    assert books.verify().faults == ()


def test_a_correction_that_was_made_too_late_does_not_count(books, datadog):
    """A day ahead, two were asked for."""
    corrected(datadog, days_ahead=1)
    books.run()
    (why,) = explained(books)["exclusions"]
    assert "does not count: the contract asks for 48 h of notice" in why
    assert explained(books)["credit_amount"] == "200.00"


def test_a_month_is_explained_without_any_key(books, monkeypatch):
    """What was decided is in the log; only a new decision asks Datadog."""
    books.run()
    monkeypatch.delenv("MAKEGOOD_SOURCE_DD_APP_KEY")
    assert explained(books)["credit_amount"] == "200.00"
    assert books.shown().waiting
    with pytest.raises(Misconfigured, match="MAKEGOOD_SOURCE_DD_APP_KEY"):
        books.run()


def test_what_happens_after_the_month_changes_nothing(books, datadog):
    """An outage of October is asked for beside September, and is none of its business."""
    books.run()
    october = NOON + 22 * DAY_S
    datadog.slos["a"].history += [(october, 1), (october + 60, 0)]
    assert books.run()["acme/api"].change is None


def test_late_data_is_a_restatement(books, datadog):
    """Datadog replayed its history: the outage lasted 130 minutes. Nothing changes silently."""
    books.run()
    datadog.slos["a"].history[-1] = (NOON + 130 * 60, 0)
    outcome = books.run()["acme/api"]
    assert outcome.change is not None
    assert books.verify().faults == ()

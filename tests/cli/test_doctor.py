"""`makegood doctor`: everything is asked about, each thing says what to do, no secret is shown."""

import json

import pytest

from tests.command import makegood
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, Books, checks


@pytest.fixture
def books(tmp_path):
    """Two clients, nothing decided yet."""
    return Books.laid_out(tmp_path / "books", ACME, BLUEFIN, checks=checks(api=0))


def asked(books, *, code=0):
    """The answers by what they are about."""
    ended = makegood("doctor", "--workspace", str(books.folder), "--json")
    assert ended.code == code
    return {a["about"]: (a["state"], a["says"]) for a in json.loads(ended.out)["answers"]}


def test_everything_that_a_month_needs_is_asked_about(books):
    """And nothing is changed: there is no database afterwards."""
    before = sorted(path for path in books.folder.rglob("*"))
    answers = asked(books)
    assert {about for about, (state, _) in answers.items() if state == "good"} == {
        *("workspace", "settings", "time zones", "source checks", "database", "ledger csv"),
        *("mail", "billing", "chat", "Prefect"),
    }
    assert answers["database"][1] == "not there yet; the first run makes it"
    assert sorted(path for path in books.folder.rglob("*")) == before


def test_a_database_that_is_there_answers_with_its_clock(books):
    """On this machine it is this machine's."""
    books.run()
    assert "; its clock is " in asked(books)["database"][1]


def test_a_misspelled_setting_is_told(books, monkeypatch):
    """With the one that is meant, and without what it holds."""
    monkeypatch.setenv("MAKEGOOD_STRIP_KEY", "rk_test_secret")
    state, says = asked(books, code=1)["settings"]
    assert (state, "MAKEGOOD_STRIPE_KEY" in says) == ("look", True)
    assert "rk_test" not in says


def test_what_is_wrong_says_what_to_do_and_the_rest_is_asked(books):
    """Stripe without its key: the setting and billing are wrong, every other door is tried."""
    books.write("makegood.yaml", MAKEGOOD + "billing: {kind: stripe, mode: test}\n")
    answers = asked(books, code=2)
    for about in ("settings", "billing"):
        state, says = answers[about]
        assert state == "wrong"
        assert "MAKEGOOD_STRIPE_KEY" in says
    assert "Set it, or save it in the Secret block makegood-stripe-key." in answers["settings"][1]
    good = {about for about, (state, _) in answers.items() if state == "good"}
    assert {"source checks", "database", "ledger csv", "mail", "chat", "Prefect"} <= good


def test_a_source_that_cannot_be_read_is_wrong(books):
    """Its finding names file and line."""
    books.write("checks.csv", "monitor,at,up\napi,yesterday,up\n")
    state, says = asked(books, code=2)["source checks"]
    assert state == "wrong"
    assert "yesterday" in says


def test_a_prefect_server_that_does_not_answer_is_away(books, monkeypatch):
    """Exit code 3: ask again."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert asked(books, code=3)["Prefect"][0] == "away"


def test_a_missing_workspace_is_told_and_nothing_else_is_asked(tmp_path):
    """For a person, in lines."""
    ended = makegood("doctor", "--workspace", str(tmp_path))
    assert ended.code == 2
    assert "WRONG  workspace: " in ended.out
    assert "\ngood   database" not in ended.out
    assert "source" not in ended.out

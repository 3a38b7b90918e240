"""`makegood remind`: what it prints, and what its exit codes say.

Cloudways owes 50.00 USD for September 2025; the claim is in time through October 30.
"""

import json

import pytest
from jsonschema import Draft202012Validator

from connectors.errors import Permanent, Retriable
from connectors.mail.outbox import OutboxMail
from deployments.cli.schemas import schema_path
from tests.command import makegood
from tests.workspaces import ACME, MAKEGOOD, VENDOR, Books, checks

KEY = "cloudways/hosting/2025-09"


@pytest.fixture
def books(tmp_path, monkeypatch):
    """A month with one claim, run; afterwards everything must be provable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    laid_out = Books.laid_out(tmp_path / "books", ACME, VENDOR, checks=checks(api=5, hosting=120))
    laid_out.run()
    yield laid_out
    assert laid_out.verify().faults == ()


def remind(*arguments):
    """The command, in the workspace."""
    return makegood("remind", *arguments, "--workspace", "books")


def failing(monkeypatch, error):
    """Let the outbox raise an error in place of writing."""

    def _send(_self, _message):
        raise error

    monkeypatch.setattr(OutboxMail, "send", _send)


def test_it_says_what_is_due_and_who_was_told(books):
    """The first time now, the second time before."""
    first, second = remind("--on", "2025-10-16"), remind("--on", "2025-10-16")
    assert (first.code, second.code) == (0, 0)
    for part in (KEY, "2025-10-30", "14", "50.00 USD", "now", "1 newly reminded of, 1 mail sent."):
        assert part in first.out
    assert "before" in second.out
    assert "0 newly reminded of, no mails sent." in second.out


def test_the_document_is_as_published(books):
    """With everything that a script needs to remind somebody itself."""
    ended = remind("--on", "2025-10-16", "--json")
    found = json.loads(ended.out)
    Draft202012Validator(json.loads(schema_path("remind").read_text())).validate(found)
    (due,) = found["due"]
    assert (due["claim"], due["days_left"], due["new"]) == (KEY, 14, True)
    assert due["owed"] == {"amount": "50.00", "currency": "USD"}
    assert (found["mails_sent"], found["mails_waiting"], found["calendar"]) == (1, 0, None)


def test_a_dry_run_sends_nothing(books):
    """And says what it would do."""
    ended = remind("--on", "2025-10-16", "--dry-run")
    assert ended.code == 0
    assert "1 would be reminded of, no mails sent." in ended.out
    assert remind("--on", "2025-10-16", "--json").document["mails_sent"] == 1


def test_without_mail_it_says_so_and_lists_all_the_same(books):
    """The list is of use without mail."""
    books.write("makegood.yaml", MAKEGOOD.partition("mail:")[0])
    ended = remind("--on", "2025-10-16")
    assert ended.code == 0
    assert KEY in ended.out
    assert "No mail is configured" in ended.out


def test_a_mail_that_waits_is_not_done(books, monkeypatch):
    """Exit code 3: run it again."""
    failing(monkeypatch, Retriable("outbox: the disk is full; mend that and rerun."))
    ended = remind("--on", "2025-10-16")
    assert ended.code == 3
    assert "the disk is full" in ended.err


def test_a_refused_mail_needs_a_person(books, monkeypatch):
    """Exit code 1, and the next run does not try again by itself."""
    failing(monkeypatch, Permanent("no such mailbox"))
    assert remind("--on", "2025-10-16").code == 1


def test_a_day_that_is_none_is_refused(books):
    """Exit code 2, with what was expected."""
    ended = remind("--on", "tomorrow")
    assert ended.code == 2
    assert "a date as YYYY-MM-DD" in ended.err

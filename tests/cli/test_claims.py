"""`makegood claims`: the list, one claim with its text, and what became of it.

Cloudways promises 99.9 %; 120 of September's 43,200 minutes down earn 10 % of 500.00 USD, claimed
through 2025-10-30. Acme's service depends on it and was down for 180 minutes: 200.00 EUR.
"""

import json
from hashlib import sha256
from io import StringIO

import pytest
from jsonschema import Draft202012Validator

from deployments.cli import printing
from deployments.cli.schemas import schema_path
from flows.settings import APPROVER_TOKEN as TOKEN
from tests.command import makegood
from tests.workspaces import ACME, VENDOR, Books, checks

KEY = "cloudways/hosting/2025-09"
R0 = f"{KEY}/r0"
BY_VENDOR = ACME.replace("currency: EUR", "depends_on: [cloudways/hosting]\ncurrency: EUR")
TICKET = """claim:
  channel: ticket
  deadlines:
    - {stage: ticket, within: 24 hours, after: awareness}
    - {by_end_of: calendar_month, number: 1}
"""


@pytest.fixture
def books(tmp_path, monkeypatch):
    """A month with one claim, run; afterwards everything must be provable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    laid_out = Books.laid_out(
        tmp_path / "books", BY_VENDOR, VENDOR, checks=checks(api=180, hosting=120)
    )
    laid_out.run()
    yield laid_out
    assert laid_out.verify().faults == ()


def claims(*arguments):
    """The command, in the workspace."""
    return makegood("claims", *arguments, "--workspace", "books")


def document(schema, *arguments):
    """What it prints for scripts; it must be as published."""
    ended = claims(*arguments, "--json")
    found = json.loads(ended.out)
    Draft202012Validator(json.loads(schema_path(schema).read_text())).validate(found)
    return found


def test_the_list_has_amount_deadline_status_and_channel(books):
    """Two weeks before the end nothing is wrong; exit code 0."""
    ended = claims("--today", "2025-10-16")
    assert ended.code == 0
    for part in (KEY, "50.00 USD", "To Review", "2025-10-30", "14 days left", "portal"):
        assert part in ended.out
    assert "1 claim to file, 50.00 USD." in ended.out
    assert (
        f"{KEY}: acme/api was down with it for 2 h, 66.6… % of its downtime; we owe 200.00 EUR"
        in ended.out
    )
    assert "Linked outages: we owe 200.00 EUR, recoverable 50.00 USD." in ended.out


@pytest.mark.parametrize(("width", "is_a_table"), [(70, True), (40, False)])
def test_a_claim_s_name_stays_whole_on_a_narrow_screen(books, monkeypatch, width, is_a_table):
    """It is what people copy: the other columns are folded, and then the table is given up."""
    monkeypatch.setattr(printing, "PLAIN_WIDTH", width)
    lines = claims("--today", "2025-10-16").out.splitlines()
    (shown,) = [line for line in lines if KEY in line and ": acme/api was down" not in line]
    assert (shown != KEY, len(shown) <= width) == (is_a_table, True)
    if not is_a_table:
        below = lines[lines.index(KEY) + 1]
        assert below == "  50.00 USD, To Review, 2025-10-30, 14 days left, portal"


def test_a_day_is_the_claim_s_own(books):
    """October 30 begins in Los Angeles seven hours later than in UTC, and is today there."""
    books.agree(VENDOR.replace("currency: USD", "time_zone: America/Los_Angeles\ncurrency: USD"))
    books.run()
    ended = claims("--today", "2025-10-30")
    assert (ended.code, "2025-10-30, today" in ended.out) == (0, True)
    late = claims("--today", "2025-10-31")
    assert (late.code, "1 day late" in late.out) == (1, True)


def test_what_is_overdue_needs_a_person(books):
    """After the last day the list says so, and ends with 1."""
    ended = claims("--today", "2025-11-02")
    assert ended.code == 1
    assert "3 days late" in ended.out
    assert f"{KEY}: the claim was due through 2025-10-30" in ended.out
    assert claims("--today", "2025-10-30").code == 0


@pytest.mark.parametrize(
    ("narrowed", "listed"),
    [
        (("--due", "14d", "--today", "2025-10-16"), 1),
        (("--due", "2w", "--today", "2025-10-15"), 0),
        (("--due", "0", "--today", "2025-10-30"), 1),
        (("--month", "2025-09"), 1),
        (("--month", "2025-08"), 0),
        (("--client", "cloudways"), 1),
        (("--client", "acme"), 0),
    ],
)
def test_the_list_is_narrowed(books, narrowed, listed):
    """By deadline, month and vendor; a client has no claims."""
    assert len(document("claims", *narrowed)["claims"]) == listed


def test_the_document_has_both_sides(books):
    """Every figure that scripts need, as published."""
    found = document("claims", "--today", "2025-10-16")
    (claim,) = found["claims"]
    assert found["at"] == "2025-10-16T00:00:00Z"
    assert (claim["owed"], claim["status"], claim["days_left"], claim["overdue"]) == (
        {"amount": "50.00", "currency": "USD"},
        "To Review",
        14,
        False,
    )
    assert claim["deadlines"] == [
        {
            "stage": "claim",
            "last_day": "2025-10-30",
            "until": "2025-10-31T00:00:00Z",
            "whole_day": True,
            "outage_at": None,
            "rule": "within 30 days after the end of the month",
            "open": True,
            "missed": False,
        }
    ]
    assert claim["downstream"] == [
        {
            "contract": "acme/api",
            "name": "Acme GmbH, Relay API",
            "overlap_seconds": 7200,
            "downtime_seconds": 10800,
            "share_percent": "66.666666",
            "owed": {"amount": "200.00", "currency": "EUR"},
            "withheld": False,
        }
    ]
    assert found["linked"] == {
        "owed": [{"amount": "200.00", "currency": "EUR"}],
        "recoverable": [{"amount": "50.00", "currency": "USD"}],
    }


def test_the_life_of_a_claim_at_the_terminal(books):
    """Filed under a number, approved in part, seen on the bill; then it is off the list."""
    ended = claims("file", KEY, "--reference", "4711", "--at", "2025-10-02T09:00Z")
    assert (ended.code, ended.err) == (0, "")
    assert f"{KEY}: 50.00 USD, Filed (4711)" in ended.out
    assert books.rows[R0]["Status"] == "Filed"
    assert claims("approve", KEY, "--amount", "40").code == 0
    assert books.rows[R0]["Status"] == "Approved"
    listed = claims()
    assert (listed.code, "Approved 40.00 USD (4711)" in listed.out) == (0, True)
    assert claims("settle", KEY, "--on", "2025-11-30").code == 0
    assert "1 finished claim left out (--all)" in claims().out
    (claim,) = document("claims", "--all")["claims"]
    assert (claim["filed"]["amount"], claim["approved"]["amount"]) == ("50.00", "40.00")
    assert (claim["settled"]["amount"], claim["settled_on"]) == ("40.00", "2025-11-30")
    acts = [move["act"] for move in document("claims-show", "show", KEY)["moves"]]
    assert acts == ["status", "status", "settled"]


def test_a_bill_that_is_still_to_come_was_seen_by_nobody(books):
    """A slip in the year would close the claim."""
    claims("file", KEY, "--at", "2025-10-02")
    refused = claims("settle", KEY, "--on", "2999-11-30")
    assert (refused.code, "--on: is 2999-11-30, which is still to come" in refused.err) == (2, True)
    assert document("claims-show", "show", KEY)["claim"]["settled_on"] is None


def test_a_late_filing_is_warned_of_and_recorded(books):
    """The vendor may refuse it; that is the vendor's to say."""
    ended = claims("file", KEY)
    assert ended.code == 0
    assert f"warning: {KEY}: the claim was due through 2025-10-30" in ended.err
    assert "the vendor may refuse it" in ended.err
    assert claims().code == 0


def test_the_move_is_a_document_too(books):
    """With who told it, and the warning."""
    found = document("claims-move", "deny", KEY, "--why", "too small to ask for")
    assert (found["claim"]["status"], found["moved"]["to"]) == ("Denied", "Denied")
    assert found["moved"]["verified"]
    assert found["moved"]["why"] == "too small to ask for"
    assert found["warning"] == ""


def test_a_move_that_cannot_be_is_refused(books):
    """Exit code 2, with what may be; nothing is recorded."""
    ended = claims("approve", KEY)
    assert (ended.code, ended.out) == (2, "")
    assert "is To Review and cannot become Approved; Eligible, Filed or Denied" in ended.err
    for amount, fact in (("0", "the amount is 0.00 USD"), ("1.234", "finer than USD")):
        claims("file", KEY)
        refused = claims("approve", KEY, "--amount", amount)
        assert (refused.code, fact in refused.err) == (2, True)


@pytest.mark.parametrize("at", ["2025-10-02T09:00", "2025-10-02 09:00", "yesterday", "2025-13-01"])
def test_a_moment_without_an_offset_is_refused(books, at):
    """Nobody knows whose nine o'clock it was; a date alone begins in UTC."""
    refused = claims("file", KEY, "--at", at)
    assert (refused.code, f"--at: is '{at}'" in refused.err) == (2, True)


def test_what_people_type_stays_on_one_line(books):
    """Neither the log nor a terminal is to be turned around by a reason."""
    claims("file", KEY, "--why", "by phone\x1b[2J\nApproved")
    (move,) = document("claims-show", "show", KEY)["moves"]
    assert move["why"] == "by phone [2J Approved"


def test_a_claim_goes_to_any_status_by_its_name(books):
    """However it is typed, and back again."""
    assert claims("move", KEY, "--to", "eligible").code == 0
    assert claims("move", KEY, "--to", "to-review", "--why", "looked again").code == 0
    assert document("claims-show", "show", R0)["claim"]["status"] == "To Review"


def test_the_text_is_shown_and_written(books):
    """Plain on the screen, Markdown in a file; what is late is said with exit code 1."""
    shown = claims("show", KEY, "--today", "2025-10-16")
    assert shown.code == 0
    assert "Subject: SLA Credit Request: Hosting, 2025-09" in shown.out
    ended = claims("show", KEY, "--write", "claim.md", "--format", "markdown")
    assert (ended.code, "Written to claim.md." in ended.out) == (1, True)
    text = (books.folder.parent / "claim.md").read_text(encoding="utf-8")
    assert text.startswith("# SLA Credit Request: Hosting, 2025-09\n")
    found = document("claims-show", "show", KEY)
    assert found["text"].splitlines()[0] == "Subject: SLA Credit Request: Hosting, 2025-09"


def test_a_stage_and_when_it_was_known_move_the_deadlines(books):
    """The ticket was due a day after the outage began, unless we knew of it later."""
    books.agree(VENDOR.replace("claim: {within_days: 30, channel: portal}\n", TICKET))
    books.run()
    claim = document("claims-show", "show", KEY, "--today", "2025-10-16")["claim"]
    assert [(d["stage"], d["until"], d["missed"]) for d in claim["deadlines"]] == [
        ("ticket", "2025-09-11T12:00:00Z", True),
        ("claim", "2025-11-01T00:00:00Z", False),
    ]
    late = claims("stage", KEY, "ticket", "--at", "2025-09-11T13:00Z", "--reference", "T-1")
    assert "the ticket was due before 2025-09-11T12:00:00Z" in late.err
    assert claims("known", KEY, "--at", "2025-09-10T13:30Z").code == 0
    claim = document("claims-show", "show", KEY, "--today", "2025-10-16")["claim"]
    assert [(d["stage"], d["until"], d["open"]) for d in claim["deadlines"]] == [
        ("ticket", "2025-09-11T13:30:00Z", False),
        ("claim", "2025-11-01T00:00:00Z", True),
    ]
    refused = claims("stage", KEY, "letter")
    assert (refused.code, "STAGE: is 'letter'; ticket." in refused.err) == (2, True)


def test_what_is_withheld_needs_a_person_and_has_no_text(books):
    """It is listed with the reason; a file for it is refused and not made."""
    books.agree(VENDOR + "measurement: {stale_after_minutes: 60}\n")
    books.run()
    ended = claims("show", KEY, "--today", "2025-10-16")
    assert (ended.code, "Nothing can be filed yet." in ended.out) == (1, True)
    refused = claims("show", KEY, "--write", "claim.txt")
    assert (refused.code, "which is withheld: " in refused.err) == (2, True)
    assert not (books.folder.parent / "claim.txt").exists()


def test_somebody_may_speak_by_a_token(books, monkeypatch):
    """The name that the workspace has for it, not the account's."""
    secret = "correct horse battery staple"
    known = sha256(secret.encode()).hexdigest()
    makegood_yaml = (books.folder / "makegood.yaml").read_text(encoding="utf-8")
    books.write("makegood.yaml", f"{makegood_yaml}release: {{approvers: {{kim: [{known}]}}}}\n")
    monkeypatch.setenv(TOKEN, secret)
    assert document("claims-move", "file", KEY)["moved"]["by"] == "kim"
    monkeypatch.setattr("sys.stdin", StringIO(""))
    monkeypatch.setenv(TOKEN, "somebody else's token")
    assert claims("move", KEY, "--to", "eligible").code == 2


def test_an_empty_workspace_has_no_claims(tmp_path, monkeypatch):
    """No database is made by looking."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    books = Books.laid_out(tmp_path / "books", VENDOR, checks=checks(hosting=120))
    ended = claims()
    assert (ended.code, ended.out) == (0, "no claims to file.\n")
    assert not (books.folder / "makegood.db").exists()

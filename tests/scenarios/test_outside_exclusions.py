"""A maintenance calendar beside the workspace's files: notice is proven, or it does not count."""

import pytest

from connectors.store.sql import open_store
from deployments.cli.books import explain_document
from flows.explain import explain
from flows.month import conduct, directly, month_run
from models.decision import EntryKind
from models.findings import UnusableInputError
from models.period import ServiceMonth
from models.sources.base import SignalKind
from tests.workspaces import ACME, LADDER, MAKEGOOD, SEPTEMBER, Books, checks

CALENDAR = """\
exclusion_sources:
  - {id: ops, kind: calendar, path: ops.ics}
"""
WITH_NOTICE = ACME.replace("{kind: maintenance}", "{kind: maintenance, notice_hours: 48}")


def ics(start="20250910T120000Z", end="20250910T134000Z"):
    """A calendar with one entry: the first 100 minutes of the outage, said to be old."""
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\nBEGIN:VEVENT\r\nUID:upgrade\r\n"
        f"SUMMARY:Storage upgrade\r\nDTSTART:{start}\r\nDTEND:{end}\r\n"
        "LAST-MODIFIED:20250801T000000Z\r\nORGANIZER:mailto:ana@relay.example\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )


@pytest.fixture
def books(tmp_path):
    """The service was down for 120 minutes; 100 of them stand in a calendar."""
    laid_out = Books.laid_out(tmp_path, checks=checks(api=120), makegood=MAKEGOOD + CALENDAR)
    laid_out.write("ops.ics", ics())
    return laid_out


def explained(books):
    """What `makegood explain` says of September."""
    store = open_store(f"sqlite:///{books.folder}/makegood.db")
    try:
        return explain_document(explain(store, contract="acme/api", period=SEPTEMBER))
    finally:
        store.close()


def sightings(books):
    """What the log holds of exclusions that were seen."""
    store = open_store(f"sqlite:///{books.folder}/makegood.db")
    try:
        return [entry.body for entry in store.observed(EntryKind.EXCLUSION_SEEN)]
    finally:
        store.close()


def test_a_calendar_takes_time_out_where_no_notice_is_asked(books):
    """20 of 43,100 minutes are left: 99.9536 % keeps the promise of 99.9; without it 10 % of 2,000.

    43,080 / 43,200 = 99.7222 % is below 99.9 and at least 99.0.
    """
    books.run(SEPTEMBER)
    (effect,) = explained(books)["exclusion_effects"]
    assert explained(books)["credit_amount"] == "0.00"
    assert effect == {
        "exclusion": "ops/upgrade",
        "excluded_seconds": 6000,
        "spared_seconds": 6000,
        "credit_amount_without": "200.00",
        "says": "ops/upgrade takes 1 h 40 min out of the month and 1 h 40 min out of its "
        "downtime: the credit is 0.00 EUR, and 200.00 EUR without",
    }
    assert books.verify().faults == ()


def test_what_a_calendar_says_of_its_own_age_proves_no_notice(books):
    """The entry says that it was written in August; Makegood sees it today."""
    books.agree(WITH_NOTICE)
    books.run(SEPTEMBER)
    (why,) = explained(books)["exclusions"]
    assert "does not count: the contract asks for 48 h of notice" in why
    assert "announced not before its start; Makegood saw it first at 20" in why
    assert explained(books)["credit_amount"] == "200.00"


def test_a_workspace_may_believe_its_calendar(books):
    """Then the month says whose word it rests on."""
    believed = CALENDAR.replace("path:", "announced: stated, path:")
    books.write("makegood.yaml", MAKEGOOD + believed)
    books.agree(WITH_NOTICE)
    books.run(SEPTEMBER)
    (why,) = explained(books)["exclusions"]
    assert "ops/upgrade" in why
    assert "counts; announced 972 h ahead, 48 h asked" in why
    assert "after it began; its announcement rests on the word of ana@relay.example" in why


def test_a_second_run_sees_nothing_new(books):
    """One sighting, one decision."""
    books.run(SEPTEMBER)
    first = sightings(books)
    outcome = books.run(SEPTEMBER)["acme/api"]
    assert outcome.change is None
    assert sightings(books) == first
    assert len(first) == 1


def test_a_moved_entry_is_seen_anew_and_a_removed_one_is_gone(books):
    """Seen, moved by a day, removed: three entries of the log that nobody can take back."""
    books.run(SEPTEMBER)
    books.write("ops.ics", ics("20250911T120000Z", "20250911T134000Z"))
    books.run(SEPTEMBER)
    books.write("ops.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nEND:VCALENDAR\r\n")
    outcome = books.run(SEPTEMBER)["acme/api"]
    assert [(body["number"], body["scope"] is None) for body in sightings(books)] == [
        (0, False),
        (1, False),
        (2, True),
    ]
    assert "the recorded exclusions changed" in outcome.says


def test_a_dry_run_records_nothing(books):
    """Not even a database."""
    books.run(SEPTEMBER, dry_run=True)
    assert not (books.folder / "makegood.db").exists()


def test_a_calendar_that_cannot_be_used_refuses_the_run_and_nothing_is_written(books):
    """The finding names file and line."""
    books.write("ops.ics", ics(end="20250910T110000Z"))
    with pytest.raises(UnusableInputError, match=r"ops\.ics:5: ends at"):
        books.run(SEPTEMBER)
    assert not (books.folder / "makegood.db").exists()


def test_two_that_tell_of_one_event_are_refused(books):
    """A file may not answer for the calendar."""
    books.write(
        "exclusions/all.yaml",
        "- id: ops/upgrade\n  kind: maintenance\n  reason: x\n"
        "  start: 2025-09-10T12:00Z\n  end: 2025-09-10T13:00Z\n",
    )
    with pytest.raises(UnusableInputError, match="a file of exclusions and ops both tell"):
        books.run(SEPTEMBER)


FILED = """\
- id: upgrade
  kind: maintenance
  reason: Storage upgrade
  author: Ana Sol
  announced_at: 2025-08-01T00:00Z
  start: 2025-09-10T12:00Z
  end: 2025-09-10T13:40Z
"""


@pytest.fixture
def filed(tmp_path):
    """The same in a file of exclusions, which says that it was announced in August."""
    laid_out = Books.laid_out(tmp_path, WITH_NOTICE, checks=checks(api=120))
    laid_out.write("exclusions/all.yaml", FILED)
    return laid_out


def test_a_back_dated_entry_of_a_file_counts_and_is_told(filed):
    """A person's word stands, with the name; that it came after the fact cannot be hidden."""
    filed.run(SEPTEMBER)
    (why,) = explained(filed)["exclusions"]
    assert "counts; announced 972 h ahead, 48 h asked" in why
    assert "after it began; its announcement rests on the word of Ana Sol" in why
    assert explained(filed)["credit_amount"] == "0.00"


def test_a_workspace_may_ask_proof_of_its_files_too(filed):
    """Then the entry would have had to be there in time."""
    filed.write("makegood.yaml", MAKEGOOD + "exclusions_announced: seen\n")
    filed.run(SEPTEMBER)
    assert "announced not before its start" in explained(filed)["exclusions"][0]
    assert explained(filed)["credit_amount"] == "200.00"


def warnings_of(books):
    """What a dry run of September finds worth a look."""
    month = ServiceMonth.parse(SEPTEMBER)
    with month_run(books.folder, month=month, clients=(), dry_run=True, notify=False) as run:
        conduct(run, directly)
        return run.warnings


def test_a_back_dated_entry_that_changes_the_credit_is_a_warning_of_the_run(filed):
    """And none where it was there in time, or changes nothing."""
    assert warnings_of(filed) == (
        "acme/api: upgrade was seen first after it began: its notice is the word of Ana Sol",
    )
    filed.write("exclusions/all.yaml", FILED.replace("-10T", "-20T"))
    assert warnings_of(filed) == ()


AUTOMATIC = WITH_NOTICE + "release: {mode: automatic, up_to: 500}\n"


@pytest.mark.parametrize(
    ("back_dated", "state"),
    [("", "released"), (FILED.replace("13:40Z", "12:30Z"), "released")],
)
def test_a_rule_releases_what_rests_on_no_late_word(filed, back_dated, state):
    """Without an entry, or with one that changes nothing: 200.00 for 120 or 90 minutes alike."""
    filed.agree(AUTOMATIC)
    filed.write("exclusions/all.yaml", back_dated)
    filed.run(SEPTEMBER)
    assert filed.owed == {"acme/api/2025-09/r0": (state, "200.00 EUR")}


def test_a_rule_does_not_release_what_rests_on_a_late_word(filed):
    """500 minutes down earn 25 %, 500.00; a back-dated entry makes that 10 %: a person looks.

    43,200 minutes less 100 are measurable; 400 of 43,100 are 0.93 %, above 99.0 % uptime.
    """
    filed.write("checks.csv", checks(api=500))
    filed.agree(AUTOMATIC)
    filed.run(SEPTEMBER)
    assert filed.owed == {"acme/api/2025-09/r0": ("draft", "200.00 EUR")}


@pytest.mark.parametrize("announced", ["", "  announced_at: 2025-09-09T12:00Z\n"])
def test_an_entry_without_announcement_or_with_a_late_one_does_not_count(filed, announced):
    """48 hours are asked; 24 are too few, and so is silence."""
    text = FILED.replace("  announced_at: 2025-08-01T00:00Z\n", announced)
    filed.write("exclusions/all.yaml", text)
    filed.run(SEPTEMBER)
    assert "does not count" in explained(filed)["exclusions"][0]
    assert explained(filed)["credit_amount"] == "200.00"


def test_exclusions_that_overlap_are_told_one_by_one_and_together(filed):
    """One takes 12:00 to 13:40, the other 13:00 to 14:00; together they cover the outage.

    Without the first 60 minutes are left (99.86 %: 200.00), without the second 20 (99.95 %: none).
    """
    second = FILED.replace("id: upgrade", "id: second").replace("12:00Z\n  end", "13:00Z\n  end")
    second = second.replace("13:40Z", "14:00Z")
    filed.write("exclusions/all.yaml", FILED + second)
    filed.run(SEPTEMBER)
    effects = explained(filed)["exclusion_effects"]
    assert [
        (e["exclusion"], e["excluded_seconds"], e["spared_seconds"], e["credit_amount_without"])
        for e in effects
    ] == [
        ("upgrade", 6000, 3600, "200.00"),
        ("second", 3600, 1200, "0.00"),
        (None, 7200, 7200, "200.00"),
    ]


def test_what_an_exclusion_comes_to_is_worked_out_again_by_verify(filed, monkeypatch):
    """A figure that does not come out again is a fault."""
    filed.run(SEPTEMBER)
    assert filed.verify().faults == ()
    monkeypatch.setattr("flows.verify.effect_records", lambda _decided: [])
    (fault,) = filed.verify().faults
    assert "what its exclusions come to comes out differently" in fault


SOURCES = """\
name: Northwind Relay
sources:
  - {id: outside, kind: checks_file, path: outside.csv}
  - {id: inside, kind: checks_file, path: inside.csv, signal: first_party}
"""
CORROBORATED = f"""\
role: provider
client: {{id: acme, name: Acme GmbH}}
service: {{id: api, name: Relay API}}
currency: EUR
billable_amount: 2000
monitors: [ping, errors]
measurement: {{corroborated_by: 2}}
{LADDER}"""


@pytest.mark.parametrize(("errors", "amount"), [(0, "0.00"), (120, "200.00")])
def test_in_a_whole_run_ping_alone_does_not_pay(tmp_path, errors, amount):
    """Two kinds of witness must agree; the kinds outlive the cutting of evidence to the month."""
    books = Books.laid_out(tmp_path, CORROBORATED, makegood=SOURCES)
    books.write("outside.csv", checks(ping=120))
    books.write("inside.csv", checks(errors=errors))
    outcome = books.run(SEPTEMBER)["acme/api"]
    kinds = [s.timeline.signal for r in outcome.decided.measured.case.evidence for s in r]
    assert kinds == [SignalKind.EXTERNAL, SignalKind.FIRST_PARTY]
    assert outcome.decided.determination.amount.text == amount
    assert books.verify().faults == ()

"""Deadlines that end before anybody knows what the month earns: they are told of all the same.

Cloudways was down for two hours from noon of Wednesday, September 10: more than the 43.2 minutes
that 99.9 % of 43,200 allow. Five business days after it began are September 17.
"""

from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest
from icalendar import Calendar

from flows.claims import find_claim, open_to_tell, tell
from flows.early_claims import any_claim, early_claims
from flows.office import open_office
from flows.reminders import remind
from models.approval import Identity, Voice
from models.claims.life import Act, Move
from models.claims.present import Present
from models.findings import UnusableInputError
from models.intervals import instant
from tests.command import makegood
from tests.workspaces import MAKEGOOD, VENDOR, Books, checks

KEY = "cloudways/hosting/2025-09"
KIM = Voice("kim", Identity.FREE_TEXT)
FEED = "claims: {calendar: claims.ics}\n"
RULES = """claim:
  channel: ticket
  deadlines:
    - {stage: ticket, within: 5 business days, after: incident_start}
    - {within: 30 days}
"""
MAINTENANCE = """exclusions:
  - id: works
    kind: maintenance
    start: 2025-09-10T12:00:00Z
    end: 2025-09-10T14:00:00Z
    reason: new disks
    announced_at: 2025-09-01T12:00:00Z
"""
SOON = VENDOR.replace("claim: {within_days: 30, channel: portal}\n", RULES)


def as_of(text):
    """A moment in UTC."""
    return Present(instant(datetime.fromisoformat(text).replace(tzinfo=UTC)))


@pytest.fixture
def books(tmp_path):
    """September goes on; nothing was decided. Afterwards everything must be provable."""
    laid = Books.laid_out(
        tmp_path / "books", SOON, checks=checks(hosting=120), makegood=MAKEGOOD + FEED
    )
    yield laid
    assert laid.verify().faults == ()


def early(books, moment):
    """What can be told at a moment."""
    with open_office(books.folder, read_only=True) as office:
        return early_claims(office, as_of(moment))


def reminded(books, moment):
    """Remind at a moment."""
    with open_office(books.folder) as office:
        return remind(office, present=as_of(moment))


def entries(books):
    """The feed's days, numbers and UIDs."""
    read: Any = Calendar.from_ical((books.folder / "claims.ics").read_bytes())
    return {(e.start, int(e["sequence"]), str(e["uid"])) for e in read.walk("VEVENT")}


def noted(books, moment, **said):
    """A person tells of the claim."""
    with open_to_tell(books.folder) as office:
        claim = any_claim(office, KEY, as_of(moment))
        move = Move(
            act=Act.STAGE,
            by=KIM,
            at=as_of(moment).at,
            obligation=claim.obligation,
            standing=claim.owed,
            **said,
        )
        return tell(office.store, claim, move)


@pytest.mark.parametrize(
    ("contract", "minutes", "moment", "found"),
    [
        (SOON, 120, "2025-09-10T12:40", 0),  # 40 minutes down: the month may still be met.
        (SOON, 120, "2025-09-10T12:44", 1),  # 44 are more than the whole month allows.
        (SOON, 40, "2025-09-12", 0),
        (SOON, 120, "2025-09-30T23:59", 1),
        (SOON, 120, "2025-10-20", 1),  # The month is over, and nobody has run it.
        (SOON, 120, "2025-11-01", 0),
        (VENDOR, 120, "2025-09-12", 0),  # Counted from the month's end: there is time.
    ],
)
def test_a_claim_that_comes_for_sure_is_known_before_its_month_is_decided(
    tmp_path, contract, minutes, moment, found
):
    """Only where a vendor counts from the outage, and only once the commitment is missed."""
    books = Books.laid_out(tmp_path / "books", contract, checks=checks(hosting=minutes))
    assert len(early(books, moment)) == found


def test_announced_maintenance_is_no_downtime_of_an_early_claim(tmp_path):
    """The vendor's terms accept maintenance, and both hours were announced as such."""
    accepted = SOON + "exclusions: [{kind: maintenance}]\n"
    books = Books.laid_out(tmp_path / "books", accepted, checks=checks(hosting=120))
    assert len(early(books, "2025-09-12")) == 1
    books.write("exclusions/all.yaml", MAINTENANCE)
    assert early(books, "2025-09-12") == ()


def test_it_says_until_when_and_not_how_much(books):
    """Nobody knows what the month earns; that alone needs nobody."""
    (claim,) = early(books, "2025-09-12")
    assert (claim.key, claim.worth, claim.undecided) == (KEY, "", True)
    assert [(due.stage, due.last_day) for due in claim.dues] == [("ticket", date(2025, 9, 17))]
    assert claim.open_points(as_of("2025-09-12").at) == ()
    assert claim.open_points(as_of("2025-09-18").at) != ()


def test_it_is_reminded_of_in_time(books):
    """By mail with a calendar, each step once."""
    sent = [day for day in range(8, 20) if reminded(books, f"2025-09-{day:02}").settlement.done]
    assert sent == [11, 16, 18]  # Six days before, the day before, and once it was missed.
    letters = [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted((books.folder / "outbox").glob("claims.*.eml"))
    ]
    assert all("Downtime so far:" in str(letter.get_body(("plain",))) for letter in letters)
    assert sorted(letter["subject"] for letter in letters) == [
        "1 claim to file, 1 day overdue",
        "1 claim to file, due in 6 days",
        "1 claim to file, due tomorrow",
    ]


def test_what_was_told_early_stays_with_the_claim(books):
    """The ticket was opened on the 12th; the month is run in October."""
    reminded(books, "2025-09-11")
    told = noted(books, "2025-09-12", stage="ticket", reference="T-1")
    assert told.life.stages == {"ticket": as_of("2025-09-12").at}
    assert [e.why.value for e in reminded(books, "2025-09-12").ended] == ["done"]
    assert entries(books) == set()
    books.run()
    with open_office(books.folder) as office:
        claim = find_claim(office.store, KEY)
    assert (claim.worth, claim.life.reference) == ("50.00 USD", "T-1")
    assert [due.stage for due in claim.open_dues] == ["claim"]


def test_the_month_s_claim_takes_its_place_in_calendars(books):
    """The same entry, under a higher number, now with its amount beside the claim's own day."""
    reminded(books, "2025-09-11")
    ((day, number, uid),) = entries(books)
    books.run()
    reminded(books, "2025-10-02")
    after = {entry[2]: entry for entry in entries(books)}
    assert after.pop(uid)[0] == day
    assert [entry[0] for entry in after.values()] == [date(2025, 10, 30)]
    with open_office(books.folder) as office:
        assert find_claim(office.store, KEY).recorded > number


def test_what_came_to_nothing_is_taken_out(books):
    """The checks were corrected before the month was run: it met its commitment."""
    reminded(books, "2025-09-11")
    books.write("checks.csv", checks(hosting=10))
    books.run()
    done = reminded(books, "2025-09-12")
    assert [(each.key, each.why.value) for each in done.ended] == [(KEY, "nothing_owed")]
    assert entries(books) == set()


def test_sources_that_cannot_be_used_leave_the_rest_reminded_of(books):
    """What is decided does not wait for a file that somebody has broken."""
    books.write("checks.csv", "monitor,at,up\nhosting,yesterday,down\n")
    assert reminded(books, "2025-09-11").due == ()
    listed = makegood("claims", "--today", "2025-09-12", "--workspace", str(books.folder))
    assert (listed.code, "undecided months cannot be told: " in listed.err) == (0, True)


def test_the_commands_know_it_too(books, monkeypatch):
    """Listed with an open amount, shown, and told of; another name is none."""
    monkeypatch.chdir(books.folder)
    listed = makegood("claims", "--today", "2025-09-12")
    assert (listed.code, "open" in listed.out, "5 days left" in listed.out) == (0, True, True)
    assert makegood("claims", "--today", "2025-09-12", "--client", "acme").code == 2
    shown = makegood("claims", "show", KEY, "--today", "2025-09-12").out.splitlines()
    for line in (
        "Subject: SLA Credit Request: Hosting, 2025-09",
        "Uptime promised:   99.9 %",
        "Downtime so far:   2 h in 1 outage",
        " 1. 2025-09-10 12:00:00 to 14:00:00 UTC, 2 h",
        " - hosting: down 2025-09-10 12:00:00 to 14:00:00 UTC",
    ):
        assert line in shown
    assert "Calculation of the credit" not in shown
    with (
        open_office(books.folder) as office,
        pytest.raises(UnusableInputError, match="a claim of this workspace"),
    ):
        any_claim(office, "cloudways/hosting/2025-08", as_of("2025-09-12"))

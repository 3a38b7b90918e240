"""Reminders of claims: each step once, calendars kept right, whoever runs it and however it ends.

Cloudways owes 50.00 USD for September 2025, 10 % of 500.00 for 120 minutes of downtime. The claim
is in time for 30 days after the month: through October 30.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest
from icalendar import Calendar

from connectors.errors import OutcomeUnknown, Permanent, Retriable
from connectors.mail.memory import MemoryMail
from flows.claims import find_claim, status_move, tell
from flows.mailing import send_waiting
from flows.messages.language import language_of
from flows.office import open_office
from flows.reminders import remind, reminder_of
from models.approval import Identity, Voice
from models.claims.life import Act, Move
from models.claims.present import Present
from models.intervals import instant
from models.ledger import LedgerStatus
from tests.workspaces import ACME, MAKEGOOD, VENDOR, Books, checks

CLAIM = "cloudways/hosting/2025-09"
KIM = Voice("kim", Identity.FREE_TEXT)
TOLD_AT = instant(datetime(2025, 10, 5, 9, tzinfo=UTC))
FEED = "claims: {calendar: calendar/claims.ics}\n"
STAGES = VENDOR.replace(
    "claim: {within_days: 30, channel: portal}",
    "claim:\n  channel: portal\n  deadlines:\n"
    "    - {stage: notice, within: 40 days, after: incident_start}\n"
    "    - {within: 30 days, after: month_end}",
)


class FailingMail(MemoryMail):
    """A server that does one wrong thing, and then works."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)

    repeats_are_safe = False

    def send(self, message):
        """Fail as long as there is an error left."""
        if self.errors:
            raise self.errors.pop(0)
        return super().send(message)


@pytest.fixture
def books(tmp_path):
    """September is decided; Cloudways owes 50.00 USD."""
    laid = Books.laid_out(
        tmp_path / "books",
        ACME,
        VENDOR,
        checks=checks(api=10, hosting=120),
        makegood=MAKEGOOD + FEED,
    )
    laid.run()
    return laid


@contextmanager
def opened(books, mail=None):
    """The office, with another way of sending."""
    with open_office(books.folder) as office:
        yield replace(office, mail=mail) if mail else office


def as_of(moment: str) -> Present:
    """A day, or a moment with its offset."""
    if "T" in moment:
        return Present(instant(datetime.fromisoformat(moment)))
    return Present.on(date.fromisoformat(moment))


def reminded(books, moment: str, mail=None):
    """Remind on a day, or at a moment."""
    with opened(books, mail) as office:
        return remind(office, present=as_of(moment))


def move(books, to: LedgerStatus, **fields) -> None:
    """Tell what became of the claim."""
    with opened(books) as office:
        claim = find_claim(office.store, CLAIM)
        tell(office.store, claim, status_move(claim, to, by=KIM, at=TOLD_AT, **fields))


def letters(books) -> list[Any]:
    """The reminders in the outbox, in the order of their subjects."""
    paths = (books.folder / "outbox").glob("claims.*.eml")
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]
    return sorted(found, key=lambda letter: letter["subject"])


def calendars(letter) -> dict[str, Any]:
    """The events of the attached calendars by their method."""
    found = {}
    for part in letter.iter_attachments():
        content = part.get_content()
        calendar = Calendar.from_ical(content)
        assert part["content-type"].params["method"] == calendar["method"]
        found[str(calendar["method"])] = calendar.walk("VEVENT")
    return found


def feed(books) -> Any:
    """The events of the feed."""
    return Calendar.from_ical((books.folder / "calendar/claims.ics").read_bytes()).walk("VEVENT")


@pytest.mark.parametrize(
    ("day", "left", "mails"),
    [
        ("2025-10-15", None, 0),  # 15 days before the 30th
        ("2025-10-16", "due in 14 days", 1),
        ("2025-10-23", "due in 7 days", 1),
        ("2025-10-29", "due tomorrow", 1),
        ("2025-10-30", "due today", 1),
        ("2025-10-31", "1 day overdue", 1),
        ("2025-11-14", None, 0),  # 15 days late: nobody is reminded any more
    ],
)
def test_a_claim_is_told_from_fourteen_days_before_until_fourteen_after(books, day, left, mails):
    """With its amount and how many days are left."""
    done = reminded(books, day)
    assert done.settlement.done == len(letters(books)) == mails
    if left:
        assert letters(books)[0]["subject"] == f"1 claim to file, {left}: $50.00"


def test_each_step_is_mailed_once(books):
    """Fourteen, seven, one, and missed; every day is run twice."""
    days = [f"2025-10-{day}" for day in range(10, 32)] + ["2025-11-01", "2025-11-02"]
    sent = [day for day in days for _ in range(2) if reminded(books, day).settlement.done]
    assert sent == ["2025-10-16", "2025-10-23", "2025-10-29", "2025-10-31"]
    assert books.verify().faults == ()


def test_days_on_which_nobody_ran_it_are_made_up_for(books):
    """The first run after a holiday reminds of the step that was reached meanwhile."""
    assert reminded(books, "2025-10-16").new == (CLAIM,)
    assert reminded(books, "2025-10-26").new == (CLAIM,)
    assert reminded(books, "2025-10-27").new == ()


def test_the_mail_holds_the_text_to_file_and_the_calendar(books):
    """Whoever reads it needs nothing else."""
    reminded(books, "2025-10-23")
    (letter,) = letters(books)
    assert letter["to"] == "finance@relay.example"
    text = letter.get_body(("plain",)).get_content()
    assert "Subject: SLA Credit Request: Hosting, 2025-09" in text
    assert "Credit requested:  50.00 USD (10 % of 500.00 USD)" in text
    assert f"makegood claims file {CLAIM} --reference NUMBER --workspace" in text
    (event,) = calendars(letter)["PUBLISH"]
    assert event.start == date(2025, 10, 30)
    assert event.end == date(2025, 10, 31)


def test_a_claim_that_is_filed_leaves_the_calendars_once(books):
    """By a cancellation of the same entry, with a higher number; no further step is mailed."""
    reminded(books, "2025-10-16")
    (before,) = calendars(letters(books)[0])["PUBLISH"]
    move(books, LedgerStatus.FILED, reference="4711")
    assert reminded(books, "2025-10-17").settlement.done == 1
    assert reminded(books, "2025-10-18").settlement.done == 0
    assert reminded(books, "2025-10-29").settlement.done == 0
    last = letters(books)[-1]
    assert last["subject"] == "Claims: the calendar has changed"
    found = calendars(last)
    assert list(found) == ["CANCEL"]
    (after,) = found["CANCEL"]
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert after["status"] == "CANCELLED"
    assert feed(books) == []


def test_a_claim_that_was_never_in_a_calendar_is_not_taken_out(books):
    """Filed before the first reminder: nobody hears of it."""
    move(books, LedgerStatus.FILED)
    assert reminded(books, "2025-10-16").settlement.done == 0
    assert letters(books) == []


def test_a_claim_that_is_opened_again_comes_back_into_the_calendar(books):
    """Filed by mistake, and corrected: the entry stands again, with the highest number so far."""
    reminded(books, "2025-10-16")
    move(books, LedgerStatus.FILED)
    reminded(books, "2025-10-17")
    move(books, LedgerStatus.ELIGIBLE, why="filed under another account")
    assert reminded(books, "2025-10-18").settlement.done == 1
    numbers = [
        (method, event["sequence"])
        for letter in letters(books)
        for method, events in calendars(letter).items()
        for event in events
    ]
    assert sorted(number for _, number in numbers) == sorted({number for _, number in numbers})
    assert max(numbers, key=lambda pair: pair[1])[0] == "PUBLISH"
    assert len(feed(books)) == 1


def test_a_new_amount_is_told_to_the_calendars(books):
    """500 minutes are 25 %: 125.00 in place of 50.00 USD, under the same UID."""
    reminded(books, "2025-10-16")
    (before,) = calendars(letters(books)[0])["PUBLISH"]
    books.write("checks.csv", checks(api=10, hosting=500))
    books.run()
    done = reminded(books, "2025-10-17")
    assert [line.key for line in done.moved] == [CLAIM]
    (event,) = calendars(letters(books)[-1])["PUBLISH"]
    assert "$125.00" in event["summary"]
    assert event["uid"] == before["uid"]
    assert event["sequence"] > before["sequence"]
    assert reminded(books, "2025-10-18").settlement.done == 0


def test_a_month_that_owes_nothing_after_all_is_taken_out(books):
    """Ten minutes are within the commitment."""
    reminded(books, "2025-10-16")
    books.write("checks.csv", checks(api=10, hosting=10))
    books.run()
    done = reminded(books, "2025-10-17")
    assert [ended.why.value for ended in done.ended] == ["nothing_owed"]
    assert list(calendars(letters(books)[-1])) == ["CANCEL"]


def test_a_stage_before_the_claim_has_an_entry_of_its_own(tmp_path):
    """Notice within 40 days of September 10 is October 20; the claim's own day is the 30th."""
    books = Books.laid_out(tmp_path, STAGES, checks=checks(hosting=120), makegood=MAKEGOOD + FEED)
    books.run()
    reminded(books, "2025-10-16")
    days = [event.start for event in calendars(letters(books)[0])["PUBLISH"]]
    assert days == [date(2025, 10, 20), date(2025, 10, 30)]
    with opened(books) as office:
        claim = find_claim(office.store, CLAIM)
        stage = Move(
            act=Act.STAGE,
            by=KIM,
            at=TOLD_AT,
            obligation=claim.obligation,
            standing=claim.owed,
            stage="notice",
        )
        tell(office.store, claim, stage)
    done = reminded(books, "2025-10-17")
    assert [ended.why.value for ended in done.ended] == ["done"]
    assert [line.stage for line in done.due] == ["claim"]


def test_a_missed_stage_is_told_beside_the_next_one(tmp_path):
    """On October 22 the notice of the 20th is late; the claim is still in time."""
    books = Books.laid_out(tmp_path, STAGES, checks=checks(hosting=120))
    books.run()
    reminded(books, "2025-10-22")
    text = letters(books)[0].get_body(("plain",)).get_content()
    assert "Missed: “Give notice of the outage” was due by 20 October 2025." in text


def test_the_feed_is_the_same_bytes_until_something_changes(books):
    """Neither the day nor a reminder is in it."""
    reminded(books, "2025-10-02")
    path = books.folder / "calendar/claims.ics"
    first, written = path.read_bytes(), path.stat().st_mtime_ns
    reminded(books, "2025-10-16")
    assert path.read_bytes() == first
    assert path.stat().st_mtime_ns == written
    assert [event.start for event in feed(books)] == [date(2025, 10, 30)]


@pytest.mark.parametrize("dry", [True, False])
def test_a_dry_run_writes_nothing(books, dry):
    """It tells what would be mailed."""
    before = books.everything
    with open_office(books.folder, read_only=dry) as office:
        done = remind(office, present=as_of("2025-10-16"), dry_run=True)
    assert (done.new, done.settlement.done, done.feed) == ((CLAIM,), 0, "")
    assert books.everything == before


def test_other_steps_are_the_workspaces_to_choose(tmp_path):
    """Three days before, and never else."""
    makegood = MAKEGOOD + "claims: {remind_days: [3]}\n"
    books = Books.laid_out(tmp_path, VENDOR, checks=checks(hosting=120), makegood=makegood)
    books.run()
    sent = [day for day in range(10, 31) if reminded(books, f"2025-10-{day}").settlement.done]
    assert sent == [27]


def test_without_any_steps_nobody_is_reminded_and_the_feed_is_written(tmp_path):
    """A calendar may be enough."""
    makegood = MAKEGOOD + "claims: {remind_days: [], calendar: claims.ics}\n"
    books = Books.laid_out(tmp_path, VENDOR, checks=checks(hosting=120), makegood=makegood)
    books.run()
    done = reminded(books, "2025-10-30")
    assert (done.due, done.settlement.done) == ((), 0)
    assert (books.folder / "claims.ics").read_bytes().count(b"BEGIN:VEVENT") == 1


def test_the_operators_language_is_that_of_mail_and_calendar(tmp_path):
    """The claim itself is filed in English."""
    makegood = MAKEGOOD.replace("finance@relay.example}", "finance@relay.example, language: de}")
    books = Books.laid_out(tmp_path, VENDOR, checks=checks(hosting=120), makegood=makegood)
    books.run()
    reminded(books, "2025-10-23")
    (letter,) = letters(books)
    assert letter["subject"] == "1 Anspruch geltend zu machen, in 7 Tagen fällig: 50,00 $"
    (event,) = calendars(letter)["PUBLISH"]
    assert (
        event["summary"] == "Anspruch geltend machen: Cloudways, Hosting, September 2025 (50,00 $)"
    )
    assert "SLA Credit Request" in letter.get_body(("plain",)).get_content()


def test_a_mail_that_could_not_be_sent_is_sent_by_the_next_run(books):
    """The same bytes; the step counts as told, and is told once."""
    mail = FailingMail(Retriable("the server does not answer"))
    first = reminded(books, "2025-10-16", mail)
    assert (first.settlement.waiting, len(mail.messages)) == (1, 0)
    second = reminded(books, "2025-10-17", mail)
    assert (second.settlement.done, len(mail.messages)) == (1, 1)
    assert reminded(books, "2025-10-18", mail).settlement.done == 0


def test_a_run_of_the_month_sends_what_waits(books):
    """A reminder that was planned in October goes out with October's other mail."""
    mail = FailingMail(Retriable("the server does not answer"))
    reminded(books, "2025-10-16", mail)
    with opened(books, mail) as office:
        assert send_waiting(office, "2025-10") == 1


def test_a_reminder_of_which_nobody_knows_whether_it_arrived_is_sent_again(books):
    """Twice bothers nobody but ourselves; the Message-ID is the same."""
    mail = FailingMail(OutcomeUnknown("cut off after the last byte"))
    reminded(books, "2025-10-16", mail)
    assert reminded(books, "2025-10-16", mail).settlement.done == 1
    assert len(mail.messages) == 1


def test_a_refused_reminder_is_a_question_and_not_sent_again(books):
    """The operator's address is wrong: a person must know."""
    mail = FailingMail(Permanent("no such mailbox"))
    assert reminded(books, "2025-10-16", mail).settlement.refused == 1
    assert reminded(books, "2025-10-17", mail).settlement.done == 0
    assert mail.messages == {}


def test_a_preview_shows_what_is_due_whatever_was_sent(books):
    """None where nothing is."""
    reminded(books, "2025-10-16")
    with opened(books) as office:
        english = language_of("en")
        shown = reminder_of(office, present=as_of("2025-10-16"), language=english)
        assert shown is not None
        assert "Cloudways" in shown.text
        assert reminder_of(office, present=as_of("2025-09-01"), language=english) is None


# --- Where a claim is ----------------------------------------------------------------------------

ANGELES = VENDOR.replace("currency: USD", "time_zone: America/Los_Angeles\ncurrency: USD")
TOKYO = VENDOR.replace("currency: USD", "time_zone: Asia/Tokyo\ncurrency: USD")


@pytest.mark.parametrize(
    ("contract", "moment", "left"),
    [
        # Midnight has passed in UTC; in Los Angeles the 30th goes on for six hours.
        (ANGELES, "2025-10-31T01:00+00:00", "due today"),
        (ANGELES, "2025-10-31T07:00+00:00", "1 day overdue"),
        # In UTC the 30th has nine hours left; in Tokyo it is over.
        (TOKYO, "2025-10-30T14:59+00:00", "due today"),
        (TOKYO, "2025-10-30T15:00+00:00", "1 day overdue"),
        # A day that is asked for begins where the claim is.
        (ANGELES, "2025-10-30", "due today"),
        (TOKYO, "2025-10-31", "1 day overdue"),
    ],
)
def test_a_claim_is_late_where_it_is_and_not_in_utc(tmp_path, contract, moment, left):
    """Both are in time through October 30, each in its own zone."""
    books = Books.laid_out(tmp_path, contract, checks=checks(hosting=120))
    books.run()
    reminded(books, moment)
    assert letters(books)[0]["subject"] == f"1 claim to file, {left}: $50.00"


def test_what_ends_within_a_day_is_late_from_that_minute(tmp_path):
    """Seven days from noon of September 10 end on the 17th at noon."""
    within = "within: 7 days, after: incident_start, last_day: same_time"
    contract = VENDOR.replace("within_days: 30", f"deadlines: [{{{within}}}]")
    books = Books.laid_out(tmp_path, contract, checks=checks(hosting=120))
    books.run()
    early, late = (
        reminded(books, f"2025-09-17T{time}+00:00").due[0] for time in ("11:59", "12:00")
    )
    assert [(line.days_left, line.overdue) for line in (early, late)] == [(0, False), (0, True)]
    subjects = sorted(letter["subject"] for letter in letters(books))
    assert subjects == [
        "1 claim to file, due today: $50.00",
        "1 claim to file, overdue since today: $50.00",
    ]


# --- Once, whoever runs it -----------------------------------------------------------------------


class SlowMail(MemoryMail):
    """A server that takes its time, and takes whatever it is sent, twice as well."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[str] = []

    repeats_are_safe = False

    def send(self, message):
        """Count what comes."""
        self.taken.append(message.key)
        time.sleep(0.2)
        return super().send(message)


def test_two_that_remind_at_once_remind_once(books):
    """The second one waits for the first, and finds that everything is told."""
    mail = SlowMail()

    def _remind(_):
        return reminded(books, "2025-10-16", mail)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(_remind, range(2)))
    assert len(mail.taken) == 1
    assert sorted(len(each.new) for each in done) == [0, 1]
    assert sorted(each.settlement.done for each in done) == [0, 1]


def test_a_new_sender_keeps_every_uid(books):
    """Calendars would show each deadline twice, and never take the old one out."""
    reminded(books, "2025-10-16")
    (before,) = calendars(letters(books)[0])["PUBLISH"]
    books.write(
        "makegood.yaml", (MAKEGOOD + FEED).replace("sla@relay.example", "sla@relay-group.example")
    )
    reminded(books, "2025-10-23")
    (last,) = [letter for letter in letters(books) if "relay-group" in letter["from"]]
    (after,) = calendars(last)["PUBLISH"]
    assert after["organizer"] == "mailto:sla@relay-group.example"
    assert after["uid"] == before["uid"] == feed(books)[0]["uid"]


def test_a_sender_beyond_ascii_has_one_uid_too(tmp_path):
    """Mail servers know the domain by its ASCII form, and so do calendars."""
    books = Books.laid_out(
        tmp_path,
        VENDOR,
        checks=checks(hosting=120),
        makegood=MAKEGOOD.replace("sla@relay.example", "sla@m\u00fcller.example") + FEED,
    )
    books.run()
    reminded(books, "2025-10-16")
    first = feed(books)[0]["uid"]
    reminded(books, "2025-10-17")
    assert first == feed(books)[0]["uid"] == calendars(letters(books)[0])["PUBLISH"][0]["uid"]
    assert first.endswith("@xn--mller-kva.example")


def test_of_two_rules_for_one_stage_the_first_deadline_stands_in_the_calendar(tmp_path):
    """Within 30 days, and by the end of the third month: whoever keeps the first keeps both."""
    rules = "[{within: 30 days}, {by_end_of: calendar_month, number: 3}]"
    contract = VENDOR.replace("within_days: 30", f"deadlines: {rules}")
    books = Books.laid_out(tmp_path, contract, checks=checks(hosting=120), makegood=MAKEGOOD + FEED)
    books.run()
    reminded(books, "2025-10-16")
    assert [event.start for event in feed(books)] == [date(2025, 10, 30)]
    assert [event.start for event in calendars(letters(books)[0])["PUBLISH"]] == [
        date(2025, 10, 30)
    ]


def test_a_feed_without_mail_names_no_method(tmp_path):
    """A method takes an organizer, and nobody is known by an address."""
    makegood = MAKEGOOD.partition("mail:")[0] + FEED
    books = Books.laid_out(tmp_path, VENDOR, checks=checks(hosting=120), makegood=makegood)
    books.run()
    reminded(books, "2025-10-02")
    read = Calendar.from_ical((books.folder / "calendar/claims.ics").read_bytes())
    assert "method" not in read
    assert len(read.walk("VEVENT")) == 1

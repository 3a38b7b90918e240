"""Calendars of claims, read back by the library that many calendars use, and held to the RFCs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from icalendar import Calendar

from flows.messages import CalendarEntry, Method, content_type, render_calendar, uid_of
from flows.messages.language import language_of
from models.intervals import instant
from tests.flows.messages.samples import due, money, reminder

DECIDED = instant(datetime(2026, 6, 2, 9, 30, 15, tzinfo=UTC))
ORGANIZER = "sla@relay.example"
GERMAN = language_of("de")


def entry(**fields) -> CalendarEntry:
    """Parrot's deadline, with whatever a test cares about changed."""
    usual = {
        "name": "parrot/sms/2026-05/claim",
        "line": due(),
        "sequence": 3,
        "changed_at": DECIDED,
    }
    return CalendarEntry(**{**usual, **fields})


def entries() -> list[CalendarEntry]:
    """The reminder's three deadlines."""
    return [
        entry(name=f"{line.key}/{line.stage}", line=line, sequence=number)
        for number, line in enumerate(reminder().due, start=1)
    ]


def events(content: bytes):
    """The events of a calendar, as the library reads them."""
    return Calendar.from_ical(content).walk("VEVENT")


def test_a_deadline_is_a_whole_day_whose_end_is_not_included():
    """June 30 begins on June 30 and ends before July 1; no zone moves it to another day."""
    (event,) = events(render_calendar([entry()]))
    assert (event.start, event.end) == (date(2026, 6, 30), date(2026, 7, 1))
    raw = render_calendar([entry()]).decode()
    assert "\r\nDTSTART;VALUE=DATE:20260630\r\n" in raw
    assert "\r\nDTEND;VALUE=DATE:20260701\r\n" in raw


def test_a_leap_day_and_the_last_day_of_a_year_end_where_they_should():
    """February 29 ends before March 1, December 31 before January 1."""
    for day, after in (
        (date(2028, 2, 29), date(2028, 3, 1)),
        (date(2026, 12, 31), date(2027, 1, 1)),
    ):
        (event,) = events(render_calendar([entry(line=due(last_day=day))]))
        assert (event.start, event.end) == (day, after)


def test_everything_that_is_written_is_read_back():
    """By name and value, for every deadline; the vendor's commas and semicolons included."""
    line = due(vendor="Parrot; Sons, Inc.\\", service="SMS\nBEGIN:VALARM")
    (event,) = events(render_calendar([entry(line=line)], organizer=ORGANIZER))
    assert str(event["summary"]) == (
        "File the claim: Parrot; Sons, Inc.\\, SMS BEGIN:VALARM, May 2026 ($50.00)"
    )
    assert str(event["description"]).splitlines() == [
        "by the end of Tuesday, 30 June 2026 (America/Los_Angeles)",
        "How: by e-mail",
        "Where: support@parrot.example",
        "makegood claims show parrot/sms/2026-05",
    ]
    assert event["sequence"] == 3
    assert event["status"] == "CONFIRMED"
    assert event["organizer"] == f"mailto:{ORGANIZER}"
    assert event["uid"] == uid_of("parrot/sms/2026-05/claim", ORGANIZER)
    assert event["transp"] == "TRANSPARENT"


def test_an_exact_deadline_says_its_instant():
    """The day is the calendar's; the minute stands in the words, in both clocks."""
    until = instant(datetime(2026, 7, 6, 10, 0, tzinfo=UTC))
    line = due(last_day=date(2026, 7, 6), until=until, time_zone="Europe/Berlin")
    (event,) = events(render_calendar([entry(line=line)], language=GERMAN))
    assert "vor 6. Juli 2026, 12:00 Uhr MESZ (6. Juli 2026, 10:00 Uhr UTC)" in event["description"]


def test_it_rings_seven_days_and_one_day_before():
    """Counted from the start of the day."""
    (event,) = events(render_calendar([entry()]))
    alarms = event.walk("VALARM")
    assert [alarm["trigger"].dt for alarm in alarms] == [timedelta(days=-7), timedelta(days=-1)]
    assert {str(alarm["action"]) for alarm in alarms} == {"DISPLAY"}
    assert all(str(alarm["description"]) for alarm in alarms)


def test_the_stamp_is_the_decisions_and_the_bytes_are_always_the_same():
    """Neither the clock nor the order in which deadlines are found takes part."""
    first = render_calendar(entries(), organizer=ORGANIZER)
    assert render_calendar(entries()[::-1], organizer=ORGANIZER) == first
    assert {event["dtstamp"].dt for event in events(first)} == {
        datetime(2026, 6, 2, 9, 30, 15, tzinfo=UTC)
    }


def test_an_entry_keeps_its_uid_through_every_change():
    """A new amount, another day and another language are the same entry with a higher number."""
    changed = entry(line=due(amount=money("75.00 USD"), last_day=date(2026, 7, 1)), sequence=5)
    (before,) = events(render_calendar([entry()], organizer=ORGANIZER))
    (after,) = events(render_calendar([changed], organizer=ORGANIZER, language=GERMAN))
    assert before["uid"] == after["uid"]
    assert before["sequence"] < after["sequence"]


def test_each_claim_and_stage_has_a_uid_of_its_own():
    """And each workspace's sender its own domain."""
    names = ["parrot/sms/2026-05/claim", "parrot/sms/2026-05/ticket", "parrot/sms/2026-06/claim"]
    uids = {uid_of(name, ORGANIZER) for name in names} | {uid_of(names[0], "a@b.example")}
    assert len(uids) == 4
    assert uid_of(names[0]).endswith("@makegood")


@pytest.mark.parametrize("method", Method)
def test_the_content_type_names_the_method(method):
    """Mail programs look at both, and want them equal."""
    content = render_calendar([entry()], method=method, organizer=ORGANIZER)
    assert Calendar.from_ical(content)["method"] == method.value
    assert content_type(method) == f"text/calendar; charset=utf-8; method={method.value}"


def test_what_is_withdrawn_is_cancelled_and_rings_no_more():
    """The same UID, a higher number, the status that tells calendars to strike it."""
    content = render_calendar(
        [entry(sequence=4)], method=Method.CANCEL, organizer=ORGANIZER, language=GERMAN
    )
    (event,) = events(content)
    assert (event["uid"], event["sequence"]) == (uid_of(entry().name, ORGANIZER), 4)
    assert event["status"] == "CANCELLED"
    assert event.walk("VALARM") == []


def test_lines_are_folded_as_the_rfc_asks():
    """At most 75 octets to a line, CRLF at every end, letters beyond ASCII left whole."""
    line = due(vendor="Ärzte- und Apothekerversorgung Überlingen" * 4, service="ß" * 300)
    content = render_calendar([entry(line=line)], language=GERMAN)
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert max(len(each) for each in content.split(b"\r\n")) <= 75
    assert [each.decode() for each in content.split(b"\r\n")]
    (event,) = events(content)
    assert "ß" * 300 in event["summary"]


def test_only_a_web_address_becomes_the_entrys_link():
    """An address in words stays in the words."""
    url = "https://console.cirrus.example/support/cases/new"
    for address, link in ((url, url), ("the portal", None), ("javascript:alert(1)", None)):
        (event,) = events(render_calendar([entry(line=due(address=address))]))
        assert event.get("url") == link


def test_a_calendar_without_deadlines_can_be_subscribed_to():
    """A feed is there before the first claim."""
    read = Calendar.from_ical(render_calendar([], language=GERMAN))
    assert read["x-wr-calname"] == "Ansprüche gegen Anbieter"
    assert read["prodid"]
    assert read["version"] == "2.0"


def test_days_of_service_and_amounts_that_are_open_are_no_money():
    """Seven days in words; nothing where nothing is known."""
    days = entry(line=due(amount=None, credit_days="7"))
    unknown = replace(days, line=due(amount=None))
    (first,), (second,) = events(render_calendar([days])), events(render_calendar([unknown]))
    assert str(first["summary"]).endswith("May 2026 (7 days of service)")
    assert str(second["summary"]).endswith("Programmable SMS, May 2026")

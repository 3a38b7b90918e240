"""Exclusions as a calendar: read again by our own source, they are the same exclusions."""

from datetime import UTC, datetime

import icalendar
import pytest

from connectors.exclusions.calendars import CalendarExclusions
from flows.messages.maintenance import exclusion_calendar, uid_of
from models.exclusion import ExclusionEvent, ExclusionKind
from models.intervals import Interval, instant
from models.sources.exclusions import MaintenanceCalendar

YEAR = Interval(
    instant(datetime(2026, 1, 1, tzinfo=UTC)), instant(datetime(2027, 1, 1, tzinfo=UTC))
)

RECURRING = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
BEGIN:VEVENT
UID:patch-day@example
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20260315T020000
DTEND;TZID=Europe/Berlin:20260315T040000
RRULE:FREQ=WEEKLY;COUNT=5
EXDATE;TZID=Europe/Berlin:20260329T020000
SUMMARY:Patch day
CATEGORIES:api
END:VEVENT
END:VCALENDAR
"""


def event(name: str = "upgrade", **more) -> ExclusionEvent:
    """Two hours of maintenance in May."""
    terms = {
        "id": name,
        "kind": "maintenance",
        "start": "2026-05-12T02:00:00+02:00",
        "end": "2026-05-12T04:00:00+02:00",
        "reason": "Storage upgrade, announced; with a \\ and a ;",
        **more,
    }
    return ExclusionEvent.model_validate(terms)


def read(folder, content: bytes, *services: str) -> tuple[ExclusionEvent, ...]:
    """A calendar as the workspace's source of exclusions reads it."""
    (folder / "m.ics").write_bytes(content)
    categories = {name: {"services": [name]} for name in services}
    terms = MaintenanceCalendar.model_validate(
        {"id": "cal", "kind": "calendar", "path": "m.ics", "categories": categories}
    )
    return CalendarExclusions(terms, folder).events(YEAR)


def told(events) -> list[tuple[object, ...]]:
    """What events say, whatever they are called."""
    return [
        (e.interval, e.reason, e.services, e.author, e.announced_at and instant(e.announced_at))
        for e in sorted(events, key=lambda e: e.interval)
    ]


def test_exclusions_come_back_as_they_were(tmp_path):
    """Time, reason, services, author and announcement, in whatever zone they were written."""
    events = (
        event(
            announced_at="2026-05-09T10:00:00Z", author="ops@relay.example", services=["api", "web"]
        ),
        event("next", start="2026-07-01T00:00:00Z", end="2026-07-01T00:30:00Z", services=["web"]),
    )
    written = exclusion_calendar(events)
    assert (written.entries, written.unsaid) == (2, ())
    assert told(read(tmp_path, written.content, "api", "web")) == told(events)


def test_a_series_is_written_event_by_event(tmp_path):
    """RRULE, EXDATE and summer time: five Sundays less one, at 01:00 and then at 00:00 UTC."""
    series = read(tmp_path, RECURRING.encode(), "api")
    starts = [f"{e.start.astimezone(UTC):%m-%d %H:%M}" for e in series]
    assert starts == ["03-15 01:00", "03-22 01:00", "04-05 00:00", "04-12 00:00"]
    written = exclusion_calendar(series)
    assert told(read(tmp_path, written.content, "api")) == told(series)


def test_the_same_exclusions_give_the_same_bytes():
    """In whatever order they are told; a subscribed calendar does not change by itself."""
    one, two = event(), event("other", start="2026-05-13T00:00:00Z", end="2026-05-13T01:00:00Z")
    assert exclusion_calendar([one, two]).content == exclusion_calendar([two, one]).content
    assert uid_of("upgrade") == uid_of("upgrade") != uid_of("other")


def test_kind_id_and_third_party_are_kept():
    """For tools that know our words; others leave them alone."""
    third = event(kind=ExclusionKind.THIRD_PARTY, dependency="Example Cloud", regions=["eu", "us"])
    (entry,) = icalendar.Calendar.from_ical(exclusion_calendar([third]).content).walk("VEVENT")
    assert entry["X-MAKEGOOD-KIND"] == "third_party"
    assert entry["X-MAKEGOOD-ID"] == "upgrade"
    assert entry["X-MAKEGOOD-DEPENDENCY"] == "Example Cloud"
    assert entry["LOCATION"] == "eu, us"


@pytest.mark.parametrize(
    ("start", "end", "entries", "says"),
    [
        ("00:00:00.001Z", "00:30:00Z", 1, "2026-05-01T00:00:01Z/2026-05-01T00:30:00Z, in whole"),
        ("00:00:00Z", "00:30:00.999Z", 1, "2026-05-01T00:00:00Z/2026-05-01T00:30:00Z, in whole"),
        ("00:00:00.100Z", "00:00:00.900Z", 0, "shorter than the whole seconds of a calendar"),
    ],
)
def test_fractions_of_a_second_are_cut_and_named(start, end, entries, says):
    """No entry is longer than what was excluded."""
    cut = event(start=f"2026-05-01T{start}", end=f"2026-05-01T{end}")
    written = exclusion_calendar([cut])
    assert written.entries == entries
    (words,) = written.unsaid
    assert says in words


def test_who_recorded_it_is_an_organizer_or_a_contact():
    """An address may be written to; a name may only be read."""
    named = exclusion_calendar([event(author="Kim of operations")]).content.decode()
    assert "CONTACT:Kim of operations" in named
    addressed = exclusion_calendar([event(author="kim@relay.example")]).content.decode()
    assert "ORGANIZER:mailto:kim@relay.example" in addressed

"""Recorded exclusions as a calendar (RFC 5545), for those who plan around maintenance.

Each recorded event is one entry under a UID that stays the same, in UTC; a series that a calendar
told was recorded event by event, and is written so. Read again as a source of exclusions, the file
tells the same time, services and words. iCalendar knows whole seconds: a fraction is left out, so
that no entry is longer than what was excluded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from icalendar import Calendar, Event, vCalAddress, vText

from models.addresses import is_usable
from models.exclusion import ExclusionEvent
from models.intervals import Interval, instant, utc
from models.ledger import one_line

UIDS = UUID("5d1f6f0c-9f0b-5c43-8f0e-2b3c1d9a7e42")
"""The namespace of our UIDs; another one would put every entry into calendars a second time."""

PRODUCT = "-//Makegood//Exclusions//EN"
SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class WrittenCalendar:
    """A calendar and what it does not say.

    Attributes:
        content: The file.
        entries: How many events are in it.
        unsaid: What was left out, one sentence each.
    """

    content: bytes
    entries: int
    unsaid: tuple[str, ...]


def exclusion_calendar(events: Iterable[ExclusionEvent]) -> WrittenCalendar:
    """These events as one iCalendar file, rising by start; the same events give the same bytes."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", "Exclusions")
    unsaid: list[str] = []
    entries = 0
    for event in sorted(events, key=lambda event: (event.interval, event.id)):
        whole = _whole_seconds(event.interval)
        if whole != event.interval:
            unsaid.append(_cut(event, whole))
        if whole is not None:
            calendar.add_component(_entry(event, whole))
            entries += 1
    return WrittenCalendar(bytes(calendar.to_ical()), entries, tuple(unsaid))


def uid_of(event: str) -> str:
    """The UID of an event, the same for ever."""
    return f"{uuid5(UIDS, event)}@makegood"


def _whole_seconds(interval: Interval) -> Interval | None:
    """The whole seconds within an interval; None when there are none."""
    start = -(-interval.start // SECOND_MS) * SECOND_MS
    end = interval.end // SECOND_MS * SECOND_MS
    return Interval(start, end) if start < end else None


def _cut(event: ExclusionEvent, whole: Interval | None) -> str:
    if whole is None:
        return f"{event.id}: is shorter than the whole seconds of a calendar, and left out"
    return f"{event.id}: {event.interval} is written as {whole}, in whole seconds"


def _entry(event: ExclusionEvent, whole: Interval) -> Event:
    entry = Event()
    announced = _seconds(event.announced_at) if event.announced_at else None
    entry.add("uid", uid_of(event.id))
    entry.add("dtstamp", announced or utc(whole.start))
    entry.add("dtstart", utc(whole.start))
    entry.add("dtend", utc(whole.end))
    entry.add("summary", one_line(event.reason))
    entry.add("status", "CONFIRMED")
    if announced is not None:
        entry.add("last-modified", announced)
    if event.services:
        entry.add("categories", _texts(event.services))
    if event.regions:
        entry.add("location", ", ".join(event.regions))
    if event.author:
        _told_by(entry, event.author)
    entry.add("x-makegood-id", event.id)
    entry.add("x-makegood-kind", event.kind.value)
    if event.dependency:
        entry.add("x-makegood-dependency", event.dependency)
    return entry


def _told_by(entry: Event, author: str) -> None:
    """Who recorded it: an organizer where it is an address, a contact otherwise."""
    if is_usable(author):
        entry["organizer"] = vCalAddress(f"mailto:{author}")
    else:
        entry.add("contact", one_line(author))


def _texts(words: Sequence[str]) -> list[vText]:
    return [vText(word) for word in words]


def _seconds(at: datetime) -> datetime:
    """A moment in UTC, cut to the second."""
    return utc(instant(at) // SECOND_MS * SECOND_MS)

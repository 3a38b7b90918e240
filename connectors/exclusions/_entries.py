"""The entries of iCalendar texts: what is wrong with them, and when they happen.

Recurrences, exceptions and zones are worked out by `icalendar` and `recurring-ical-events`. What
these let pass is refused here: an unknown zone, a broken property, an end before its start. Lengths
follow RFC 5545: a recurrence lasts exactly as long as the first entry's DTEND says; a DURATION has
nominal days and exact hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]  # It comes without types.
from recurring_ical_events.adapters.event import (  # type: ignore[import-untyped]  # As above.
    EventAdapter,
)

from models.findings import Finding, UnusableInputError
from models.intervals import Interval, instant, utc, utc_text

TIMES = ("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE")
STATED = ("LAST-MODIFIED", "CREATED")
"""When an entry says that it was changed or made."""

DECISIVE = (*TIMES, *STATED, "DURATION", "RRULE", "STATUS", "CATEGORIES", "UID")
"""What decides when and what an entry excludes; a broken one refuses the calendar."""

LIBRARY_ERRORS = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    OverflowError,
    OSError,
)
"""What the libraries meet in texts that nobody wrote on purpose."""

NOT_HELD = frozenset({"CANCELLED", "TENTATIVE"})
TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY"})
A_DAY = timedelta(days=1)
MOST_ENTRIES = 20_000
"""More entries in one span are no calendar of maintenance."""

OWN = "X-MAKEGOOD-OWN"
"""Where an occurrence carries what its own entry says about itself."""

Moment = date | datetime
"""A day, or a time with a zone or without."""

Component = Any
"""A component or property of the libraries, which say nothing of their types."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happens, as a calendar tells it.

    Attributes:
        uid: The calendar's name for it, or for its series.
        recurrence: The original start, in a series; "" outside one.
        interval: When it happens.
        summary: What it is; "" without words.
        organizer: Who made it; "" where nobody is named.
        categories: What it is about.
        stated_at: When it was last changed, by its author's program; None where it does not say.
    """

    uid: str
    recurrence: str
    interval: Interval
    summary: str
    organizer: str
    categories: tuple[str, ...]
    stated_at: datetime | None


def entries_of(text: str, *, place: str, zone: tzinfo | None, span: Interval) -> tuple[Entry, ...]:
    """Every entry that is held and touches the span, in any order.

    Cancelled and tentative entries, and those without length, exclude nothing and are left out.

    Args:
        text: One or several iCalendar objects.
        place: The calendar in findings.
        zone: Zone of whole days and of times without one; None refuses them.
        span: What is asked for.

    Raises:
        UnusableInputError: The text is no calendar, or has entries that cannot be used; all of
            these.
    """
    calendars = _parsed(text, place)
    lines = _lines_of_uids(text)
    events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    findings = [f for event in events for f in _faults(event, _Place(place, lines), zone)]
    if findings:
        raise UnusableInputError(findings)
    found = [entry for calendar in calendars for entry in _held(calendar, place, zone, span)]
    return tuple(entry for entry in found if _touches(entry.interval, span))


def _parsed(text: str, place: str) -> list[icalendar.Calendar]:
    try:
        parsed: list[Any] = icalendar.Calendar.from_ical(text, multiple=True)
    except LIBRARY_ERRORS as error:
        raise _no_calendar(place, _one_line(str(error))) from None
    if not parsed or any(part.name != "VCALENDAR" for part in parsed):
        raise _no_calendar(place, "no VCALENDAR in it")
    return parsed


def _no_calendar(place: str, why: str) -> UnusableInputError:
    finding = Finding(
        place=place,
        fact=f"is no calendar: {why[:200]}",
        expected="iCalendar text, from BEGIN:VCALENDAR to END:VCALENDAR",
        remedy="Open it as its readers do; it may be a page that asks to log in, or cut.",
    )
    return UnusableInputError([finding])


def _lines_of_uids(text: str) -> dict[str, int]:
    """The first line of each UID, for findings."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, _, value = line.partition(":")
        if name.upper() == "UID":
            lines.setdefault(value.strip(), number)
    return lines


@dataclass(frozen=True, slots=True)
class _Place:
    calendar: str
    lines: dict[str, int]

    def of(self, event: Component) -> str:
        """`maintenance.ics:14`, or the calendar alone."""
        line = self.lines.get(str(event.get("UID", "")))
        return f"{self.calendar}:{line}" if line else self.calendar


def _faults(event: Component, place: _Place, zone: tzinfo | None) -> Iterator[Finding]:
    """Everything that keeps an entry from being used."""
    faults = [*_broken(event), *_no_times(event)]
    for fact, expected, remedy in faults or [*_incomplete(event), *_in_no_zone(event, zone)]:
        yield Finding(place=place.of(event), fact=fact, expected=expected, remedy=remedy)


Fault = tuple[str, str, str]
"""Fact, what was expected, and what to do."""

MEND = "Mend the entry in its calendar."


def _broken(event: Component) -> Iterator[Fault]:
    for name, why in event.errors:
        if name in DECISIVE:
            yield f"has a {name} that cannot be read: {_one_line(why)[:200]}", "RFC 5545", MEND
    for rule in _listed(event, "RRULE"):
        often = TOO_OFTEN.intersection(rule.get("FREQ", ()))
        if often:
            yield f"repeats {min(often)}", "maintenance that repeats HOURLY or less often", MEND


def _no_times(event: Component) -> Iterator[Fault]:
    for name in (*TIMES, *STATED):
        for written in _listed(event, name):
            if not all(_is_moment(moment) for moment in _moments(written)):
                yield f"has a {name} that is no day and no time", "RFC 5545", MEND


def _incomplete(event: Component) -> Iterator[Fault]:
    for name in ("UID", "DTSTART", "SUMMARY"):
        if not str(event.get(name, "")).strip():
            yield f"has an entry without {name}", "UID, DTSTART and SUMMARY, the reason", MEND
    if any(not _is_length(lasts.dt) for lasts in _listed(event, "DURATION")):
        yield "has a DURATION that is none, or below zero", "a length", MEND
    start, end = (_moment(event, name) for name in ("DTSTART", "DTEND"))
    if start is None or end is None:
        return
    if isinstance(start, datetime) is not isinstance(end, datetime):
        yield "starts and ends in a day and a time", "two days, or two times", MEND
    elif _comparable(end) < _comparable(start):
        yield f"ends at {end}, before its start at {start}", "an end after the start", MEND


def _in_no_zone(event: Component, zone: tzinfo | None) -> Iterator[Fault]:
    for name in TIMES:
        for written in _listed(event, name):
            zone_name = written.params.get("TZID")
            floating = any(_is_floating(moment) for moment in _moments(written))
            if floating and zone_name:
                fact = f"has a {name} in {zone_name!r}, which is no zone that is known here"
                yield fact, "an IANA zone, or one with its VTIMEZONE in the calendar", MEND
            elif floating and zone is None:
                fact = f"has a {name} without a zone, or a whole day"
                yield fact, "a time_zone for them", "Add time_zone: to the source."


def _moments(written: Component) -> list[Any]:
    """What a property names, one or several: days, times, periods; None for anything else."""
    return [getattr(part, "dt", None) for part in getattr(written, "dts", [written])]


def _is_moment(moment: Component) -> bool:
    return isinstance(moment[0] if isinstance(moment, tuple) else moment, date)


def _is_length(lasts: Component) -> bool:
    return isinstance(lasts, timedelta) and lasts >= timedelta()


def _listed(event: Component, name: str) -> list[Any]:
    """A property's values, those that could be read."""
    found = event.get(name, [])
    broken = {broken_name for broken_name, _ in event.errors}
    return [] if name in broken else found if isinstance(found, list) else [found]


def _moment(event: Component, name: str) -> Moment | None:
    values = _listed(event, name)
    return values[0].dt if values else None


def _is_floating(moment: Component) -> bool:
    if isinstance(moment, tuple):
        return _is_floating(moment[0])
    return not isinstance(moment, datetime) or moment.tzinfo is None


def _comparable(moment: Moment) -> datetime:
    if isinstance(moment, datetime):
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.combine(moment, time(), tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Own:
    """What an occurrence's own entry says, before it is repeated.

    Attributes:
        starts: Its start.
        ends: Its end.
        usual: From start to end as the library reckons it for every recurrence.
        duration: Its DURATION; None where it has an end.
        recurrence: The original start of the occurrence in a series; None outside one.
    """

    starts: Moment
    ends: Moment
    usual: timedelta
    duration: timedelta | None
    recurrence: Moment | None


class _Event(EventAdapter):  # type: ignore[misc]  # The library comes without types.
    """An entry whose occurrences still know what it says itself."""

    def as_component(
        self,
        start: Moment | None = None,
        stop: Moment | None = None,
        keep_recurrence_attributes: bool = True,  # noqa: FBT001, FBT002  The library calls it so.
    ) -> Component:
        """The occurrence, with what its own entry says."""
        component = super().as_component(start, stop, keep_recurrence_attributes)
        duration = self._component.get("DURATION")
        component[OWN] = _Own(
            starts=self.raw_start,
            ends=self.raw_end,
            usual=self.duration,
            duration=None if duration is None else duration.dt,
            recurrence=self._recurrence(self.start if start is None else start),
        )
        return component

    def _recurrence(self, start: Moment) -> Moment | None:
        """Where the occurrence stood at first; what follows an exception stands where it is."""
        original = self._component.get("RECURRENCE-ID")
        if original is not None and start == self.start:
            moment: Moment = original.dt
            return moment
        return start if original is not None or self.has_recurrence_rules() else None


def _held(
    calendar: icalendar.Calendar, place: str, zone: tzinfo | None, span: Interval
) -> Iterator[Entry]:
    """The occurrences around a span; a day more on each side, since days have their own zones."""
    if str(calendar.get("METHOD", "")).upper() == "CANCEL":
        return
    around = (utc(span.start) - 2 * A_DAY, utc(span.end) + 2 * A_DAY)
    try:
        found = recurring_ical_events.of(calendar, components=[_Event]).between(*around)
    except LIBRARY_ERRORS as error:
        raise _cannot_repeat(place, _one_line(str(error))) from None
    if len(found) > MOST_ENTRIES:
        raise _cannot_repeat(place, f"it has {len(found)} entries from {span}")
    for component in found:
        if str(component.get("STATUS", "")).upper() not in NOT_HELD:
            yield from _entry(component, zone)


def _cannot_repeat(place: str, why: str) -> UnusableInputError:
    finding = Finding(
        place=place,
        fact=f"cannot be worked out: {why[:200]}",
        expected=f"recurrences by RFC 5545, at most {MOST_ENTRIES} entries at once",
        remedy="Mend the rule of the entry that repeats.",
    )
    return UnusableInputError([finding])


def _entry(component: Component, zone: tzinfo | None) -> Iterator[Entry]:
    own: _Own = component[OWN]
    start, end = component["DTSTART"].dt, component["DTEND"].dt
    begins, ceases = instant(_at(start, zone)), instant(_end(own, start, end, zone))
    if ceases <= begins:
        return
    recurrence = "" if own.recurrence is None else utc_text(instant(_at(own.recurrence, zone)))
    yield Entry(
        uid=str(component["UID"]),
        recurrence=recurrence,
        interval=Interval(begins, ceases),
        summary=_one_line(str(component.get("SUMMARY", ""))),
        organizer=_organizer(component),
        categories=_categories(component),
        stated_at=_stated_at(component),
    )


def _end(own: _Own, start: Moment, end: Moment, zone: tzinfo | None) -> datetime:
    """When an occurrence ends, by RFC 5545, 3.8.5.3."""
    whole_days = not isinstance(start, datetime)
    of_its_own = _at(end, zone) - _at(start, zone) != own.usual
    if whole_days or of_its_own:
        return _at(end, zone)
    if own.duration is not None:
        days = timedelta(days=own.duration.days)
        return _at(start + days, zone).astimezone(UTC) + (own.duration - days)
    lasts = _at(own.ends, zone).astimezone(UTC) - _at(own.starts, zone).astimezone(UTC)
    return _at(start, zone).astimezone(UTC) + lasts


def _at(moment: Moment, zone: tzinfo | None) -> datetime:
    """A moment with its zone; a day is its first instant there."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _organizer(component: Component) -> str:
    organizer = component.get("ORGANIZER")
    if organizer is None:
        return ""
    address = str(organizer)
    named = organizer.params.get("CN", "")
    plain = address[len("mailto:") :] if address.lower().startswith("mailto:") else address
    return _one_line(f"{named} <{plain}>" if named and named != plain else plain)


def _categories(component: Component) -> tuple[str, ...]:
    return tuple(str(name) for listed in _listed(component, "CATEGORIES") for name in listed.cats)


def _stated_at(component: Component) -> datetime | None:
    """When the entry was last changed, else made; a moved one was announced by the move."""
    said = [component.get(name) for name in STATED]
    moments = [one.dt for one in said if isinstance(getattr(one, "dt", None), datetime)]
    aware = [moment for moment in moments if moment.tzinfo is not None]
    return max(aware, default=None)


def _touches(interval: Interval, span: Interval) -> bool:
    return interval.start < span.end and span.start < interval.end


def _one_line(text: str) -> str:
    return " ".join(text.split())

"""Deadlines of claims as iCalendar files: to be mailed, to be withdrawn, and to be subscribed to.

The only module that knows icalendar. A deadline is a whole day, so that it stays the same day
wherever the calendar is read; what is exact to the minute stands in its description. The same
deadlines always give the same bytes: nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from icalendar import Alarm, Calendar, Event, vCalAddress, vText, vUri

from flows.messages.language import ENGLISH, Language
from flows.messages.rendering import web_address
from flows.messages.views import CalendarEntry, DueLine
from models.intervals import utc
from models.ledger import one_line

UIDS = UUID("0f6a3ad4-2b37-5f0a-9a6a-6a4c3c5c5f10")
"""The namespace of our UIDs; another one would put every deadline into calendars a second time."""

HOST = "makegood"
"""What stands after the @ of a UID where no mail is configured."""

PRODUCT = "-//Makegood//Claims//EN"
ALARMS = (timedelta(days=-7), timedelta(days=-1))
DAY = timedelta(days=1)
REFRESH = timedelta(days=1)


class Method(StrEnum):
    """What a calendar file does to the calendar that takes it in."""

    PUBLISH = "PUBLISH"
    CANCEL = "CANCEL"


def content_type(method: Method) -> str:
    """The content type of an attached calendar; it names the method, as mail programs ask for."""
    return f"text/calendar; charset=utf-8; method={method.value}"


def render_calendar(
    entries: Sequence[CalendarEntry],
    *,
    method: Method = Method.PUBLISH,
    organizer: str = "",
    known_as: str = "",
    language: Language = ENGLISH,
) -> bytes:
    """The deadlines as one iCalendar file.

    Args:
        entries: The deadlines; their order does not matter.
        method: Whether they are told or withdrawn.
        organizer: The address that tells them; "" for none, and then no method is named either,
            because methods take an organizer.
        known_as: The address that calendars first heard of them from, and whose domain stays in
            their UIDs for ever; "" for the organizer's.
        language: The language of what they say.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    if organizer:
        calendar.add("method", method.value)
    if method is Method.PUBLISH:
        name = language.gettext("Claims against vendors")
        calendar.add("x-wr-calname", name)
        calendar.add("name", name)
        calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "P1D")
    for entry in sorted(entries, key=lambda entry: (entry.line.last_day, entry.name)):
        uid = uid_of(entry.name, known_as or organizer)
        calendar.add_component(_event(entry, uid, method, organizer, language))
    return bytes(calendar.to_ical())


def uid_of(name: str, address: str = "") -> str:
    """The UID of a deadline, the same for ever."""
    return f"{uuid5(UIDS, name)}@{address.rpartition('@')[2] or HOST}"


def _event(
    entry: CalendarEntry, uid: str, method: Method, organizer: str, language: Language
) -> Event:
    line, event = entry.line, Event()
    event.add("uid", uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", utc(entry.changed_at).replace(microsecond=0))
    event.add("dtstart", line.last_day)
    event.add("dtend", line.last_day + DAY)
    title = one_line(_title(line, language))
    event.add("summary", title)
    event.add("transp", "TRANSPARENT")
    if organizer:
        event["organizer"] = vCalAddress(f"mailto:{organizer}")
    if method is Method.CANCEL:
        event.add("status", "CANCELLED")
        return event
    event.add("status", "CONFIRMED")
    event.add("description", _description(line, language))
    event.add("categories", [vText(language.gettext("Claim"))])
    if web_address(line.address).startswith("https:"):
        event["url"] = vUri(line.address)
    for before in ALARMS:
        event.add_component(_alarm(before, title))
    return event


def _alarm(before: timedelta, says: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", says)
    alarm.add("trigger", before)
    return alarm


def _title(line: DueLine, language: Language) -> str:
    values = {
        "what": language.stage(line.stage),
        "vendor": line.vendor,
        "service": line.service,
        "month": language.month(line.month),
    }
    worth = _worth(line, language)
    if not worth:
        return language.gettext("%(what)s: %(vendor)s, %(service)s, %(month)s", **values)
    return language.gettext(
        "%(what)s: %(vendor)s, %(service)s, %(month)s (%(worth)s)", **values, worth=worth
    )


def _worth(line: DueLine, language: Language) -> str:
    if line.credit_days:
        return language.days_of_service(line.credit_days)
    return language.money(line.amount) if line.amount else ""


def _description(line: DueLine, language: Language) -> str:
    says = [language.last_day(line.last_day, until=line.until, time_zone=line.time_zone)]
    if line.channel:
        says.append(
            language.gettext(
                "%(name)s: %(value)s",
                name=language.gettext("How"),
                value=language.channel(line.channel),
            )
        )
    if line.address:
        says.append(
            language.gettext(
                "%(name)s: %(value)s", name=language.gettext("Where"), value=line.address
            )
        )
    says.append(f"makegood claims show {line.key}")
    return "\n".join(one_line(each) for each in says)

"""Maintenance calendars (iCalendar), from a file of the workspace or from an address.

The calendar is read whole each time it is asked; it is small, and nothing of it is kept. Its
address may be a secret, which no message repeats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.asking import Asking
from connectors.errors import Misconfigured
from connectors.exclusions._entries import Entry, entries_of
from models.exclusion import ExclusionEvent
from models.findings import Finding, UnusableInputError, refuse
from models.intervals import Interval, utc
from models.located import MOST_BYTES, decode, too_long
from models.sources.exclusions import MaintenanceCalendar, Touched

LONGEST_NAME = 200
"""Longer words are cut, longer ids are replaced by their digest."""

SUBSCRIBED = "webcal://"
"""How programs write the address of a calendar that they subscribe to; it is asked by HTTPS."""


@dataclass(frozen=True, slots=True)
class CalendarExclusions:
    """A calendar, read each time that it is asked.

    Attributes:
        terms: Where it is, and what its entries touch.
        folder: Where its path starts.
        secret: Its address, where that is a secret.
    """

    terms: MaintenanceCalendar
    folder: Path
    secret: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """The source's name in the workspace."""
        return self.terms.id

    def events(self, span: Interval) -> tuple[ExclusionEvent, ...]:
        """Every entry of the span that the terms take, as an event.

        Raises:
            UnusableInputError: It is no calendar, or has entries that cannot be used.
            ConnectorError: It could not be asked.
        """
        zone = None if self.terms.time_zone is None else ZoneInfo(self.terms.time_zone)
        entries = entries_of(self._text(), place=self._place, zone=zone, span=span)
        found = [event for entry in entries for event in self._taken(entry)]
        _each_once(self._place, found)
        return tuple(sorted(found, key=lambda event: (event.interval.start, event.id)))

    @property
    def _place(self) -> str:
        return self.terms.path or f"calendar {self.id}"

    def _text(self) -> str:
        if self.terms.path is not None:
            return _read(self.folder / self.terms.path, self.terms.path)
        address = self.terms.address or self.secret
        if not address:
            wanted = self.terms.secret_name("ADDRESS")
            message = (
                f"calendar {self.id}: has no address; expected path or address in makegood.yaml, "
                f"or {wanted} in the environment. Set one of them."
            )
            raise Misconfigured(message)
        return Asking(
            place=f"calendar {self.id}",
            address=_asked_at(address, self.terms.secret_name("ADDRESS")),
            timeout_seconds=self.terms.timeout_seconds,
            secrets=_parts(self.secret),
        ).text("")

    def _taken(self, entry: Entry) -> Iterator[ExclusionEvent]:
        touched = self._touched(entry.categories)
        if touched is None:
            return
        yield ExclusionEvent(
            id=_id_of(self.id, entry),
            kind=self.terms.excludes,
            start=utc(entry.interval.start),
            end=utc(entry.interval.end),
            reason=_cut(entry.summary),
            announced_at=entry.stated_at,
            author=_cut(entry.organizer) or None,
            dependency=self.terms.dependency,
            services=touched.services,
            regions=touched.regions,
        )

    def _touched(self, categories: Iterable[str]) -> Touched | None:
        """What an entry touches; None where its categories are not those that are taken."""
        whole = Touched(services=self.terms.services, regions=self.terms.regions)
        if not self.terms.categories:
            return whole
        named = [self.terms.categories[one] for one in categories if one in self.terms.categories]
        if not named:
            return None
        return Touched(
            services=_together([one.services for one in named], whole.services),
            regions=_together([one.regions for one in named], whole.regions),
        )


def _together(parts: list[tuple[str, ...]], otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """All that the parts name; one that names nothing stands for what the source names."""
    named = (name for part in parts for name in part)
    return tuple(dict.fromkeys(named)) if all(parts) else otherwise


def _id_of(source: str, entry: Entry) -> str:
    parts = [source, entry.uid, entry.recurrence] if entry.recurrence else [source, entry.uid]
    name = "/".join(parts)
    if len(name) <= LONGEST_NAME and name.isprintable():
        return name
    short = hashlib.sha256(entry.uid.encode()).hexdigest()[:32]
    return "/".join([source, short, *parts[2:]])


def _cut(text: str) -> str:
    """One line of text that a person reads, not too long."""
    shown = "".join(letter for letter in text if letter.isprintable())
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 1]}…"


def _each_once(place: str, events: Iterable[ExclusionEvent]) -> None:
    seen: dict[str, ExclusionEvent] = {}
    findings = []
    for event in events:
        if event.id in seen:
            findings.append(
                Finding(
                    place=place,
                    fact=f"has {event.id} twice, at {seen[event.id].interval} and {event.interval}",
                    expected="each UID once",
                    remedy="Remove one of the two from the calendar.",
                )
            )
        seen.setdefault(event.id, event)
    if findings:
        raise UnusableInputError(findings)


def _parts(secret: str) -> tuple[str, ...]:
    """What no message may repeat of a private address: all that stands behind its host."""
    path = secret.partition("://")[2].partition("/")[2]
    return (path,) if path else ()


def _asked_at(address: str, wanted: str) -> str:
    if address.lower().startswith(SUBSCRIBED):
        address = f"https://{address[len(SUBSCRIBED) :]}"
    host = address.partition("://")[2].partition("/")[0]
    if not address.startswith(("https://", "http://")) or not host or "@" in host:
        message = (
            f"{wanted}: is no address of a calendar; expected https://host/path without user "
            "and password. Correct it."
        )
        raise Misconfigured(message)
    return address


def _read(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise too_long(name, path.stat().st_size)
        return decode(path.read_bytes(), name=name)
    except OSError as error:
        raise refuse(
            name,
            f"cannot be read: {error.strerror}",
            expected="a calendar, such as maintenance.ics",
            remedy="Correct path: of the source in makegood.yaml, or put the file there.",
        ) from None

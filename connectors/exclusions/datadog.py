"""Corrections of SLOs at Datadog: time that somebody took out of an SLO, and when they said so.

Datadog writes down when a correction was made and when it was last changed. What it says now was
not known before its last change, so that is when it was announced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.datadog_client import DatadogClient
from connectors.errors import Permanent, Retriable
from connectors.exclusions._entries import entries_of
from connectors.exclusions._texts import one_line
from models.exclusion import ExclusionEvent
from models.findings import Finding, UnusableInputError
from models.intervals import Interval, utc
from models.sources.exclusions import DatadogCorrections, Touched
from models.terms import JsonValue

PAGE = 100
ROUNDS = 3
"""So often all pages are asked for again when corrections were made between two of them."""

SECOND_MS = 1000
RULE = re.compile(r"[A-Z0-9=;,:+-]{1,500}")
"""What a rule of recurrence is made of."""

UTC_NAME = "UTC"


class _ChangedMeanwhileError(Exception):
    """A page does not fit to the pages before it."""


@dataclass(frozen=True, slots=True)
class _Correction:
    """One correction as Datadog tells it.

    Attributes:
        id: Datadog's name for it.
        told: Its attributes.
    """

    id: str
    told: Mapping[str, JsonValue]

    def seconds(self, name: str) -> int | None:
        """A number of seconds; None where there is none."""
        value = self.told.get(name)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return int(value)
        return None

    def text(self, name: str) -> str:
        """A text; "" where there is none."""
        value = self.told.get(name)
        return value if isinstance(value, str) else ""

    @property
    def author(self) -> str:
        """Who made it, or changed it last."""
        for role in ("modifier", "creator"):
            person = _inner(self.told, role)
            known = _inner(_inner(person, "data"), "attributes") or person
            for name in ("email", "handle", "name"):
                if known.get(name):
                    return str(known[name])
        return ""

    @property
    def said_at(self) -> datetime | None:
        """When what it says was said; None where Datadog does not tell."""
        made, changed = self.seconds("created_at"), self.seconds("modified_at")
        if made is None:
            return None
        return utc(max(made, changed or made) * SECOND_MS)


@dataclass(frozen=True, slots=True)
class DatadogExclusions:
    """A source that asks Datadog for corrections.

    Attributes:
        terms: Which corrections are taken, and what they touch.
        client: How Datadog is asked.
    """

    terms: DatadogCorrections
    client: DatadogClient

    @property
    def id(self) -> str:
        """The source's name in the workspace."""
        return self.terms.id

    def events(self, span: Interval) -> tuple[ExclusionEvent, ...]:
        """Every correction that the terms take and that touches the span, as an event.

        Raises:
            UnusableInputError: Corrections cannot be used; every finding is listed.
            ConnectorError: Datadog could not be asked.
        """
        found: list[ExclusionEvent] = []
        findings: list[Finding] = []
        for correction in self._all():
            if correction.text("category") not in self.terms.categories:
                continue
            try:
                found += self._events(correction, span)
            except UnusableInputError as error:
                findings += error.findings
        if findings:
            raise UnusableInputError(findings)
        return tuple(sorted(found, key=lambda event: (event.interval.start, event.id)))

    def _events(self, correction: _Correction, span: Interval) -> Iterator[ExclusionEvent]:
        slo = correction.text("slo_id")
        if slo and slo not in self.terms.slos:
            return
        times = self._times(correction, span)
        if not times:
            return
        touched = self.terms.slos.get(slo) or self._by_query(correction)
        for suffix, interval in times if touched else ():
            yield self._event(correction, f"{correction.id}{suffix}", interval, touched)

    def _by_query(self, correction: _Correction) -> Touched | None:
        query = correction.text("slo_query")
        if query in self.terms.queries:
            return self.terms.queries[query]
        raise self._unusable(
            correction,
            f"names its SLOs by the query {query!r}",
            expected="an SLO of the source, or a query that it lists",
            remedy="Say under `queries` what it touches; null where it is none of yours.",
        )

    def _event(
        self, correction: _Correction, name: str, interval: Interval, touched: Touched | None
    ) -> ExclusionEvent:
        whole = touched or Touched()
        return ExclusionEvent(
            id=f"{self.id}/{name}",
            kind=self.terms.excludes,
            start=utc(interval.start),
            end=utc(interval.end),
            reason=one_line(correction.text("description")) or correction.text("category"),
            announced_at=correction.said_at,
            author=one_line(correction.author) or None,
            dependency=self.terms.dependency,
            services=whole.services or self.terms.services,
            regions=whole.regions or self.terms.regions,
        )

    def _times(self, correction: _Correction, span: Interval) -> Sequence[tuple[str, Interval]]:
        """When it takes time out, as far as it touches the span; with a name for each of many."""
        start = correction.seconds("start")
        if start is None:
            raise self._unusable(
                correction,
                "has no start",
                expected="a start in seconds",
                remedy="Mend it at Datadog.",
            )
        if correction.text("rrule"):
            return self._repeated(correction, start, span)
        end = correction.seconds("end")
        if end is None or end <= start:
            raise self._unusable(
                correction,
                f"ends at {end} and starts at {start}",
                expected="an end after the start",
                remedy="Give it an end at Datadog.",
            )
        once = Interval(start * SECOND_MS, end * SECOND_MS)
        touches = once.start < span.end and span.start < once.end
        return [("", once)] if touches else []

    def _repeated(
        self, correction: _Correction, start: int, span: Interval
    ) -> Sequence[tuple[str, Interval]]:
        """Each time of a correction that repeats.

        Datadog does not say whether it repeats by the clocks of its zone or by UTC. Where that
        makes a difference it is refused, not guessed.
        """
        lasts, rule = correction.seconds("duration"), correction.text("rrule")
        zone = _zone(correction.text("timezone") or UTC_NAME)
        if not lasts or lasts < 0 or not RULE.fullmatch(rule) or zone is None:
            raise self._unusable(
                correction,
                f"repeats by {rule!r} for {lasts} s in {correction.text('timezone')!r}",
                expected="a rule, a length and a zone",
                remedy="Mend it at Datadog.",
            )
        self._refuse_two_ends(correction, start + lasts)
        place = self._place(correction)
        by_zone, by_utc = (
            _occurrences(place, _moment(start, at), lasts=lasts, rule=rule, span=span)
            for at in (zone, None)
        )
        if by_zone != by_utc:
            raise self._unusable(
                correction,
                f"repeats across a change of the clocks in {zone.key}",
                expected="times that are the same by the clocks and by UTC",
                remedy="End it before the change, and make another one after it.",
            )
        return [(f"/{at.start // SECOND_MS}", at) for at in by_utc]

    def _refuse_two_ends(self, correction: _Correction, first_end: int) -> None:
        """Refuse an end that is not the end of the first time: it may end all, or the first one."""
        end = correction.seconds("end")
        if end is not None and end != first_end:
            raise self._unusable(
                correction,
                f"repeats, and ends at {end}, while its first time ends at {first_end}",
                expected="no end beside a rule",
                remedy="Say UNTIL in its rule at Datadog, and remove its end.",
            )

    def _all(self) -> list[_Correction]:
        for _ in range(ROUNDS):
            try:
                return self._pages()
            except _ChangedMeanwhileError:
                continue
        message = f"{self.client.place}: corrections were made while they were asked for."
        raise Retriable(f"{message} It may answer later; nothing was changed.")

    def _pages(self) -> list[_Correction]:
        """All pages. Each begins with the last correction of the page before, so that none is lost.

        Raises:
            _ChangedMeanwhileError: They do not fit together.
        """
        found: dict[str, _Correction] = {}
        totals: set[int] = set()
        while not totals or len(found) < max(totals):
            total, page = self._page(offset=max(len(found) - 1, 0))
            totals.add(total)
            fresh = {correction.id: correction for correction in page}
            before, told_again = list(found)[-1:], [name for name in fresh if name in found]
            whole = len(totals) == 1 and len(fresh) == len(page)
            follows = told_again == before == list(fresh)[: len(before)]
            if not whole or not follows or (len(fresh) == len(before) and len(found) < total):
                raise _ChangedMeanwhileError
            found |= fresh
        return list(found.values())

    def _page(self, *, offset: int) -> tuple[int, Sequence[_Correction]]:
        answer = self.client.corrections(offset=offset, limit=PAGE)
        pages = _inner(_inner(answer, "meta"), "page")
        total, listed = pages.get("total_count"), _inner_list(answer, "data")
        if not isinstance(total, int) or listed is None:
            message = f"{self.client.place}: the corrections are not of the published shape."
            raise Permanent(f"{message} Tell the maintainers; nothing is guessed.")
        return total, [_Correction(str(one.get("id")), _inner(one, "attributes")) for one in listed]

    def _place(self, correction: _Correction) -> str:
        return f"{self.client.place}: correction {correction.id}"

    def _unusable(
        self, correction: _Correction, fact: str, *, expected: str, remedy: str
    ) -> UnusableInputError:
        place = self._place(correction)
        finding = Finding(place=place, fact=one_line(fact), expected=expected, remedy=remedy)
        return UnusableInputError([finding])


def _occurrences(
    place: str, first: str, *, lasts: int, rule: str, span: Interval
) -> list[Interval]:
    """The times of a rule, worked out by the library that reads calendars."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//makegood//corrections//EN",
        "BEGIN:VEVENT",
        "UID:correction",
        "SUMMARY:correction",
        f"DTSTART{first}",
        f"DURATION:PT{lasts}S",
        f"RRULE:{rule}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    try:
        entries = entries_of("\r\n".join(lines), place=place, zone=None, span=span)
    except UnusableInputError as error:
        # Its lines are ours, and nobody finds them at Datadog.
        raise UnusableInputError([replace(f, place=place) for f in error.findings]) from None
    return sorted(entry.interval for entry in entries)


def _moment(seconds: int, zone: ZoneInfo | None) -> str:
    """A start as calendars write it, by the clocks of a zone or in UTC."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    if zone is None or zone.key == UTC_NAME:
        return f":{at:%Y%m%dT%H%M%SZ}"
    return f";TZID={zone.key}:{at.astimezone(zone):%Y%m%dT%H%M%S}"


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _inner(value: JsonValue, name: str) -> dict[str, JsonValue]:
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _inner_list(value: JsonValue, name: str) -> list[dict[str, JsonValue]] | None:
    inner = value.get(name) if isinstance(value, dict) else None
    if not isinstance(inner, list) or not all(isinstance(one, dict) for one in inner):
        return None
    return inner

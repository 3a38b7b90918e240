"""Silences of a Prometheus Alertmanager, as far as they are announced maintenance.

A silence is somebody's word that alerts are to be kept quiet, for any reason: also because the
service is down and everybody knows. So only those are taken whose comment begins with the agreed
words, and only for the services whose alert they would silence.

What Alertmanager proves: a silence never begins before it was made, since the server moves an
earlier start to its own present; it stands as it is since `updatedAt`, which the server alone
writes. So that is when it is said to be announced. One that was ended early was changed then, and
states no earlier announcement; that Makegood saw it before is the better proof. `createdBy` is
what its author typed. Other matchers make another silence; an ended one is forgotten after the
server's `--data.retention`.
Source: https://github.com/prometheus/alertmanager, `silence/silence.go` and `api/v2`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from connectors.asking import Asking, authorization
from connectors.errors import Permanent
from connectors.retry import ATTEMPTS
from models.exclusion import ExclusionEvent
from models.findings import refuse
from models.intervals import Interval, instant, utc, utc_text
from models.sources.exclusions import AlertmanagerSilences, MutedAlert
from models.terms import JsonValue

HOUR_MS = 3_600_000
LONGEST_NAME = 200


def _now() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Matcher:
    """What a silence asks of one label; a label that an alert does not have is empty."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert's labels are as it asks."""
        actual = labels.get(self.name, "")
        return (self._is(actual) if self.is_regex else actual == self.value) is self.is_equal

    def _is(self, actual: str) -> bool:
        """Whether all of a text fits the expression, by the rules of RE2, as the server's are."""
        pattern = rf"\A(?:{self.value})\z"
        try:
            return bool(pc.match_substring_regex(pa.array([actual]), pattern=pattern)[0].as_py())
        except pa.ArrowInvalid as error:
            message = f"alertmanager: {self.name}=~{self.value!r} cannot be read: {error}."
            raise Permanent(f"{message} Write the silence's matcher more simply.") from None


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence, as the server has it.

    Attributes:
        id: The server's name for it.
        start: Its first instant.
        end: The first instant after it; its start where it was ended before it began.
        updated_at: When anything about it was changed last.
        author: Who made it, as they say.
        comment: Why.
        matchers: What an alert must be like to be silenced, in every respect.
    """

    id: str
    start: int
    end: int
    updated_at: int
    author: str
    comment: str
    matchers: tuple[Matcher, ...]

    @classmethod
    def of(cls, record: JsonValue) -> Silence:
        """The silence that the server writes so.

        Raises:
            KeyError: A field is missing.
            TypeError: It is no record, or a field holds something else.
            ValueError: A time cannot be read.
        """
        start, end, updated_at = (
            instant(datetime.fromisoformat(record[name]))
            for name in ("startsAt", "endsAt", "updatedAt")
        )
        matchers = tuple(
            Matcher(one["name"], one["value"], one["isRegex"], one.get("isEqual", True))
            for one in record["matchers"]
        )
        name, author, comment = (str(record[part]) for part in ("id", "createdBy", "comment"))
        return cls(name, start, end, updated_at, author, comment, matchers)

    def silences(self, alert: MutedAlert) -> bool:
        """Whether it would keep an alert quiet."""
        return all(matcher.fits(alert.labels) for matcher in self.matchers)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerExclusions:
    """A server's silences, asked for each time.

    Attributes:
        terms: Where it is, which silences are taken, and for what.
        token: Sent as a bearer token; "" for none.
        password: The user's.
        attempts: How often it is asked at most.
        now: The present instant.
    """

    terms: AlertmanagerSilences
    token: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    attempts: int = ATTEMPTS
    now: Callable[[], int] = _now

    @property
    def id(self) -> str:
        """The source's name in the workspace."""
        return self.terms.id

    def events(self, span: Interval) -> tuple[ExclusionEvent, ...]:
        """One event for each silence and each alert that it would silence.

        Raises:
            UnusableInputError: The server has forgotten silences of the span.
            ConnectorError: It could not be asked, or answers something else.
        """
        self._refuse_what_is_forgotten(span)
        found = [
            event
            for silence in self._silences()
            if silence.start < span.end and span.start < silence.end and silence.start < silence.end
            for event in self._taken(silence)
        ]
        return tuple(sorted(found, key=lambda event: (event.interval.start, event.id)))

    def _refuse_what_is_forgotten(self, span: Interval) -> None:
        since = self.now() - self.terms.kept_hours * HOUR_MS
        if span.start < since:
            raise refuse(
                self._place,
                f"is asked for silences since {utc_text(span.start)}, and keeps ended ones for"
                f" {self.terms.kept_hours} h",
                expected="a server that still has all of them",
                remedy="Start it with a longer --data.retention and say so here, or write the"
                " maintenance of earlier months into a file of exclusions.",
                field="kept_hours",
            )

    @property
    def _place(self) -> str:
        return f"alertmanager {self.id}"

    def _silences(self) -> list[Silence]:
        login = authorization(token=self.token, user=self.terms.user, password=self.password)
        answer = Asking(
            place=self._place,
            address=self.terms.address.rstrip("/"),
            timeout_seconds=self.terms.timeout_seconds,
            headers=login,
            attempts=self.attempts,
            secrets=(self.token, self.password, *login.values()),
        ).get("/api/v2/silences")
        try:
            return [Silence.of(record) for record in answer]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = (
                f"{self._place}: the answer holds no silences ({type(error).__name__})."
                " Correct the source's address; it ends before /api/v2."
            )
            raise Permanent(message) from None

    def _taken(self, silence: Silence) -> Iterator[ExclusionEvent]:
        if not silence.comment.casefold().startswith(self.terms.comment_begins.casefold()):
            return
        for name, alert in self.terms.alerts.items():
            if silence.silences(alert):
                yield self._event(silence, name, alert)

    def _event(self, silence: Silence, name: str, alert: MutedAlert) -> ExclusionEvent:
        return ExclusionEvent(
            id=f"{self.id}/{silence.id}/{name}",
            kind=self.terms.excludes,
            start=utc(silence.start),
            end=utc(silence.end),
            reason=_line(silence.comment),
            announced_at=utc(silence.updated_at),
            author=_line(silence.author) or None,
            dependency=self.terms.dependency,
            services=alert.services or self.terms.services,
            regions=alert.regions or self.terms.regions,
        )


def _line(text: str) -> str:
    """A text on one line, not too long."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:LONGEST_NAME]

"""Prometheus as a source: samples of 0 and 1 as the server holds them, and counted requests.

The server is asked for what is wanted alone, in pages that it allows. An outage that reaches over
an edge of the months in question is followed until it ends, or for nine weeks. What the server
does not have is unknown; what it has in part is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from connectors.asking import Asking, authorization
from connectors.monitoring import Capability, FileFacts, Reading, SourceFacts, Wanted
from connectors.monitoring._answers import answer_of
from connectors.monitoring._prometheus.api import Api, BadValue, joined
from connectors.monitoring._prometheus.questions import (
    QUERY,
    TOTAL,
    Answer,
    BadSeries,
    CountQuestion,
    NoSuchMetric,
    Question,
    StateQuestion,
)
from connectors.retry import ATTEMPTS
from models.findings import UnusableInputError, refuse
from models.intervals import Interval, utc_text
from models.outage import Timeline
from models.sources.prometheus import PrometheusMonitor

DAY_MS = 86_400_000
FOLLOWED_DAYS = (1, 2, 4, 8, 16, 32)
"""How much more is asked for each time, while an outage reaches over an edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A server, and what it knows about which monitor.

    Attributes:
        id: The source's name.
        address: Where its API is, without `/api/v1`.
        monitors: How it knows each monitor.
        timeout_seconds: How long one answer may take.
        attempts: How often one question is asked at most.
        token: Sent as a bearer token; "" for none.
        user: Who logs in; None for nobody.
        password: The user's.
        tenant: Whose metrics are meant; None where the server keeps only one's.
    """

    id: str
    address: str
    monitors: Mapping[str, PrometheusMonitor]
    timeout_seconds: int = 30
    attempts: int = ATTEMPTS
    token: str = field(default="", repr=False)
    user: str | None = None
    password: str = field(default="", repr=False)
    tenant: str | None = None

    @property
    def capabilities(self) -> frozenset[Capability]:
        """States over time."""
        return frozenset({Capability.TIMELINES})

    def read(self, wanted: Wanted) -> Reading:
        """What the server knows about the wanted monitors; without a span, all that it holds.

        Raises:
            UnusableInputError: A query's answer cannot be states, counts, or regions.
            ConnectorError: The server could not be asked, or not answer in full.
        """
        span = wanted.span or self._api("").extent()
        asked = sorted(name for name in self.monitors if span and wanted.wants(name))
        told = [_told(self, name, span, wanted) for name in asked if span]
        rows = [instant for answered in told for instant in answered.instants]
        return Reading(
            timelines=MappingProxyType({t.monitor: t.timelines for t in told if t.timelines}),
            facts=SourceFacts(
                files=tuple(answered.fact for answered in told),
                rows=len(rows),
                first_at=min(rows, default=None),
                last_at=max(rows, default=None),
            ),
        )

    def question(self, name: str) -> Question:
        """What is asked about a monitor."""
        monitor, api = self.monitors[name], self._api(name)
        if monitor.requests is None:
            return StateQuestion(api, monitor)
        return CountQuestion(api, monitor.requests, monitor.region_label)

    def _api(self, name: str) -> Api:
        login = authorization(token=self.token, user=self.user, password=self.password)
        tenant = {"X-Scope-OrgID": self.tenant} if self.tenant else {}
        return Api(
            Asking(
                place=f"prometheus {self.id}" + (f", monitor {name}" if name else ""),
                address=self.address.rstrip("/"),
                timeout_seconds=self.timeout_seconds,
                headers={**tenant, **login},
                attempts=self.attempts,
                secrets=(self.token, self.password, *login.values()),
            )
        )


@dataclass(frozen=True, slots=True)
class _Told:
    """What was told about one monitor.

    Attributes:
        monitor: Its name.
        timelines: One per region.
        instants: Of every value that was read.
        fact: The digest of all of it.
    """

    monitor: str
    timelines: tuple[Timeline, ...]
    instants: list[int]
    fact: FileFacts


def _told(source: Prometheus, name: str, span: Interval, wanted: Wanted) -> _Told:
    question = source.question(name)
    try:
        answer, stretch = _whole(question, span, follow=wanted.span is not None)
        timelines = question.timelines(name, answer, stretch, wanted)
    except NoSuchMetric as error:
        fact = f"counts failures as {error}, of which the server has nothing"
        raise _unusable(source, name, fact, _A_METRIC) from None
    except BadSeries as error:
        raise _unusable(source, name, str(error), _ONE_SERIES) from None
    except BadValue as error:
        fact = f"gives {error.value} at {utc_text(error.at)}"
        raise _unusable(source, name, fact, (error.expected, _NO_VALUE)) from None
    rows = list(_rows(answer))
    return _Told(name, timelines, [row[0] for row in rows], answer_of(source.id, name, rows))


_ONE_SERIES = (
    "one series, or one for each value of region_label",
    "Pick one by its labels, or put them together, such as with max by (region) (...).",
)
_A_METRIC = (
    "a metric that it has, whatever its labels",
    "Mend the name, or write sum(increase(...[$window])) or vector(0) where it may be unborn.",
)
_NO_VALUE = "Compare it, such as with `> bool 0`, or count what is meant to be counted."


def _unusable(
    source: Prometheus, name: str, fact: str, expected: tuple[str, str]
) -> UnusableInputError:
    place, says = f"prometheus {source.id}", f"monitors.{name}"
    return refuse(place, fact, expected=expected[0], remedy=expected[1], field=says)


def _whole(question: Question, span: Interval, *, follow: bool) -> tuple[Answer, Interval]:
    """The answers that decide a span, followed over its edges while anything is down there."""
    stretch = Interval(span.start - question.before_ms, span.end + question.after_ms)
    answer = question.ask(stretch)
    for side in (0, 1) if follow else ():
        answer, stretch = _followed(question, answer, stretch, side)
    return question.completed(answer, stretch), stretch


def _followed(
    question: Question, answer: Answer, stretch: Interval, side: int
) -> tuple[Answer, Interval]:
    """The answers with more of them before (0) or after (1), until nothing is down at that edge."""
    for days in FOLLOWED_DAYS:
        if not question.down_at(answer)[side]:
            break
        length = days * DAY_MS
        piece = (
            Interval(stretch.end, stretch.end + length)
            if side
            else Interval(stretch.start - length, stretch.start)
        )
        more = question.ask(piece)
        answer = {part: joined(iter([answer[part], more[part]])) for part in answer}
        stretch = Interval(min(stretch.start, piece.start), max(stretch.end, piece.end))
        if not (more.get(QUERY) or more.get(TOTAL)):
            break
    return answer, stretch


def _rows(answer: Answer) -> Iterator[tuple[int, str, str, str]]:
    """Every value with its instant, its part of the question, and its series."""
    for part, found in answer.items():
        for labels, values in found.items():
            series = ",".join(f"{name}={text}" for name, text in labels)
            yield from ((at, part, series, value) for at, value in values.items())

"""CloudWatch: metrics of Amazon's monitoring, asked by `GetMetricData`, period by period.

A period's value says up or down for the whole of it, or counts requests; a period without a value
is unknown. What CloudWatch has not told in full is asked again, and what it no longer keeps is
refused: it would answer with silence. Credentials are found by Amazon's own library and never seen
here.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import numpy as np

from connectors.monitoring import Capability, NoLongerKeptError, Reading, SourceFacts, Wanted
from connectors.monitoring._answers import answer_of
from connectors.monitoring._cloudwatch_calls import MOST_POINTS, Calls, Client, Points, Query
from connectors.retry import ATTEMPTS
from models.findings import Finding
from models.intervals import MINUTE_MS, Interval, instant, utc_text
from models.outage import State, Timeline, compact
from models.requests import RequestWindow, timeline_of
from models.sources.cloudwatch import CloudWatchMonitor, HealthMetric, Metric, Statistic
from models.terms import plain

DAY_MS = 1440 * MINUTE_MS

KEPT_DAYS = ((3_600_000, 455), (300_000, 63), (60_000, 15))
"""Periods of a multiple of so many milliseconds are kept for so many days.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

SETTLES_MS = 5 * MINUTE_MS
"""A period that ended less than this ago may still change, and is not asked for."""

REACHES_DAYS = (1, 2, 4, 8, 16, 32)
"""How much further is looked each time for the other end of an outage: nine weeks in all."""


def present() -> int:
    """Now, by this machine's clock: what is kept is counted from it."""
    return instant(datetime.now(tz=UTC))


@dataclass(slots=True)
class _Series:
    """What CloudWatch said about a monitor.

    Attributes:
        stretch: For which time it was asked.
        points: Per query of the monitor its points.
    """

    stretch: Interval
    points: list[Points]

    @classmethod
    def empty(cls, stretch: Interval, monitor: CloudWatchMonitor) -> _Series:
        """Nothing yet, of a monitor that is about to be asked for."""
        return cls(stretch, [{} for _ in _queries(monitor)])

    def rows(self) -> Iterator[tuple[int, int, str]]:
        """Every point: its instant, the number of its query, its value."""
        for number, points in enumerate(self.points):
            for at, value in points.items():
                yield at, number, plain(value)

    def grow(self, piece: Interval, points: Sequence[Points]) -> None:
        """Take what was said about a neighbouring stretch."""
        start, end = min(self.stretch.start, piece.start), max(self.stretch.end, piece.end)
        self.stretch = Interval(start, end)
        for mine, more in zip(self.points, points, strict=True):
            mine.update(more)


@dataclass(frozen=True, slots=True)
class _Pull:
    """A reading under way.

    Attributes:
        calls: How CloudWatch is asked.
        client: Amazon's client.
        found: What it said so far, by monitor.
    """

    calls: Calls
    client: Client
    found: Mapping[str, _Series]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudWatchMetrics:
    """A source that asks CloudWatch.

    Attributes:
        id: The source's name in the workspace.
        region: The AWS region that holds the metrics.
        monitors: The contract's name for a monitor to how CloudWatch knows it.
        period_ms: How long a period is.
        address: Another address than Amazon's own; "" for that.
        timeout_seconds: How long one answer may take.
        points_at_once: About so many points are asked for in one question.
        attempts: How often one question is asked at most.
        sleep: Waits so many seconds; tests pass their own.
        now: The present instant.
    """

    id: str
    region: str
    monitors: Mapping[str, CloudWatchMonitor]
    period_ms: int = 300_000
    address: str = ""
    timeout_seconds: int = 30
    points_at_once: int = MOST_POINTS
    attempts: int = ATTEMPTS
    sleep: Callable[[Any], None] = time.sleep
    now: Callable[[], int] = present

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Timelines alone."""
        return frozenset({Capability.TIMELINES})

    def read(self, wanted: Wanted) -> Reading:
        """Ask for every wanted monitor's periods, and for more where an outage reaches further.

        Raises:
            NoLongerKeptError: The span is older than what CloudWatch keeps of such periods.
            Retriable: There was no whole answer, several times over.
            Misconfigured: Credentials are missing, wrong or may not do this.
            Permanent: The question was refused.
        """
        kept = self._kept()
        span = self._span(wanted, kept)
        names = [name for name in sorted(self.monitors) if wanted.wants(name)]
        if span is None or not names:
            return Reading()
        calls = self._calls()
        around = Interval(max(span.start - DAY_MS, kept.start), min(span.end + DAY_MS, kept.end))
        found = {name: _Series.empty(around, self.monitors[name]) for name in names}
        with closing(calls.opened()) as client:
            self._pull(_Pull(calls, client, found), dict.fromkeys(names, around))
            self._reach(_Pull(calls, client, found), kept)
        return self._reading(found, wanted)

    def _kept(self) -> Interval:
        """The time of which CloudWatch still has such periods, whole and settled."""
        days = next(days for length, days in KEPT_DAYS if self.period_ms % length == 0)
        now, period = self.now(), self.period_ms
        latest = (now - SETTLES_MS) // period * period
        return Interval(-((days * DAY_MS - now) // period) * period, latest)

    def _span(self, wanted: Wanted, kept: Interval) -> Interval | None:
        """Whole periods that hold what is wanted; None while none of them is over.

        Raises:
            UnusableInputError: They are no longer kept.
        """
        if wanted.span is None:
            return kept
        start = wanted.span.start // self.period_ms * self.period_ms
        end = min(-(-wanted.span.end // self.period_ms) * self.period_ms, kept.end)
        if start < kept.start:
            raise self._no_longer_kept(start)
        return Interval(start, end) if start < end else None

    def _no_longer_kept(self, start: int) -> NoLongerKeptError:
        minutes, age = self.period_ms // MINUTE_MS, self.now() - start
        days = next(days for length, days in KEPT_DAYS if self.period_ms % length == 0)
        longer = [length for length, days in KEPT_DAYS if days * DAY_MS > age]
        advice = (
            f"Set period_seconds to {min(longer) // 1000}, of which more is kept."
            if longer
            else "Bring the outages of that time as an outage log."
        )
        finding = Finding(
            place=self.id,
            field="period_seconds",
            fact=f"is asked for {utc_text(start)}, {age // DAY_MS} days ago, in periods of "
            f"{minutes} minutes",
            expected=f"a time of which CloudWatch still has them: it keeps them for {days} days "
            "and is silent about the rest",
            remedy=advice,
        )
        return NoLongerKeptError([finding])

    def _calls(self) -> Calls:
        return Calls(
            place=f"cloudwatch {self.id}",
            region=self.region,
            address=self.address,
            timeout_seconds=self.timeout_seconds,
            period_ms=self.period_ms,
            points_at_once=self.points_at_once,
            attempts=self.attempts,
            sleep=self.sleep,
        )

    def _pull(self, pull: _Pull, pieces: Mapping[str, Interval]) -> None:
        """Ask for a piece of time of each of these monitors, all of one piece together."""
        together: dict[Interval, list[str]] = defaultdict(list)
        for name, piece in pieces.items():
            together[piece].append(name)
        for piece, names in together.items():
            queries = [query for name in names for query in _queries(self.monitors[name])]
            answers = iter(pull.calls.points(pull.client, queries, piece))
            for name in names:
                pull.found[name].grow(piece, [next(answers) for _ in pull.found[name].points])

    def _reach(self, pull: _Pull, kept: Interval) -> None:
        """Look further on either side of what is not up there, until it is."""
        for days in REACHES_DAYS:
            pieces: tuple[dict[str, Interval], dict[str, Interval]] = ({}, {})
            for name, series in pull.found.items():
                for side, piece in enumerate(_beside(series.stretch, kept, days * DAY_MS)):
                    if piece is not None and not self._is_up(name, series, last=bool(side)):
                        pieces[side][name] = piece
            if not any(pieces):
                return
            for wanted in pieces:
                self._pull(pull, wanted)

    def _is_up(self, name: str, series: _Series, *, last: bool) -> bool:
        """Whether a monitor is up in the first or the last period that it was asked about."""
        changes = self._line(name, series).changes
        at = series.stretch.end - 1 if last else series.stretch.start
        states = [state for since, state in changes if since <= at]
        return bool(states) and states[-1] is State.UP

    def _line(self, name: str, series: _Series) -> Timeline:
        monitor = self.monitors[name]
        if monitor.health is not None:
            return self._health(name, monitor.health, series)
        if monitor.requests is None:
            message = f"{name} is known neither by its health nor by its requests"
            raise ValueError(message)
        windows = self._windows(series, totals=len(monitor.requests.total))
        return timeline_of(windows, monitor.requests.rule, monitor=name)

    def _health(self, name: str, metric: HealthMetric, series: _Series) -> Timeline:
        """Every period's verdict; what has none is unknown, and so is the time after the last."""
        start, end = series.stretch.start, series.stretch.end
        at = np.arange(start, end + 1, self.period_ms, dtype=np.int64)
        states = np.full(at.size, State.UNKNOWN, dtype=np.int8)
        for since, value in series.points[0].items():
            states[(since - start) // self.period_ms] = _verdict(metric, value)
        return compact(at, states, monitor=name)

    def _windows(self, series: _Series, *, totals: int) -> Iterator[RequestWindow]:
        """A window for each period in which requests were counted."""
        counted = sorted({at for points in series.points for at in points})
        for at in counted:
            sums = [points.get(at, Decimal(0)) for points in series.points]
            total, failed = sum(sums[:totals], Decimal(0)), sum(sums[totals:], Decimal(0))
            yield RequestWindow(at, self.period_ms, total, failed)

    def _reading(self, found: Mapping[str, _Series], wanted: Wanted) -> Reading:
        answers = {name: list(series.rows()) for name, series in found.items()}
        instants = [row[0] for rows in answers.values() for row in rows]
        return Reading(
            timelines=MappingProxyType(
                {
                    name: (self._told(self._line(name, series), wanted),)
                    for name, series in found.items()
                    if answers[name]
                }
            ),
            facts=SourceFacts(
                files=tuple(answer_of(self.id, name, rows) for name, rows in answers.items()),
                rows=len(instants),
                first_at=min(instants, default=None),
                last_at=max(instants, default=None),
            ),
        )

    def _told(self, line: Timeline, wanted: Wanted) -> Timeline:
        return replace(line, gap_floor_ms=wanted.gap_floor_ms, spacing_ms=self.period_ms)


def _beside(
    stretch: Interval, kept: Interval, length: int
) -> tuple[Interval | None, Interval | None]:
    """What is kept just before and just after a stretch, at most so long."""
    before = max(stretch.start - length, kept.start)
    after = min(stretch.end + length, kept.end)
    return (
        Interval(before, stretch.start) if before < stretch.start else None,
        Interval(stretch.end, after) if stretch.end < after else None,
    )


def _verdict(metric: HealthMetric, value: Decimal) -> State:
    if metric.up_at_least is not None:
        return State.UP if value >= metric.up_at_least else State.DOWN
    return State.UP if metric.up_at_most is not None and value <= metric.up_at_most else State.DOWN


def _queries(monitor: CloudWatchMonitor) -> Iterator[Query]:
    """What is asked about a monitor: its health, or its requests, first all and then the failed."""
    if monitor.health is not None:
        yield _query(monitor.health, monitor.health.statistic)
    if monitor.requests is not None:
        for metric in (*monitor.requests.total, *monitor.requests.failed):
            yield _query(metric, Statistic.SUM)


def _query(metric: Metric, statistic: Statistic) -> Query:
    return Query(metric.namespace, metric.metric, metric.dimensions, statistic.value)

"""UptimeRobot: the logs of its monitors, as timelines.

Each log says when a monitor went up, down, was started or paused, and for how long it stayed so.
Logs are asked for without dates, because the last one before a month decides how the month begins;
how far back they reach is up to the account's plan, and what is before the first one is unknown.
Percentages of UptimeRobot are rounded and never read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType

from connectors.asking import Asking
from connectors.errors import ConnectorError, Misconfigured, Permanent, Retriable
from connectors.monitoring import Capability, Reading, SourceFacts, Wanted
from connectors.monitoring._answers import answer_of
from models.intervals import Interval
from models.outage import Observation, State, Timeline
from models.sources.uptimerobot import UptimeRobotMonitor
from models.terms import JsonValue

ADDRESS = "https://api.uptimerobot.com"
PATH = "/v2/getMonitors"
PAGE = 50
"""The most monitors that UptimeRobot answers at once."""

ROUNDS = 3
"""So often all pages are asked for again when monitors came or went between two of them."""

SECOND_MS = 1000
MARGIN_MS = 7 * 86_400_000
"""So much beyond the span is kept, on both sides: no contract ignores outages of that length."""

DOWN, UP, STARTED, PAUSED = 1, 2, 98, 99
STATES = {DOWN: State.DOWN, UP: State.UP, STARTED: State.UNKNOWN, PAUSED: State.UNKNOWN}
"""What the type of a log means. Of a paused monitor nothing is known."""

NOT_CHECKED_YET = 1
"""A monitor's status until somebody looked."""

KEY = "api_key"
UNAUTHORIZED = frozenset({"not_authorized", "unauthorized", "forbidden"})


class _ChangedMeanwhileError(Exception):
    """A page does not fit to the pages before it."""


@dataclass(frozen=True, slots=True, order=True)
class _Log:
    """One log.

    Attributes:
        at: When the monitor changed.
        kind: To what.
        length_ms: How long it stayed so; of the latest log, until the answer.
    """

    at: int
    kind: int
    length_ms: int

    @property
    def end(self) -> int:
        """Until when it is known to have been so, at least the second in which it changed."""
        return self.at + max(self.length_ms, SECOND_MS)


@dataclass(frozen=True, slots=True)
class _Told:
    """What was answered about one monitor.

    Attributes:
        logs: As they were answered, the latest first.
        interval_ms: How often it is checked.
        checked: Whether it has been, since it was started last.
    """

    logs: tuple[_Log, ...]
    interval_ms: int
    checked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UptimeRobot:
    """A source that asks UptimeRobot.

    Attributes:
        id: The source's name in the workspace.
        monitors: The contracts' names for monitors, and how UptimeRobot knows them.
        asking: How it is asked; its `secrets` must hold the key.
        api_key: Sent in the form of every question, and never shown.
    """

    id: str
    monitors: Mapping[str, UptimeRobotMonitor]
    asking: Asking
    api_key: str = field(repr=False)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Timelines."""
        return frozenset({Capability.TIMELINES})

    def read(self, wanted: Wanted) -> Reading:
        """Ask for all logs of every wanted monitor, and keep the span and a week on both sides.

        Raises:
            Retriable: No whole answer, several times over.
            Misconfigured: The key is wrong or may not do this.
            Permanent: The question was refused, or a monitor is not there.
        """
        numbers = {name: m.id for name, m in sorted(self.monitors.items()) if wanted.wants(name)}
        if not numbers:
            return Reading()
        answered = self._asked(sorted(set(numbers.values())))
        told = {name: answered[number] for name, number in numbers.items()}
        kept = {name: tuple(_kept(found.logs, wanted.span)) for name, found in told.items()}
        timelines = {
            name: (_timeline(name, replace(found, logs=kept[name]), wanted),)
            for name, found in told.items()
            if kept[name]
        }
        return Reading(timelines=MappingProxyType(timelines), facts=self._facts(kept))

    def _asked(self, numbers: Sequence[int]) -> Mapping[int, _Told]:
        for _ in range(ROUNDS):
            try:
                found = self._pages(numbers)
            except _ChangedMeanwhileError:
                continue
            missing = [str(number) for number in numbers if number not in found]
            if missing:
                message = f"{self.asking.place}: there is no monitor {', '.join(missing)}."
                raise Permanent(f"{message} Correct the source in makegood.yaml.")
            return found
        message = f"{self.asking.place}: monitors came and went while they were asked for."
        raise Retriable(f"{message} It may answer later; nothing was changed.")

    def _pages(self, numbers: Sequence[int]) -> Mapping[int, _Told]:
        """All pages.

        Raises:
            _ChangedMeanwhileError: They do not fit together.
        """
        found: dict[int, _Told] = {}
        totals: set[int] = set()
        while not totals or len(found) < max(totals):
            total, page = self._page(numbers, offset=len(found))
            totals.add(total)
            fresh = dict(page)
            if len(totals) > 1 or len(fresh) < len(page) or fresh.keys() & found.keys():
                raise _ChangedMeanwhileError
            if not page and len(found) < total:
                raise _ChangedMeanwhileError
            found |= fresh
        return found

    def _page(
        self, numbers: Sequence[int], *, offset: int
    ) -> tuple[int, Sequence[tuple[int, _Told]]]:
        form = {
            KEY: self.api_key,
            "format": "json",
            "monitors": "-".join(map(str, numbers)),
            "logs": "1",
            "offset": str(offset),
            "limit": str(PAGE),
        }
        answer = self._object("the answer", self.asking.post_form(PATH, form))
        if answer.get("stat") != "ok":
            raise self._refused(answer)
        pagination = self._object("pagination", answer.get("pagination"))
        monitors = self._list("monitors", answer.get("monitors"))
        return self._whole("total", pagination.get("total")), [self._told(m) for m in monitors]

    def _told(self, value: JsonValue) -> tuple[int, _Told]:
        monitor = self._object("a monitor", value)
        logs = tuple(self._log(log) for log in self._list("logs", monitor.get("logs")))
        interval = self._whole("interval", monitor.get("interval"))
        checked = self._whole("status", monitor.get("status")) != NOT_CHECKED_YET
        return self._whole("id", monitor.get("id")), _Told(logs, interval * SECOND_MS, checked)

    def _log(self, value: JsonValue) -> _Log:
        log = self._object("a log", value)
        at, kind, length = (
            self._whole(f"{name} of a log", log.get(name))
            for name in ("datetime", "type", "duration")
        )
        if kind not in STATES:
            raise self._unlike(f"type {kind} of a log", "1, 2, 98 or 99")
        return _Log(at * SECOND_MS, kind, length * SECOND_MS)

    def _refused(self, answer: Mapping[str, JsonValue]) -> ConnectorError:
        """The refusal without what was passed, which may be the key."""
        error = self._object("error", answer.get("error"))
        kind, parameter = error.get("type"), error.get("parameter_name")
        words = self.asking.shown(f"{kind} {parameter or ''}: {error.get('message') or ''}")
        message = f"{self.asking.place}: refused: {words}"
        if parameter == KEY or kind in UNAUTHORIZED:
            return Misconfigured(f"{message} Check the key and what it may read.")
        return Permanent(f"{message} Correct the source in makegood.yaml.")

    def _facts(self, kept: Mapping[str, Sequence[_Log]]) -> SourceFacts:
        instants = [log.at for logs in kept.values() for log in logs]
        return SourceFacts(
            files=tuple(
                answer_of(self.id, name, {(log.at, log.kind) for log in logs})
                for name, logs in kept.items()
            ),
            rows=len(instants),
            duplicates=sum(len(logs) - len(set(logs)) for logs in kept.values()),
            conflicting_duplicates=sum(_conflicts(logs) for logs in kept.values()),
            # The latest log comes first.
            out_of_order=sum(b.at > a.at for logs in kept.values() for a, b in pairwise(logs)),
            first_at=min(instants, default=None),
            last_at=max(instants, default=None),
        )

    def _object(self, what: str, value: JsonValue) -> dict[str, JsonValue]:
        if isinstance(value, dict):
            return value
        raise self._unlike(what, "an object")

    def _list(self, what: str, value: JsonValue) -> list[JsonValue]:
        if isinstance(value, list):
            return value
        raise self._unlike(what, "a list")

    def _whole(self, what: str, value: JsonValue) -> int:
        if isinstance(value, str) and value.isdecimal():
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        raise self._unlike(what, "a whole number")

    def _unlike(self, what: str, expected: str) -> Permanent:
        message = f"{self.asking.place}: {what} is not {expected}, as UptimeRobot publishes it."
        return Permanent(f"{message} Tell the maintainers; nothing is guessed.")


def _kept(logs: Iterable[_Log], span: Interval | None) -> Iterator[_Log]:
    """The logs that decide a span, a week more on both sides; None for all of them."""
    listed = list(logs)
    if span is None:
        yield from listed
        return
    start, end = span.start - MARGIN_MS, span.end + MARGIN_MS
    first = max((log.at for log in listed if log.at <= start), default=start)
    for log in listed:
        if first <= log.at < end:
            yield replace(log, length_ms=min(log.length_ms, end - log.at))


def _timeline(name: str, told: _Told, wanted: Wanted) -> Timeline:
    """The timeline of a monitor's logs; each holds as long as it says, so it has no silences."""
    interval_ms = told.interval_ms
    made = Timeline.of(_observations(told), monitor=name, better_wins=wanted.better_wins)
    lengths = (later - at for (at, _), (later, _) in pairwise(made.changes))
    return replace(
        made,
        gap_floor_ms=wanted.gap_floor_ms,
        unseen_ms=(0, *(min(length, interval_ms) for length in lengths)),
        spacing_ms=interval_ms,
    )


def _observations(told: _Told) -> Iterator[Observation]:
    """What the logs say, and that nothing is known where none of them says anything.

    A log may end up to one check before the next one begins; it holds until then.
    """
    rising, interval_ms = sorted(set(told.logs)), told.interval_ms
    ends = {log.at: log.end for log in sorted(rising, key=lambda log: log.end)}
    kinds = Counter(log.at for log in rising)
    instants = sorted(ends)
    following = dict(zip(instants, [*instants[1:], None], strict=True))
    for log in rising:
        later = following[log.at]
        yield Observation(log.at, STATES[log.kind])
        looked = told.checked or later is not None
        if log.kind == STARTED and kinds[log.at] == 1 and looked:
            yield from _started(log, later, interval_ms)
        if later is None or later - ends[log.at] > interval_ms:
            yield Observation(ends[log.at], State.UNKNOWN)


def _started(log: _Log, following: int | None, interval_ms: int) -> Iterator[Observation]:
    """Up from the first check on: one that had failed would have been logged."""
    checked = log.at + interval_ms
    if checked < (log.end if following is None else following):
        yield Observation(checked, State.UP)


def _conflicts(logs: Iterable[_Log]) -> int:
    kinds = {(log.at, log.kind) for log in logs}
    return sum(many - 1 for many in Counter(at for at, _ in kinds).values())

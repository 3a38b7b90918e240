"""Datadog: the past of SLOs and Synthetics tests, as timelines.

Datadog keeps a monitor's past as the history of an SLO over it: from when to when it was up, down
or without data, to the second. That is what is read here, without corrections (they are exclusions,
and each contract judges them) and never the percentage, which is rounded. An SLO over requests has
no such history; its counts are judged by the source's own rule. No data is unknown, whatever
Datadog makes of it in its percentages.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType

from connectors.datadog_client import DatadogClient
from connectors.errors import Permanent, Retriable
from connectors.monitoring import Capability, Reading, SourceFacts, Wanted
from connectors.monitoring._answers import Row, answer_of
from models.intervals import MINUTE_MS, Interval
from models.outage import Observation, State, Timeline
from models.requests import RequestWindow, timeline_of
from models.sources.datadog import DatadogMonitor
from models.terms import JsonValue, plain

SECOND_MS = 1000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MARGIN_MS = 7 * DAY_MS
"""So far beyond the span is asked, on both sides: no contract ignores outages of that length."""

KEPT_MS = 450 * DAY_MS
"""Datadog keeps fifteen months."""

LONGEST_MS = 90 * DAY_MS
"""The longest span of one question, the longest that Datadog itself shows an SLO for."""

STATES = {0: State.UP, 1: State.DOWN, 2: State.UNKNOWN}
"""What the second number of an entry of a history means."""

NO_REQUESTS = "ZERO_VALUED_DENOMINATOR"
"""Datadog's word for: there was nothing to count. That is an answer."""

OVERALL = ""


def _present_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class _Told:
    """What was answered about one monitor.

    Attributes:
        histories: Per region the entries of its history, in the order of the answers.
        silences: Per region the instants from which on an answer does not say what was so.
        windows: Counted requests.
    """

    histories: Mapping[str, Sequence[Observation]]
    silences: Mapping[str, Sequence[int]] = field(default_factory=lambda: MappingProxyType({}))
    windows: tuple[RequestWindow, ...] = ()

    @property
    def rows(self) -> Iterator[Row]:
        """Every entry and window, as a digest is taken of them."""
        for region, entries in self.histories.items():
            yield from ((seen.at, region, int(seen.state)) for seen in set(entries))
        for window in self.windows:
            yield (window.at, window.length_ms, plain(window.total), plain(window.failed))

    @property
    def instants(self) -> list[int]:
        """Every instant that an entry or window names."""
        entries = [seen.at for entries in self.histories.values() for seen in entries]
        return entries + [edge for window in self.windows for edge in (window.at, window.end)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Datadog:
    """A source that asks Datadog.

    Attributes:
        id: The source's name in the workspace.
        monitors: The contracts' names for monitors, and how Datadog knows them.
        client: How Datadog is asked.
        present_ms: What time it is; nothing later is asked for.
    """

    id: str
    monitors: Mapping[str, DatadogMonitor]
    client: DatadogClient
    present_ms: Callable[[], int] = _present_ms

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Timelines."""
        return frozenset({Capability.TIMELINES})

    def read(self, wanted: Wanted) -> Reading:
        """Ask for the past of every wanted monitor, over the span and a week on both sides.

        Raises:
            Retriable: No whole answer, several times over.
            Misconfigured: The keys are wrong or may not do this, or the client is not installed.
            Permanent: Datadog refused, or answered what cannot be measured exactly.
        """
        span = self._asked(wanted.span)
        if span is None:
            return Reading()
        told = {
            name: self._told(name, monitor, span)
            for name, monitor in sorted(self.monitors.items())
            if wanted.wants(name)
        }
        timelines = {
            name: lines
            for name, found in told.items()
            if (lines := tuple(self._timelines(name, found, span, wanted)))
        }
        return Reading(timelines=MappingProxyType(timelines), facts=self._facts(told))

    def _asked(self, span: Interval | None) -> Interval | None:
        """What is asked for; None when all of it is still to come."""
        present = self.present_ms() // SECOND_MS * SECOND_MS
        if span is None:
            return Interval(present - KEPT_MS, present)
        start, end = span.start - MARGIN_MS, min(span.end + MARGIN_MS, present)
        return Interval(start, end) if start < end else None

    def _told(self, name: str, monitor: DatadogMonitor, span: Interval) -> _Told:
        place = f"{self.client.place}: monitor {name!r}"
        if monitor.requests is not None:
            length = monitor.question_hours * HOUR_MS
            answers = (self._history(place, monitor, part) for part in _parts(span, length))
            counted = [_windows(place, monitor, answer) for answer in answers]
            windows = tuple(sorted({window for part in counted for window in part}))
            if any(later.at < earlier.end for earlier, later in pairwise(windows)):
                raise _unlike(place, "a window of counts", "apart from the others")
            return _Told({}, windows=windows)
        parts = [(part, self._entries(place, monitor, part)) for part in _parts(span, LONGEST_MS)]
        regions = sorted({region for _, found in parts for region in found})
        told = {r: [(part, found.get(r, ())) for part, found in parts] for r in regions}
        return _Told(
            histories={region: _one_past(answers) for region, answers in told.items()},
            silences={region: _silences(answers) for region, answers in told.items()},
        )

    def _history(self, place: str, monitor: DatadogMonitor, span: Interval) -> JsonValue:
        answer = self.client.history(
            str(monitor.slo), span, whole=lambda answer: _check_whole(place, answer)
        )
        return _object(place, "data", answer["data"])

    def _entries(
        self, place: str, monitor: DatadogMonitor, span: Interval
    ) -> Mapping[str, list[Observation]]:
        data = self._uptime(place, monitor, span) if monitor.synthetics else None
        if data is None:
            data = self._history(place, monitor, span)
            _is_over_time(place, data)
        return {
            region: _observations(place, part)
            for region, part in _wanted_parts(place, monitor, data).items()
        }

    def _uptime(self, place: str, monitor: DatadogMonitor, span: Interval) -> JsonValue:
        answer = self.client.uptime(str(monitor.synthetics), span)
        if not isinstance(answer, list):
            raise _unlike(place, "the answer", "a list")
        tests = [_object(place, "a test", test) for test in answer]
        for test in tests:
            if test.get("public_id") == monitor.synthetics:
                return test
        message = f"{place}: no Synthetics test {monitor.synthetics!r} was answered."
        raise Permanent(f"{message} Correct the source in makegood.yaml.")

    def _timelines(
        self, name: str, told: _Told, span: Interval, wanted: Wanted
    ) -> Iterator[Timeline]:
        monitor = self.monitors[name]
        if told.windows and monitor.requests is not None:
            yield timeline_of(
                told.windows, monitor.requests, monitor=name, gap_floor_ms=wanted.gap_floor_ms
            )
        spacing = monitor.spacing_minutes
        for region, entries in sorted(told.histories.items()):
            if entries:
                first = min(seen.at for seen in entries)
                unsaid = (*(at for at in told.silences[region] if at > first), span.end)
                yield _timeline(
                    (*entries, *(Observation(at, State.UNKNOWN) for at in unsaid)),
                    name=name,
                    region=region,
                    wanted=wanted,
                    spacing_ms=None if spacing is None else int(spacing * MINUTE_MS),
                )

    def _facts(self, told: Mapping[str, _Told]) -> SourceFacts:
        histories = [entries for found in told.values() for entries in found.histories.values()]
        instants = [at for found in told.values() for at in found.instants]
        files = tuple(answer_of(self.id, name, found.rows) for name, found in told.items())
        entries = sum(map(len, histories))
        return SourceFacts(
            files=files,
            rows=entries + sum(len(found.windows) for found in told.values()),
            duplicates=entries - sum(len(set(entries)) for entries in histories),
            conflicting_duplicates=sum(_conflicts(entries) for entries in histories),
            out_of_order=sum(b.at < a.at for entries in histories for a, b in pairwise(entries)),
            first_at=min(instants, default=None),
            last_at=max(instants, default=None),
        )


def _parts(span: Interval, length: int) -> Iterator[Interval]:
    """The span in pieces whose inner edges are whole multiples of a length since 1970."""
    start = span.start
    while start < span.end:
        end = min((start // length + 1) * length, span.end)
        yield Interval(start, end)
        start = end


def _one_past(answers: Iterable[tuple[Interval, Sequence[Observation]]]) -> list[Observation]:
    """The entries of one region from the answers about each part of a span."""
    entries: list[Observation] = []
    for part, found in answers:
        known = set(entries)
        # What was so before a question's start may be told again; it counts once.
        early = {seen for seen in found if seen.at <= part.start and seen in known}
        entries += [seen for seen in found if seen not in early and seen.at < part.end]
    return entries


def _silences(answers: Iterable[tuple[Interval, Sequence[Observation]]]) -> list[int]:
    """Where answers do not say what was so at their start: the part before must not go on there."""
    return [part.start for part, found in answers if all(seen.at > part.start for seen in found)]


def _timeline(
    entries: Iterable[Observation],
    *,
    name: str,
    region: str,
    wanted: Wanted,
    spacing_ms: int | None,
) -> Timeline:
    """The timeline of a history. Each entry holds to the next, so that it has no silences."""
    made = Timeline.of(entries, monitor=name, region=region, better_wins=wanted.better_wins)
    lengths = (b - a for (a, _), (b, _) in pairwise(made.changes))
    unseen = () if spacing_ms is None else (0, *(min(ms, spacing_ms) for ms in lengths))
    return replace(made, gap_floor_ms=wanted.gap_floor_ms, unseen_ms=unseen, spacing_ms=spacing_ms)


def _conflicts(entries: Iterable[Observation]) -> int:
    return sum(many - 1 for many in Counter(seen.at for seen in set(entries)).values())


def _is_over_time(place: str, data: Mapping[str, JsonValue]) -> None:
    """Refuse an SLO over requests: it has no history, and its percentage is rounded.

    Raises:
        Permanent: It is one.
    """
    if data.get("type") == "metric":
        message = f"{place}: the SLO counts requests, so it tells no time that it was down."
        raise Permanent(f"{message} Say under `requests` when its counts mean down.")


def _wanted_parts(
    place: str, monitor: DatadogMonitor, data: Mapping[str, JsonValue]
) -> Mapping[str, Mapping[str, JsonValue]]:
    """The histories that answer for a monitor, by region."""
    if not monitor.by_group and monitor.part is None:
        return {OVERALL: _object(place, "overall", data.get("overall"))}
    parts = [
        (str(part.get("group") or part.get("name") or ""), part)
        for kind in ("monitors", "groups")
        for part in (_object(place, kind, part) for part in data.get(kind) or ())
        if kind == "groups" or not monitor.by_group
    ]
    named = dict(parts)
    twice = {name for name, many in Counter(name for name, _ in parts).items() if many > 1}
    unclear = sorted(twice if monitor.by_group else twice & {monitor.part})
    if unclear:
        message = f"{place}: several parts are named {unclear[0]!r}, so none of them is meant."
        raise Permanent(f"{message} Rename them at Datadog, or name another SLO.")
    if monitor.by_group and named:
        return named
    if monitor.part in named:
        return {OVERALL: named[monitor.part]}
    known = ", ".join(repr(name) for name in sorted(named)) or "no parts"
    sought = "groups were" if monitor.by_group else f"part {monitor.part!r} was"
    raise Permanent(f"{place}: no {sought} answered, but {known}. Correct it in makegood.yaml.")


def _observations(place: str, part: Mapping[str, JsonValue]) -> list[Observation]:
    """A history's entries.

    Raises:
        Retriable: Datadog is still working the history out, or answered a part of it.
        Permanent: It is not of the published shape.
    """
    if part.get("preview"):
        message = f"{place}: Datadog is still working its history out. Ask again in some minutes."
        raise Retriable(message)
    _check_errors(place, part.get("errors") or ())
    entries = part.get("history")
    if not isinstance(entries, list):
        raise _unlike(place, "history", "a list")
    return [_observation(place, entry) for entry in entries]


def _observation(place: str, entry: JsonValue) -> Observation:
    if not isinstance(entry, list) or len(entry) != 2:  # noqa: PLR2004  A time and a state.
        raise _unlike(place, f"{entry!r} in a history", "a time and a state")
    at, state = (_number(place, "an entry of a history", number) for number in entry)
    if state not in STATES:
        raise _unlike(place, f"state {state} in a history", "0, 1 or 2")
    return Observation(int(at * SECOND_MS), STATES[int(state)])


def _windows(
    place: str, monitor: DatadogMonitor, data: Mapping[str, JsonValue]
) -> Iterator[RequestWindow]:
    """The counts of one answer, in the windows in which Datadog counted them together."""
    if data.get("type") != "metric":
        message = f"{place}: the SLO counts no requests. Leave `requests` out."
        raise Permanent(message)
    series = _object(place, "series", data.get("series"))
    times = [_ms(place, at) for at in _list(place, "times", series.get("times"))]
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise _unlike(place, "times", "rising")
    widest = int(monitor.widest_window_minutes * MINUTE_MS)
    asked = Interval(_seconds(place, data, "from_ts"), _seconds(place, data, "to_ts"))
    length = int(_number(place, "interval", series.get("interval")) * SECOND_MS)
    if times and length > widest:
        message = (
            f"{place}: Datadog counted {length // SECOND_MS} s together, more than the "
            f"{plain(monitor.widest_window_minutes)} min of widest_window_minutes."
        )
        raise Permanent(f"{message} Lower question_hours, or accept wider windows.")
    # A window that Datadog leaves out is unknown: the one before it does not go on there.
    following = [*times[1:], *(times[-1:] and [times[-1] + length])]
    ends = [min(later, at + length) for at, later in zip(times, following, strict=True)]
    good, total = (_values(place, series, kind) for kind in ("numerator", "denominator"))
    if not len(times) == len(good) == len(total):
        raise _unlike(place, "series", "as many counts as times")
    for start, end, fine, counted in zip(times, ends, good, total, strict=True):
        first, last = max(start, asked.start), min(end, asked.end)
        if first < last and None not in {fine, counted}:
            yield _window(place, Interval(first, last), fine, counted)


def _window(place: str, span: Interval, good: JsonValue, total: JsonValue) -> RequestWindow:
    counted = _number(place, "a count", total)
    # A good request can be counted a moment before the request itself is.
    failed = max(counted - _number(place, "a count", good), Decimal(0))
    return RequestWindow(span.start, span.length, counted, failed)


def _check_whole(place: str, answer: JsonValue) -> None:
    """Refuse an answer that is only a part.

    Raises:
        Retriable: It says so itself.
        Permanent: It is not of the published shape.
    """
    told = _object(place, "the answer", answer)
    data = _object(place, "data", told.get("data") or {})
    overall = _object(place, "overall", data.get("overall") or {})
    _check_errors(place, [*(told.get("errors") or ()), *(overall.get("errors") or ())])
    if not data:
        raise _unlike(place, "data", "an object")


def _check_errors(place: str, errors: Iterable[JsonValue]) -> None:
    grave = [
        error
        for error in errors
        if not isinstance(error, dict) or error.get("error_type") != NO_REQUESTS
    ]
    if grave:
        message = f"{place}: only a part was answered: {_errors(grave)}."
        raise Retriable(f"{message} Nothing was changed; ask again.")


def _values(place: str, series: Mapping[str, JsonValue], kind: str) -> list[JsonValue]:
    return _list(place, kind, _object(place, kind, series.get(kind)).get("values"))


def _seconds(place: str, data: Mapping[str, JsonValue], name: str) -> int:
    return int(_number(place, name, data.get(name)) * SECOND_MS)


def _ms(place: str, value: JsonValue) -> int:
    return int(_number(place, "a time", value))


def _number(place: str, what: str, value: JsonValue) -> Decimal:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    raise _unlike(place, f"{what} {value!r}", "a number")


def _list(place: str, what: str, value: JsonValue) -> list[JsonValue]:
    if isinstance(value, list):
        return value
    raise _unlike(place, what, "a list")


def _object(place: str, what: str, value: JsonValue) -> dict[str, JsonValue]:
    if isinstance(value, dict):
        return value
    raise _unlike(place, what, "an object")


def _unlike(place: str, what: str, expected: str) -> Permanent:
    message = f"{place}: {what} is not {expected}, as Datadog publishes it."
    return Permanent(f"{message} Tell the maintainers; nothing is guessed.")


def _errors(errors: Iterable[JsonValue]) -> str:
    texts = (
        error.get("error_message") or error.get("error") or error.get("error_type") or "?"
        if isinstance(error, dict)
        else error
        for error in errors
    )
    return "; ".join(str(text) for text in texts)

"""Prometheus' HTTP API: what is asked, in pages that the server allows, and what it answers.

An answer is whole or an error: warnings, notes and partial answers are never taken for silence.
Instants are whole milliseconds, as the server keeps them. All stretches are half-open.
Source: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from connectors.asking import Asking
from connectors.errors import ConnectorError, Permanent, Retriable
from models.intervals import Interval
from models.terms import JsonValue

DAY_MS = 86_400_000
MOST_SAMPLED_MS = 32 * DAY_MS
MOST_STEPS = 10_000
"""The server refuses more than 11,000 steps at once."""

TOO_MUCH = re.compile(
    r"too many samples|maximum resolution|is larger than"
    r"|exceeds? the .{0,40}limit|max-query-length",
    flags=re.IGNORECASE,
)
"""What servers say of a question that a shorter stretch would mend."""

PASSING = frozenset({"timeout", "canceled", "internal", "unavailable", "too_many_requests"})
"""Kinds of error that may be gone when the server is asked again."""

WHOLE_ANSWERS = MappingProxyType({"partial_response": "false", "max_source_resolution": "0s"})
"""Thanos is told to fail rather than to leave out a store, and to use no thinned-out samples."""

EARLIEST_DAY, LATEST_DAY = 0, 54_787
"""1970-01-01 and 2120-01-01: nobody keeps samples of other days."""

Labels = tuple[tuple[str, str], ...]
"""A series' labels, rising by name."""

Values = dict[int, str]
"""By instant the value as the server writes it; `NaN`, `+Inf` and `-Inf` among them."""

Found = dict[Labels, Values]
"""By series what was found; a series without values in a stretch is absent."""


class BadValue(ValueError):
    """A value that means nothing where it stands.

    Attributes:
        at: Its instant.
        value: As the server wrote it.
        expected: What would have meant something.
    """

    def __init__(self, at: int, value: str, expected: str) -> None:
        super().__init__(f"{value} at {at}")
        self.at = at
        self.value = value
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Api:
    """A server's API."""

    asking: Asking

    def samples(self, selector: str, stretch: Interval) -> Found:
        """Every sample of the series that a selector picks; staleness markers are not among them.

        Raises:
            ConnectorError: The server could not be asked, or not answer in full.
        """
        return self._paged(stretch, MOST_SAMPLED_MS, lambda page: self._samples(selector, page))

    def evaluated(self, query: str, stretch: Interval, step_ms: int) -> Found:
        """What a query comes to at every multiple of a step since the epoch.

        Raises:
            ConnectorError: The server could not be asked, or not answer in full.
        """

        def ask(page: Interval) -> Found:
            """The steps of one page; a page is cut anywhere."""
            first = -(-page.start // step_ms) * step_ms
            return self.stepped(query, first, page.end - 1, step_ms)

        return self._paged(stretch, MOST_STEPS * step_ms, ask)

    def stepped(self, query: str, first: int, last: int, step_ms: int) -> Found:
        """What a query comes to from one instant to another, both inclusive; one page.

        Raises:
            ConnectorError: The server could not be asked, or not answer in full.
        """
        if first > last:
            return {}
        form = {"query": query, "start": _text(first), "end": _text(last), "step": _text(step_ms)}
        return self._within(range(first, last + 1, step_ms), self._matrix("query_range", form))

    def extent(self) -> Interval | None:
        """A stretch that holds every sample of the server, in whole days; None where it is empty.

        Raises:
            ConnectorError: The server could not be asked.
        """
        if not self._has_any(EARLIEST_DAY, LATEST_DAY):
            return None
        first = _turn(lambda day: self._has_any(EARLIEST_DAY, day + 1))
        last = _turn(lambda day: not self._has_any(day, LATEST_DAY))
        return Interval(first * DAY_MS, last * DAY_MS)

    def _has_any(self, first_day: int, end_day: int) -> bool:
        """Whether any series has samples in some days; whole blocks of the server decide it."""
        form = {"start": _text(first_day * DAY_MS), "end": _text(end_day * DAY_MS - 1)}
        return bool(self._answered("labels", form))

    def has(self, metric: str, stretch: Interval) -> bool:
        """Whether the server has samples of a metric, by its name alone.

        Raises:
            ConnectorError: The server could not be asked.
        """
        edges = {"start": _text(stretch.start), "end": _text(stretch.end - 1)}
        return bool(self._answered("labels", {"match[]": metric, **edges}))

    def _samples(self, selector: str, page: Interval) -> Found:
        # Up to version 2 a range holds its older edge, from 3 on it does not: one millisecond more
        # is asked for, and what falls on it belongs to the page before.
        asked = {"query": f"{selector}[{page.length}ms]", "time": _text(page.end - 1)}
        may_be = range(page.start - 1, page.end)
        found = self._within(may_be, self._matrix("query", asked))
        inside = {k: {at: v for at, v in vs.items() if at >= page.start} for k, vs in found.items()}
        return {labels: values for labels, values in inside.items() if values}

    def _matrix(self, path: str, form: Mapping[str, str]) -> Found:
        answer = self._answered(path, form)
        try:
            found = [(_labels(series), _values(series)) for series in answer["result"]]
        except (AttributeError, KeyError, TypeError, ValueError):
            message = (
                f"{self.asking.place}: the answer holds no numbers over time. Correct the query: it"
                " must give plain numbers, and its histograms one of their counts."
            )
            raise Permanent(message) from None
        if len(dict(found)) < len(found):
            message = f"{self.asking.place}: the answer holds a series twice, and either may be it."
            raise Permanent(f"{message} Have the server answer each one once.")
        return dict(found)

    def _within(self, asked: range, found: Found) -> Found:
        """What was found, if all of it is what was asked for; else who answers reads otherwise."""
        for values in found.values():
            strange = next((at for at in values if at not in asked), None)
            if strange is not None:
                message = (
                    f"{self.asking.place}: answered with a value at {strange} ms since 1970, which"
                    f" was not asked for. Ask the server itself, not what shifts its times."
                )
                raise Permanent(message)
        return found

    def _answered(self, path: str, form: Mapping[str, str]) -> JsonValue:
        answer = self.asking.post_form(f"/api/v1/{path}", {**form, **WHOLE_ANSWERS})
        refused = _refusal(answer)
        if refused is not None:
            kind, why = refused
            raise kind(f"{self.asking.place}: {path}: {self.asking.shown(why)}")
        return answer["data"]

    def _paged(self, stretch: Interval, most_ms: int, ask: Callable[[Interval], Found]) -> Found:
        return joined(found for page in _pages(stretch, most_ms) for found in _in_parts(page, ask))


def joined(pages: Iterator[Found]) -> Found:
    """The series of several pages, each with the values of all of them."""
    whole: Found = {}
    for page in pages:
        for labels, values in page.items():
            whole.setdefault(labels, {}).update(values)
    return whole


def _pages(stretch: Interval, most_ms: int) -> Iterator[Interval]:
    """The stretch in pages that begin at multiples of their length, so that they can be cached."""
    start = stretch.start
    while start < stretch.end:
        end = min((start // most_ms + 1) * most_ms, stretch.end)
        yield Interval(start, end)
        start = end


def _in_parts(page: Interval, ask: Callable[[Interval], Found]) -> Iterator[Found]:
    """What a page holds, asked in halves where the server finds it too much."""
    try:
        yield ask(page)
        return
    except Permanent as error:
        if page.length == 1 or not TOO_MUCH.search(str(error)):
            raise
    middle = page.start + page.length // 2
    yield from _in_parts(Interval(page.start, middle), ask)
    yield from _in_parts(Interval(middle, page.end), ask)


def _refusal(answer: JsonValue) -> tuple[type[ConnectorError], str] | None:
    """Why an answer cannot be used, and what kind of failure that is; None when it can."""
    if not isinstance(answer, dict) or answer.get("status") not in {"success", "error"}:
        return Permanent, "the answer is none of Prometheus'. Correct the source's address."
    if answer["status"] == "error":
        kind = Retriable if answer.get("errorType") in PASSING else Permanent
        return kind, f"{answer.get('errorType')}: {answer.get('error')}"
    said = _said(answer.get("warnings")) or _said(answer.get("infos"))
    if any(text.startswith("PromQL") for text in said):
        return Permanent, f"answered with a doubt: {said[0]}. Correct the query."
    if said or answer.get("isPartial"):
        why = said[0] if said else "it says that its answer is partial"
        return Retriable, f"answered in part: {why}. Ask again when all of it is there."
    if "data" not in answer:
        return Permanent, "the answer holds no data. Correct the source's address."
    return None


def _said(texts: JsonValue) -> Sequence[str]:
    return [str(text)[:300] for text in texts] if isinstance(texts, list) else ()


def _labels(series: JsonValue) -> Labels:
    return tuple(sorted(series["metric"].items()))


def _values(series: JsonValue) -> Values:
    if "histograms" in series:
        message = "histograms are no plain numbers"
        raise ValueError(message)
    return {_milliseconds(at): value for at, value in series["values"]}


def _milliseconds(seconds: JsonValue) -> int:
    """Seconds of an answer as milliseconds.

    Raises:
        TypeError: They are no number.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal):
        message = f"{seconds!r} is no time"
        raise TypeError(message)
    return int(seconds * 1000)


def _text(milliseconds: int) -> str:
    """Milliseconds as the seconds that the server reads, exactly."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds}.{rest:03d}"


def _turn(after: Callable[[int], bool]) -> int:
    """The first day after which something holds, and holds for ever."""
    low, high = EARLIEST_DAY, LATEST_DAY
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if after(middle) else (middle + 1, high)
    return low

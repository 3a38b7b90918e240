"""What is asked about one monitor, and the timelines that come of the answers.

A question is asked stretch by stretch; its reader puts the answers together. There are two kinds:
for states, and for counted requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np

from connectors.monitoring import Wanted
from connectors.monitoring._prometheus.api import Api, Found, Labels, Values
from connectors.monitoring._prometheus.counts import counting, metric_of, windows_of
from connectors.monitoring._prometheus.states import Seen, is_down, long_pauses
from models.intervals import MINUTE_MS, Interval
from models.outage import State, Timeline
from models.requests import RequestWindow, states_of, timeline_of
from models.sources.prometheus import PrometheusMonitor, RequestCounts

QUERY, WITNESS, TOTAL, FAILED, STALE = "query", "witness", "total", "failed", "stale"
MOST_INSTANTS = 1000
"""So many are asked about at once where a staleness marker is looked for."""

Answer = dict[str, Found]
"""What was found by the parts of a question."""


class BadSeries(ValueError):
    """Series that cannot be told apart by region."""


class NoSuchMetric(ValueError):
    """A metric by a name that the server does not know."""


@dataclass(frozen=True, slots=True)
class StateQuestion:
    """Whether a monitor is up, by 0 and 1."""

    api: Api
    monitor: PrometheusMonitor

    @property
    def before_ms(self) -> int:
        """As long as a sample may hold."""
        return self._hold_ms

    @property
    def after_ms(self) -> int:
        """Nothing: what comes later says nothing of earlier time."""
        return 0

    @property
    def _hold_ms(self) -> int:
        return (self.monitor.step_seconds or self.monitor.stale_after_seconds) * 1000

    def ask(self, stretch: Interval) -> Answer:
        """Every sample, or what the query comes to at every step; of the witness too."""
        asked = {QUERY: self.monitor.query, WITNESS: self.monitor.witness}
        return {part: self._found(query, stretch) for part, query in asked.items() if query}

    def _found(self, query: str, stretch: Interval) -> Found:
        if self.monitor.step_seconds is None:
            return self.api.samples(query, stretch)
        return self.api.evaluated(query, stretch, self._hold_ms)

    def completed(self, answer: Answer, stretch: Interval) -> Answer:
        """With the staleness markers in unusually long pauses between samples.

        The server tells of a marker only by having no value from it on, so it is looked for.
        """
        if self.monitor.step_seconds is not None:
            return answer
        markers: Answer = {}
        for part, query in ((QUERY, self.monitor.query), (WITNESS, self.monitor.witness)):
            for labels, values in answer.get(part, {}).items():
                seen = np.array(sorted(values), dtype=np.int64)
                pauses = long_pauses(seen, stretch.end, self._hold_ms)
                ends = (_vanishes(self.api, str(query), labels, pause) for pause in pauses)
                markers.setdefault(f"{part} {STALE}", {})[labels] = {
                    end: "" for end in ends if end is not None
                }
        return {**answer, **markers}

    def down_at(self, answer: Answer) -> tuple[bool, bool]:
        """By the first and the last value of each series."""
        values = answer[QUERY].values()
        first, last = (
            any(is_down(v[min(v)]) for v in values),
            any(is_down(v[max(v)]) for v in values),
        )
        return first, last

    def timelines(
        self, name: str, answer: Answer, stretch: Interval, wanted: Wanted
    ) -> tuple[Timeline, ...]:
        """One timeline per region, unknown while its witness was not there."""
        seen = self._seen(answer, QUERY, stretch)
        witnesses = self._seen(answer, WITNESS, stretch)
        return tuple(
            self._witnessed(seen[region], region, witnesses).timeline(
                name, region, wanted, self._hold_ms
            )
            for region in sorted(seen)
        )

    def _seen(self, answer: Answer, part: str, stretch: Interval) -> Mapping[str, Seen]:
        found, stale = answer.get(part, {}), answer.get(f"{part} {STALE}", {})
        label = self.monitor.region_label
        return {
            region: self._ended(Seen.of(found[labels]), stale.get(labels, {}), stretch)
            for region, labels in by_region(found, label, alone=part == WITNESS).items()
        }

    def _ended(self, seen: Seen, stale: Values, stretch: Interval) -> Seen:
        """With everything that is not there said to be unknown."""
        if self.monitor.step_seconds is None:
            return seen.unknown_from(stale).holding(self._hold_ms)
        first, end = (
            -(-at // self._hold_ms) * self._hold_ms for at in (stretch.start, stretch.end)
        )
        return seen.filled(range(first, end, self._hold_ms))

    def _witnessed(self, seen: Seen, region: str, witnesses: Mapping[str, Seen]) -> Seen:
        if self.monitor.witness is None:
            return seen
        return seen.while_up(witnesses.get(region) or witnesses.get("") or Seen.of({}))


@dataclass(frozen=True, slots=True)
class CountQuestion:
    """How many requests there were and how many failed, window by window."""

    api: Api
    counts: RequestCounts
    region_label: str | None

    @property
    def before_ms(self) -> int:
        """As long as must fail without a break, and a window that may be cut."""
        return self._window_ms + ceil(self.counts.for_minutes * MINUTE_MS)

    @property
    def after_ms(self) -> int:
        """As much as before."""
        return self.before_ms

    @property
    def _window_ms(self) -> int:
        return self.counts.window_seconds * 1000

    def ask(self, stretch: Interval) -> Answer:
        """The counts of every window that ends after the stretch's start and not after its end."""
        ends = Interval(stretch.start + 1, stretch.end + 1)
        return {
            part: self.api.evaluated(
                counting(query, self._window_ms, self.region_label), ends, self._window_ms
            )
            for part, query in ((TOTAL, self.counts.total), (FAILED, self.counts.failed))
        }

    def completed(self, answer: Answer, stretch: Interval) -> Answer:
        """The answers as they are.

        Raises:
            NoSuchMetric: No failure was counted, and nothing else under that name: it may be
                misspelled, and a service whose failures nobody finds would be up for ever.
        """
        metric = metric_of(self.counts.failed)
        unheard = answer[TOTAL] and not answer[FAILED]
        if unheard and metric is not None and not self.api.has(metric, stretch):
            raise NoSuchMetric(metric)
        return answer

    def down_at(self, answer: Answer) -> tuple[bool, bool]:
        """By what the windows come to; the last change only says that they end."""
        told = [states_of(windows, self.counts) for _, windows in self._windows(answer)]
        first = any(changes[0][1] is State.DOWN for changes in told if changes)
        return first, any(changes[-2][1] is State.DOWN for changes in told if len(changes) > 1)

    def timelines(
        self, name: str, answer: Answer, stretch: Interval, wanted: Wanted
    ) -> tuple[Timeline, ...]:
        """One timeline per region, by the rule for counted requests."""
        floor = wanted.gap_floor_ms
        return tuple(
            timeline_of(windows, self.counts, monitor=name, region=region, gap_floor_ms=floor)
            for region, windows in self._windows(answer)
        )

    def _windows(self, answer: Answer) -> Iterator[tuple[str, list[RequestWindow]]]:
        total, failed = (
            {
                region: answer[part][labels]
                for region, labels in by_region(answer[part], self.region_label).items()
            }
            for part in (TOTAL, FAILED)
        )
        for region in sorted({*total, *failed}):
            counted = windows_of(total.get(region, {}), failed.get(region, {}), self._window_ms)
            yield region, list(counted)


Question = StateQuestion | CountQuestion


def by_region(found: Found, label: str | None, *, alone: bool = False) -> dict[str, Labels]:
    """The series of each region.

    Args:
        found: All series.
        label: The label that tells regions apart; None for a single series.
        alone: Whether one series without the label may stand for all regions.

    Raises:
        BadSeries: A region has several series, or a series no region.
    """
    regions: dict[str, Labels] = {}
    for labels in sorted(found):
        region = dict(labels).get(label, "") if label else ""
        if label and not region and not alone:
            message = f"answers with {_shown(labels)}, which has no {label}"
            raise BadSeries(message)
        if region in regions:
            message = f"answers with {_shown(regions[region])} and {_shown(labels)}"
            raise BadSeries(message)
        regions[region] = labels
    return regions


def _shown(labels: Labels) -> str:
    inner = ", ".join(f'{name}="{text}"' for name, text in labels if name != "__name__")
    return f"{dict(labels).get('__name__', '')}{{{inner}}}"[:200]


def _vanishes(api: Api, query: str, labels: Labels, pause: Interval) -> int | None:
    """The first instant of a pause at which the server has no value any more; None where it has.

    It is found by asking at instants ever closer to each other.
    """
    start, end = pause.start, pause.end
    while True:
        step_ms = -(-(end - start) // MOST_INSTANTS)
        first = start + (end - 1 - start) % step_ms
        there = api.stepped(query, first, end - 1, step_ms).get(labels, {})
        gone = next((at for at in range(first, end, step_ms) if at not in there), None)
        if gone is None or step_ms == 1:
            return gone
        start, end = max(start, gone - step_ms + 1), gone + 1

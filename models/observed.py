"""What a contract's monitors say about a month: steps 1 to 5 of measuring, before exclusions.

From the timelines of all probes to whole outages: states, staleness, votes, the no-data policy, and
what interrupts an outage. Nothing is cut to the month here, because the length of an outage may
count beyond it; `stretch_of` says how far that reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from models.intervals import Interval, IntervalSet
from models.measurement import MeasurementTerms, NoData, UnknownInOutage
from models.outage import Timeline
from models.quorum import Standing, standing_of, vote
from models.signals import SignalKind

Monitors = Sequence[Sequence[Timeline]]
"""The monitors of a contract, each as the timelines of its regions."""

NOTHING = IntervalSet()


@dataclass(frozen=True, slots=True)
class Observed:
    """What the contract's monitors say about a month, before exclusions.

    Attributes:
        month: The service month.
        horizon: The month and all time that the timelines know about.
        terms: How to measure.
        probes: Each monitor's regions with where they stand.
        kinds: What kind of witness each monitor is.
        voted: Where the service stands by the votes.
        down: Down after the no-data policy.
        unknown: Unknown after the no-data policy.
        runs: Whole outages that touch the month, rising and disjoint.
    """

    month: Interval
    horizon: Interval
    terms: MeasurementTerms
    probes: tuple[tuple[tuple[str, Standing], ...], ...]
    kinds: tuple[SignalKind, ...]
    voted: Standing
    down: IntervalSet
    unknown: IntervalSet
    runs: IntervalSet


def observe(monitors: Monitors, month: Interval, terms: MeasurementTerms) -> Observed:
    """Everything that the monitors say, up to whole outages.

    Raises:
        ValueError: There is no monitor, or a timeline does not keep gaps as short as
            `stale_after_minutes`.
    """
    if not monitors:
        message = "a contract is measured by at least one monitor"
        raise ValueError(message)
    horizon = _horizon(monitors, month)
    probes = tuple(_probes(regions, horizon, terms) for regions in monitors)
    kinds = tuple(_kind(regions) for regions in monitors)
    voted = voted_by(probes, kinds, horizon, terms)
    down, unknown = _resolved(voted, terms.no_data, horizon)
    runs = _runs(down, unknown, terms.unknown_in_outage).touching(month)
    return Observed(month, horizon, terms, probes, kinds, voted, down, unknown, runs)


def _horizon(monitors: Monitors, month: Interval) -> Interval:
    """The month, and all that is known around it."""
    timelines = [timeline for regions in monitors for timeline in regions]
    starts = [timeline.changes[0][0] for timeline in timelines if timeline.changes]
    ends = [timeline.known_until for timeline in timelines if timeline.known_until is not None]
    return Interval(min([month.start, *starts]), max([month.end, *ends]))


def _probes(
    regions: Sequence[Timeline], horizon: Interval, terms: MeasurementTerms
) -> tuple[tuple[str, Standing], ...]:
    return tuple(
        (
            timeline.region,
            standing_of(
                timeline,
                horizon=horizon,
                degraded=terms.degraded,
                stale_after_ms=terms.stale_after_ms,
            ),
        )
        for timeline in regions
    )


def _kind(regions: Sequence[Timeline]) -> SignalKind:
    """What kind of witness a monitor is; one that nobody knows counts as an outsider."""
    return regions[0].signal if regions else SignalKind.EXTERNAL


def voted_by(
    probes: tuple[tuple[tuple[str, Standing], ...], ...],
    kinds: tuple[SignalKind, ...],
    horizon: Interval,
    terms: MeasurementTerms,
) -> Standing:
    """The vote over regions, then over monitors; where kinds must agree, over these at last."""
    poll = partial(vote, base=terms.quorum_base, horizon=horizon)
    by_monitor = [
        poll([standing for _, standing in regions], down_when=terms.regions_down_when)
        for regions in probes
    ]
    if terms.corroborated_by is None:
        return poll(by_monitor, down_when=terms.monitors_down_when)
    by_kind = [
        poll(
            [monitor for monitor, its in zip(by_monitor, kinds, strict=True) if its is kind],
            down_when=terms.monitors_down_when,
        )
        for kind in sorted(set(kinds))
    ]
    return poll(by_kind, down_when=terms.corroborated_by)


def _resolved(
    voted: Standing, policy: NoData, horizon: Interval
) -> tuple[IntervalSet, IntervalSet]:
    """Down and unknown time after the no-data policy."""
    match policy:
        case NoData.UP:
            return voted.down, NOTHING
        case NoData.DOWN:
            return voted.down | voted.unknown, NOTHING
        case NoData.CARRY:
            return _carried(voted, horizon)
        case NoData.EXCLUDED | NoData.WITHHOLD:
            return voted.down, voted.unknown


def _carried(voted: Standing, horizon: Interval) -> tuple[IntervalSet, IntervalSet]:
    """Unknown time takes the state before it; at the horizon's start there is none to take."""
    if not voted.unknown:
        return voted.down, NOTHING
    down_until = {end for _, end in voted.down.spans}
    carried = tuple(span for span in voted.unknown.spans if span[0] in down_until)
    leading = tuple(span for span in voted.unknown.spans if span[0] == horizon.start)
    return voted.down | IntervalSet(carried), IntervalSet(leading)


def _runs(down: IntervalSet, unknown: IntervalSet, between: UnknownInOutage) -> IntervalSet:
    """Whole outages: stretches of down time, over unknown time where that bridges them."""
    if between is UnknownInOutage.BREAKS or not unknown:
        return down
    runs: list[tuple[int, int]] = []
    bridges = dict(unknown.spans)
    for start, end in down.spans:
        if runs and bridges.get(runs[-1][1]) == start:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return IntervalSet(tuple(runs))


def stretch_of(observed: Observed) -> Interval:
    """The month and everything around it that decides its measurement."""
    start, end = observed.month.start, observed.month.end
    if observed.runs:
        start = min(start, observed.runs.span(0).start)
        end = max(end, observed.runs.span(-1).end)
    if observed.terms.no_data is NoData.CARRY:
        start = min([start, *_carried_into(start, observed)])
    return Interval(start, end)


def _carried_into(at: int, observed: Observed) -> list[int]:
    """The instant whose state is carried to `at`, when one is."""
    return [
        start - 1
        for start, end in observed.voted.unknown.spans
        if observed.horizon.start < start <= at < end
    ]

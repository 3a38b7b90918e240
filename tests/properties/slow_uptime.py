"""A month measured the slow way: tick by tick, with nothing but loops, as a judge of the fast one.

It shares no code with the rules it judges. Time is a row of ticks of half a minute; every instant
and length in a case is a whole number of them, so that looking at each tick once is exact.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import product

from models.exclusion import ExclusionEvent, ExclusionKind, JudgedExclusion
from models.intervals import Interval, IntervalSet, utc
from models.measurement import (
    CountsFrom,
    DegradedCounts,
    DownWhen,
    ExclusionMode,
    JudgedBy,
    LastWindow,
    MeasurementTerms,
    NoData,
    PartialOverlap,
    QuorumBase,
    Reaches,
    UnknownInOutage,
    WindowFails,
)
from models.outage import Observation, State, Timeline
from models.sources.base import SignalKind

TICK_MS = 30_000
UP, DOWN, OPEN, GONE = "up", "down", "unknown", "absent"


@dataclass(frozen=True)
class Probe:
    """One region's observations, as ticks and states in any order."""

    region: str
    seen: tuple[tuple[int, State], ...]
    signal: SignalKind = SignalKind.EXTERNAL

    def timeline(self, stale_ticks: int | None) -> Timeline:
        """The same observations for the fast way, with gaps as short as staleness asks for."""
        line = Timeline.of(
            [Observation(tick * TICK_MS, state) for tick, state in self.seen],
            monitor="checkout",
            region=self.region,
            gap_floor_ms=None if stale_ticks is None else stale_ticks * TICK_MS,
        )
        return replace(line, signal=self.signal)


@dataclass(frozen=True)
class Excluded:
    """Excluded ticks, for some regions only or for all."""

    start: int
    end: int
    regions: tuple[str, ...] = ()

    def judged(self, month: Interval) -> JudgedExclusion:
        """The same exclusion for the fast way."""
        event = ExclusionEvent(
            id=f"{self.start}-{self.end}",
            kind=ExclusionKind.MAINTENANCE,
            start=utc(self.start * TICK_MS),
            end=utc(self.end * TICK_MS),
            reason="database upgrade",
            regions=self.regions,
        )
        applied = IntervalSet.of([event.interval]).clip(month)
        return JudgedExclusion(event, applied, self.regions, "counts")


@dataclass(frozen=True)
class Case:
    """A tiny month: its ticks, what was seen, how it is measured, what is excluded."""

    start: int
    end: int
    monitors: tuple[tuple[Probe, ...], ...]
    terms: MeasurementTerms
    exclusions: tuple[Excluded, ...] = ()

    @property
    def month(self) -> Interval:
        """The month's bounds in milliseconds."""
        return Interval(self.start * TICK_MS, self.end * TICK_MS)

    @property
    def stale_ticks(self) -> int | None:
        """Ticks of silence after which a state is stale."""
        stale = self.terms.stale_after_minutes
        return None if stale is None else in_ticks(stale)

    @property
    def timelines(self) -> list[list[Timeline]]:
        """The monitors for the fast way."""
        return [[probe.timeline(self.stale_ticks) for probe in m] for m in self.monitors]

    @property
    def judged(self) -> list[JudgedExclusion]:
        """The exclusions for the fast way."""
        return [excluded.judged(self.month) for excluded in self.exclusions]


@dataclass(frozen=True)
class Slow:
    """What the slow way finds: ticks, outages as (start, end, counted ticks), and counts."""

    down: set[int]
    excluded: set[int]
    unknown: set[int]
    silent: int
    outages: list[tuple[int, int, int]]
    windows: tuple[int, int, int, int] | None
    ratio: Fraction | None


def in_ticks(minutes: Decimal | int) -> int:
    """Minutes as ticks; they come out whole in every case that is generated."""
    ticks = minutes * 60_000 / Decimal(TICK_MS)
    assert ticks == int(ticks)
    return int(ticks)


@contextmanager
def ticks_of(milliseconds: int) -> Iterator[None]:
    """Let a tick be longer, for months of real length; half a minute again afterwards."""
    global TICK_MS  # noqa: PLW0603 - every function here counts in it
    before, TICK_MS = TICK_MS, milliseconds
    try:
        yield
    finally:
        TICK_MS = before


def measured_slowly(case: Case) -> Slow:
    """Measure a month by looking at every tick."""
    row = all_ticks(case)
    raw = {tick: voted(case, tick, without=False) for tick in row}
    after_policy = resolved(case, row, raw)
    runs = list(outage_runs(case, row, after_policy))
    final = after_exclusions(case, after_policy)
    outages, down = judged(case, runs, after_policy, final)
    excluded = {tick for tick, state in final.items() if state == GONE}
    unknown = {tick for tick, state in final.items() if state == OPEN}
    if case.terms.no_data is NoData.EXCLUDED:
        excluded, unknown = excluded | unknown, set()
    windows = counted_windows(case, down, excluded, unknown)
    silent = sum(raw[tick] == OPEN for tick in month_of(case))
    ratio = divided(case, windows, down, excluded, unknown)
    return Slow(down, excluded, unknown, silent, outages, windows, ratio)


def month_of(case: Case) -> range:
    """The month's ticks."""
    return range(case.start, case.end)


def all_ticks(case: Case) -> range:
    """The month, and everything that was ever seen."""
    seen = [tick for monitor in case.monitors for probe in monitor for tick, _ in probe.seen]
    return range(min([case.start, *seen]), max([case.end, *seen]))


def probe_state(case: Case, probe: Probe, tick: int) -> str:
    """What one region says at a tick."""
    before = [at for at, _ in probe.seen if at <= tick]
    if not before:
        return OPEN
    last = max(before)
    if case.stale_ticks is not None and tick - last >= case.stale_ticks:
        return OPEN
    worst = max(state for at, state in probe.seen if at == last)
    if worst is State.DEGRADED:
        return DOWN if case.terms.degraded is DegradedCounts.DOWN else UP
    return {State.UP: UP, State.DOWN: DOWN, State.UNKNOWN: OPEN}[worst]


def voted(case: Case, tick: int, *, without: bool) -> str:
    """The vote at a tick; `without` the regions that are excluded then."""
    gone = {
        region
        for excluded in case.exclusions
        if excluded.start <= tick < excluded.end
        for region in excluded.regions
    }
    by_monitor = []
    for monitor in case.monitors:
        states = [
            GONE if without and probe.region in gone else probe_state(case, probe, tick)
            for probe in monitor
        ]
        by_monitor.append(vote_of(states, case.terms.regions_down_when, case.terms))
    rule = case.terms.monitors_down_when
    if case.terms.corroborated_by is None:
        return vote_of(by_monitor, rule, case.terms)
    kinds = [m[0].signal if m else SignalKind.EXTERNAL for m in case.monitors]
    by_kind = [
        vote_of(
            [s for s, its in zip(by_monitor, kinds, strict=True) if its is kind], rule, case.terms
        )
        for kind in SignalKind
        if kind in kinds
    ]
    return vote_of(by_kind, case.terms.corroborated_by, case.terms)


def vote_of(states: list[str], rule: DownWhen | int, terms: MeasurementTerms) -> str:
    """One vote, by trying every way in which the unknown voters could have answered."""
    if not states:
        return OPEN
    present = [state for state in states if state != GONE]
    if not present:
        return GONE
    if terms.quorum_base is QuorumBase.REPORTING:
        reporting = [state for state in present if state != OPEN]
        too_few = isinstance(rule, int) and len(reporting) < rule <= len(present)
        if not reporting or too_few:
            return OPEN
        present = reporting
    answers = set()
    for guess in product((UP, DOWN), repeat=present.count(OPEN)):
        downs = present.count(DOWN) + guess.count(DOWN)
        answers.add(enough(downs, len(present), rule))
    if len(answers) > 1:
        return OPEN
    return DOWN if answers.pop() else UP


def enough(downs: int, voters: int, rule: DownWhen | int) -> bool:
    """Whether so many down voters make the whole down."""
    match rule:
        case DownWhen.ANY:
            return downs > 0
        case DownWhen.MAJORITY:
            return Fraction(downs, voters) > Fraction(1, 2)
        case DownWhen.ALL:
            return downs == voters
        case _:
            return downs >= rule


def resolved(case: Case, row: range, raw: dict[int, str]) -> dict[int, str]:
    """The no-data policy, tick after tick."""
    policy = case.terms.no_data
    result: dict[int, str] = {}
    for tick in row:
        state = raw[tick]
        if state == OPEN and policy is NoData.UP:
            state = UP
        if state == OPEN and policy is NoData.DOWN:
            state = DOWN
        if state == OPEN and policy is NoData.CARRY:
            state = result.get(tick - 1, OPEN)
        result[tick] = state
    return result


def outage_runs(case: Case, row: range, states: dict[int, str]) -> Iterator[list[int]]:
    """Whole outages that touch the month, as the ticks from first to last."""
    bridges = case.terms.unknown_in_outage is UnknownInOutage.BRIDGES
    run: list[int] = []
    for tick in [*row, row.stop]:
        state = states.get(tick, UP)
        if state == DOWN:
            run = [*run, *range(run[-1] + 1, tick), tick] if run else [tick]
        elif run and not (state == OPEN and bridges):
            if set(run) & set(month_of(case)):
                yield run
            run = []


def after_exclusions(case: Case, states: dict[int, str]) -> dict[int, str]:
    """The month's ticks with exclusions; GONE is excluded."""
    result = {}
    for tick in month_of(case):
        state, again = states[tick], voted(case, tick, without=True)
        if again == UP:
            state = UP
        if again == OPEN and case.terms.no_data is NoData.UP:
            state = UP
        if again == OPEN and case.terms.no_data in (NoData.EXCLUDED, NoData.WITHHOLD):
            state = OPEN if state == DOWN else state
        everywhere = any(e.start <= tick < e.end for e in case.exclusions if not e.regions)
        result[tick] = GONE if everywhere or again == GONE else state
    return result


def judged(case: Case, runs, states, final) -> tuple[list[tuple[int, int, int]], set[int]]:
    """Every outage with its counted ticks, and all counted ticks."""
    outages, down = [], set()
    for run in runs:
        inside = [tick for tick in run if tick in final]
        countable = [t for t in inside if states[t] == DOWN and final[t] == DOWN]
        counted = counted_ticks(case, run, inside, countable)
        taken = [t for t in inside if final[t] == GONE or (states[t] == DOWN and final[t] != DOWN)]
        if taken and case.terms.partial_overlap is PartialOverlap.WHOLE_OUTAGE:
            counted = []
        outages.append((run[0], run[-1] + 1, len(counted)))
        down |= set(counted)
    return outages, down


def counted_ticks(case: Case, run: list[int], inside: list[int], countable: list[int]) -> list[int]:
    """The ticks of one outage that the minimum length leaves."""
    minimum = case.terms.minimum_outage
    if minimum is None:
        return countable
    by = {JudgedBy.WHOLE: run, JudgedBy.IN_MONTH: inside, JudgedBy.COUNTED: countable}
    judged_ticks, least = by[minimum.judged_by], in_ticks(minimum.minutes)
    length = len(judged_ticks)
    if length < least or (length == least and minimum.reaches is Reaches.LONGER_THAN):
        return []
    if minimum.counts_from is CountsFrom.FIRST_SECOND:
        return countable
    return [tick for tick in countable if tick not in judged_ticks[:least]]


def counted_windows(case: Case, down, excluded, unknown) -> tuple[int, int, int, int] | None:
    """Total, error, excluded and unknown windows, each looked at by itself."""
    terms = case.terms
    if terms.window_minutes is None:
        return None
    length = in_ticks(terms.window_minutes)
    starts = range(case.start, case.end, length)
    windows = [set(range(start, min(start + length, case.end))) for start in starts]
    if terms.last_window is LastWindow.IGNORED:
        windows = [window for window in windows if len(window) == length]
    kinds = [window_kind(terms, window, down, excluded, unknown) for window in windows]
    return len(windows), kinds.count("error"), kinds.count("excluded"), kinds.count("unknown")


def window_kind(terms: MeasurementTerms, window, down, excluded, unknown) -> str:
    """What one window is."""
    if window <= excluded:
        return "excluded"
    if terms.window_fails is WindowFails.WHOLE:
        known, possible = window <= down, window <= down | unknown
    else:
        known, possible = bool(window & down), bool(window & (down | unknown))
    return "error" if known else "unknown" if possible else "up"


def divided(case: Case, windows, down, excluded, unknown) -> Fraction | None:
    """The uptime; None when something is unknown, nothing is measurable, or coverage is ignored."""
    total, lost, out, hidden = windows or (
        case.end - case.start,
        len(down),
        len(excluded),
        len(unknown),
    )
    if hidden or total == out:
        return None
    if case.terms.exclusion_mode is ExclusionMode.COUNTS_AS_UP:
        return Fraction(total - lost, total)
    return Fraction(total - lost - out, total - out)

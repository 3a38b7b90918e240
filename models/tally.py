"""The sum of a month: steps 6 and 7 of measuring, from outages to counted units.

Exclusions take time out, the minimum length takes outages out, and the rest is summed as time or
counted as measurement windows. Counted downtime never grows by an exclusion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial, reduce
from math import ceil, floor
from operator import or_

from models.exclusion import JudgedExclusion
from models.intervals import MINUTE_MS, Interval, IntervalSet
from models.measurement import (
    CountsFrom,
    ExclusionMode,
    JudgedBy,
    MeasurementTerms,
    MinimumOutage,
    NoData,
    PartialOverlap,
    Reaches,
)
from models.observed import NOTHING, Observed, voted_by
from models.outages import Outages
from models.printing import duration_text
from models.quorum import Standing
from models.terms import plain
from models.windows import Grid, WindowCounts, count_windows


@dataclass(frozen=True, slots=True)
class Effect:
    """What exclusions do, as sets of time inside the month.

    Attributes:
        taken: Leaves the sum.
        relieved: Is up, since without the excluded regions it is not down.
        doubtful: Is unknown, since without the excluded regions it cannot be said.
    """

    taken: IntervalSet = NOTHING
    relieved: IntervalSet = NOTHING
    doubtful: IntervalSet = NOTHING

    @property
    def spared(self) -> IntervalSet:
        """Time that can be no downtime any more."""
        return self.taken | self.relieved | self.doubtful


@dataclass(frozen=True, slots=True)
class Tally:
    """The sum of a month under one effect of exclusions."""

    outages: Outages
    down: IntervalSet
    excluded: IntervalSet
    unknown: IntervalSet
    windows: WindowCounts | None
    up_units: int
    measured_units: int
    unknown_units: int

    @property
    def decided(self) -> Fraction | None:
        """The uptime, where no unknown time or window stands in its way."""
        if self.unknown_units or not self.measured_units:
            return None
        return Fraction(self.up_units, self.measured_units)


def effect_of(exclusions: Sequence[JudgedExclusion], observed: Observed) -> Effect:
    """What the applied exclusions do to the month, those limited to regions by a repeated vote."""
    everywhere = union([e.applied for e in exclusions if not e.regions]).clip(observed.month)
    regional = [e for e in exclusions if e.regions and e.applied]
    if not regional:
        return Effect(taken=everywhere)
    return _regional_effect(_voted_without(regional, observed), everywhere, observed)


def _voted_without(regional: Sequence[JudgedExclusion], observed: Observed) -> Standing:
    """The vote, repeated without the excluded regions while they are excluded."""
    probes = tuple(
        tuple(
            (region, standing.without(union([e.applied for e in regional if region in e.regions])))
            for region, standing in regions
        )
        for regions in observed.probes
    )
    return voted_by(probes, observed.kinds, observed.horizon, observed.terms)


def _regional_effect(revoted: Standing, everywhere: IntervalSet, observed: Observed) -> Effect:
    """What the repeated vote takes away; it never adds downtime.

    Time in which nobody is left to vote leaves the sum. Time that is now up is not down. Time that
    is now unknown follows the no-data policy, but `carry` and `down` leave it as it was.
    """
    absent, unknown = revoted.absent.clip(observed.month), revoted.unknown.clip(observed.month)
    up = (revoted.down | revoted.unknown | revoted.absent).complement(observed.month)
    taken = everywhere | absent
    match observed.terms.no_data:
        case NoData.UP:
            return Effect(taken, up | unknown)
        case NoData.EXCLUDED | NoData.WITHHOLD:
            return Effect(taken, up, unknown)
        case NoData.CARRY | NoData.DOWN:
            return Effect(taken, up)


def tallied(observed: Observed, effect: Effect) -> Tally:
    """The month's sum, as time or as measurement windows, under what exclusions do."""
    outages, down = _judged(observed, effect)
    excluded, unknown = effect.taken, _still_unknown(observed, effect)
    if observed.terms.no_data is NoData.EXCLUDED:
        excluded, unknown = excluded | unknown, NOTHING
    windows = _windows(observed, down=down, excluded=excluded, unknown=unknown)
    total, lost, left_out, open_units = (
        (windows.total, windows.error, windows.excluded, windows.unknown)
        if windows
        else (observed.month.length, down.length, excluded.length, unknown.length)
    )
    leaves = observed.terms.exclusion_mode is ExclusionMode.LEAVES_BOTH_SIDES
    measured = total - left_out if leaves or left_out == total else total
    return Tally(
        outages=outages,
        down=down,
        excluded=excluded,
        unknown=unknown,
        windows=windows,
        up_units=measured - lost - open_units,
        measured_units=measured,
        unknown_units=open_units,
    )


def _still_unknown(observed: Observed, effect: Effect) -> IntervalSet:
    month = observed.month
    unknown = observed.unknown.clip(month) - effect.relieved
    if effect.doubtful:
        unknown = unknown | (observed.down.clip(month) & effect.doubtful)
    return unknown - effect.taken


def _windows(
    observed: Observed, *, down: IntervalSet, excluded: IntervalSet, unknown: IntervalSet
) -> WindowCounts | None:
    terms = observed.terms
    if terms.window_minutes is None:
        return None
    grid = Grid.over(observed.month, minutes=terms.window_minutes, last_window=terms.last_window)
    return count_windows(
        grid, fails=terms.window_fails, down=down, excluded=excluded, unknown=unknown
    )


def _judged(observed: Observed, effect: Effect) -> tuple[Outages, IntervalSet]:
    """Every outage with what of it counts, and all that counts as a set."""
    in_month, terms = observed.runs.clip(observed.month), observed.terms
    down = observed.down.clip(observed.month)
    countable = down - effect.spared
    fates = _Fates.of(observed, effect, in_month, countable)
    counted = countable & _may_count(observed, in_month, countable, fates.counts)
    counted_ms, down_ms = counted.lengths_in(in_month), down.lengths_in(in_month)

    spared_ms = [whole - left for whole, left in zip(down_ms, counted_ms, strict=True)]
    why = partial(_why_not_all, fates, spared_ms, terms)
    return Outages(observed.runs, counted_ms, why), counted


def _why_not_all(
    fates: _Fates, spared_ms: Sequence[int], terms: MeasurementTerms, place: int
) -> str:
    """Why nothing of an outage counts, or not all of it."""
    ignored = fates.ignored(place, terms.minimum_outage)
    return ignored or _left_out(spared_ms[place], terms)


@dataclass(frozen=True, slots=True)
class _Fates:
    """What speaks against each outage, by its place.

    Attributes:
        judged_ms: The length that the minimum is held against; none where there is no minimum.
        short: Whether it does not reach the minimum.
        forgiven: Whether an exclusion covers it in part, and so forgives all of it.
    """

    judged_ms: Sequence[int]
    short: Sequence[bool]
    forgiven: Sequence[bool]

    @classmethod
    def of(
        cls, observed: Observed, effect: Effect, in_month: IntervalSet, countable: IntervalSet
    ) -> _Fates:
        """The fates of a month's outages."""
        minimum, nothing = observed.terms.minimum_outage, [False] * len(in_month)
        forgiven = _forgiven(observed, effect, in_month) or nothing
        if minimum is None:
            return cls((), nothing, forgiven)
        lengths = _lengths_judged(minimum.judged_by, observed.runs, in_month, countable)
        return cls(lengths, _too_short(lengths, minimum), forgiven)

    @property
    def counts(self) -> list[bool]:
        """Whether an outage counts, at least in part."""
        return [
            not short and not forgiven
            for short, forgiven in zip(self.short, self.forgiven, strict=True)
        ]

    def ignored(self, place: int, minimum: MinimumOutage | None) -> str:
        """Why nothing of an outage counts, by its length or by an exclusion; "" otherwise."""
        if minimum is not None and self.short[place]:
            return _shortness(self.judged_ms[place], minimum)
        forgiven = self.forgiven[place]
        return "an exclusion covers it in part, which forgives all of it" if forgiven else ""


def _forgiven(observed: Observed, effect: Effect, in_month: IntervalSet) -> list[bool]:
    """Which outages an exclusion forgives; none at all where nothing does."""
    if observed.terms.partial_overlap is PartialOverlap.SUBTRACT or not effect.spared:
        return []
    spared = effect.taken | (observed.down.clip(observed.month) & effect.spared)
    return [covered > 0 for covered in spared.lengths_in(in_month)]


def _lengths_judged(
    judged_by: JudgedBy, whole: IntervalSet, in_month: IntervalSet, countable: IntervalSet
) -> list[int]:
    if judged_by is JudgedBy.COUNTED:
        return countable.lengths_in(in_month)
    return whole.lengths if judged_by is JudgedBy.WHOLE else in_month.lengths


def _too_short(lengths: Sequence[int], minimum: MinimumOutage) -> list[bool]:
    """Which lengths do not reach the minimum; all are whole milliseconds."""
    least = minimum.minutes * MINUTE_MS
    enough = ceil(least) if minimum.reaches is Reaches.AT_LEAST else floor(least) + 1
    return [length < enough for length in lengths]


def _shortness(length: int, minimum: MinimumOutage) -> str:
    words = "shorter than" if minimum.reaches is Reaches.AT_LEAST else "not longer than"
    return f"{spelled(length)} is {words} the minimum of {plain(minimum.minutes)} min"


def _may_count(
    observed: Observed, in_month: IntervalSet, countable: IntervalSet, chosen: Sequence[bool]
) -> IntervalSet:
    """The time in which the chosen outages may count: from their first second, or from later on."""
    minimum, inside = observed.terms.minimum_outage, in_month.only(chosen)
    if minimum is None or minimum.counts_from is CountsFrom.FIRST_SECOND:
        return inside
    whole = observed.runs.only(chosen)
    return IntervalSet.rising(
        (_counts_from(run, piece, countable, minimum), piece.end)
        for run, piece in zip(whole, inside, strict=True)
    )


def _counts_from(
    run: Interval, inside: Interval, countable: IntervalSet, minimum: MinimumOutage
) -> int:
    """The first instant beyond the minimum of an outage's part in the month, at most its end."""
    skipped = ceil(minimum.minutes * MINUTE_MS)
    if minimum.judged_by is JudgedBy.COUNTED:
        return countable.clip(inside).earliest(skipped).spans[-1][1]
    start = run.start if minimum.judged_by is JudgedBy.WHOLE else inside.start
    return min(max(start + skipped, inside.start), inside.end)


def _left_out(spared_ms: int, terms: MeasurementTerms) -> str:
    """Why a part of an outage that counts does not."""
    if not spared_ms:
        return ""
    minimum = terms.minimum_outage
    if minimum is None or minimum.counts_from is CountsFrom.FIRST_SECOND:
        return f"{spelled(spared_ms)} of it is excluded"
    return (
        f"{spelled(spared_ms)} of it is excluded or within its first {plain(minimum.minutes)} min"
    )


@lru_cache(maxsize=65536)
def spelled(milliseconds: int) -> str:
    """A length of time in words, remembered because the same few lengths return all the time."""
    return duration_text(seconds(milliseconds))


def seconds(milliseconds: int) -> Fraction:
    """Milliseconds as exact seconds."""
    return Fraction(milliseconds, 1000)


def union(sets: Sequence[IntervalSet]) -> IntervalSet:
    """The instants that are in any of the sets."""
    return reduce(or_, sets, NOTHING)

"""Short ways to write what was seen in May 2026, for tests that read as clauses."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from models.exclusion import ExclusionEvent, ExclusionKind, JudgedExclusion
from models.intervals import MINUTE_MS, Interval, IntervalSet, instant, utc
from models.measurement import MeasurementTerms
from models.outage import Observation, State, Timeline
from models.period import ServiceMonth
from models.uptime import MonthlyUptime, measure_uptime

MAY = ServiceMonth.parse("2026-05").bounds("UTC")


def at(text: str) -> int:
    """An instant of May 2026 as `DD hh:mm` in UTC; day 00 is 30 April, day 32 is 1 June."""
    day, clock = text.split()
    midnight = MAY.start + (int(day) - 1) * 1440 * MINUTE_MS
    return midnight + instant(datetime.fromisoformat(f"1970-01-01T{clock}+00:00"))


def minutes(count: int | str) -> int:
    """Minutes as milliseconds."""
    return int(Decimal(count) * MINUTE_MS)


def stretch(text: str) -> tuple[int, int]:
    """`DD hh:mm - DD hh:mm` as two instants."""
    start, end = text.split(" - ")
    return at(start), at(end)


def time(*texts: str) -> IntervalSet:
    """Several stretches as a set."""
    return IntervalSet.of([stretch(text) for text in texts])


def seen(text: str, *, region: str = "", gap_floor_ms: int | None = MINUTE_MS) -> Timeline:
    """A timeline of `DD hh:mm state` observations, separated by commas."""
    observations = [
        Observation(at(when), State[state.upper()])
        for when, state in (entry.strip().rsplit(" ", 1) for entry in text.split(",") if entry)
    ]
    return Timeline.of(observations, monitor="checkout", region=region, gap_floor_ms=gap_floor_ms)


def down(*texts: str, region: str = "") -> Timeline:
    """A timeline that is up but for these stretches; watched from 30 April to 2 June."""
    turns = [f"{t.split(' - ')[0]} down,{t.split(' - ')[1]} up" for t in texts]
    return seen(",".join(["00 00:00 up", *turns, "33 00:00 up"]), region=region, gap_floor_ms=None)


def excluded(text: str, *, regions: tuple[str, ...] = ()) -> JudgedExclusion:
    """A maintenance that leaves the sum of May."""
    interval = Interval(*stretch(text))
    event = ExclusionEvent(
        id=text,
        kind=ExclusionKind.MAINTENANCE,
        start=utc(interval.start),
        end=utc(interval.end),
        reason="database upgrade",
        regions=regions,
    )
    return JudgedExclusion(event, IntervalSet.of([interval]).clip(MAY), regions, "counts")


def measured(
    *timelines: Timeline,
    month: Interval = MAY,
    exclusions: Sequence[JudgedExclusion] = (),
    **terms: object,
) -> MonthlyUptime:
    """One monitor's May under some terms; every other term has its default."""
    return measure_uptime(
        monitors=[timelines],
        month=month,
        terms=MeasurementTerms.model_validate(terms),
        exclusions=exclusions,
    )

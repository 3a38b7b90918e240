"""Ladders of every kind, as a careful person writes them, for Hypothesis; and months to judge.

Every outage of a generated month has a place of its own, four days after the one before, so that a
worse month is one in which outages last longer or more of them happen.
"""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from models.circumstances import Circumstances, Past
from models.intervals import Interval, IntervalSet, instant
from models.ladder import Measured

JUNE = Interval(
    instant(datetime(2026, 6, 1, tzinfo=UTC)), instant(datetime(2026, 7, 1, tzinfo=UTC))
)
JUNE_SECONDS = 30 * 86_400
FOUR_DAYS_MS = 4 * 86_400_000

percents = st.integers(0, 1_000_000).map(lambda units: Decimal(units).scaleb(-4))
commitments = st.integers(500_000, 1_000_000).map(lambda units: Decimal(units).scaleb(-4))
counts = st.sampled_from(["whole", "excess"])
maybe = st.booleans()
credit_units = st.sampled_from(["credit_percent", "credit_days"])
parts = st.sampled_from(["down", "up", "in_proportion"])
amounts = {
    "credit_percent": st.sampled_from([1, Decimal("2.5"), 5]),
    "credit_days": st.sampled_from([1, Decimal("2.5"), 5]),
    "credit_hours": st.sampled_from([1, 12, 24]),
    "credit_months": st.sampled_from([Decimal("0.5"), 1]),
    "credit_share": st.sampled_from(["1/30", "1/7", "1"]),
}
milliseconds = st.integers(0, 100_000_000)


@st.composite
def rewards(draw):
    """A single reward in any unit."""
    unit = draw(st.sampled_from(sorted(amounts)))
    return {unit: draw(amounts[unit])}


@st.composite
def rising_rewards(draw, count):
    """Rewards of one unit, never falling."""
    unit = draw(st.sampled_from(["credit_percent", "credit_days", "credit_hours"]))
    worth = sorted(draw(st.lists(percents, min_size=count, max_size=count)))
    return [{unit: one} for one in worth]


@st.composite
def sound_tables(draw, *, slopes=True):
    """Brackets as a careful person writes them: falling, touching, credits that grow."""
    commitment = draw(commitments)
    bounds = sorted(
        draw(st.sets(st.integers(1, int(commitment * 10_000) - 1), max_size=5)), reverse=True
    )
    uppers = [commitment, *(Decimal(bound).scaleb(-4) for bound in bounds)]
    earns = draw(rising_rewards(len(uppers)))
    with_lower = draw(maybe)
    rows = [{"below": upper, **earned} for upper, earned in zip(uppers, earns, strict=True)]
    for row, lower in zip(rows, uppers[1:], strict=False):
        row.update({"at_least": lower} if with_lower else {})
    (unit,) = earns[-1]
    if slopes and draw(maybe):
        rows[-1]["more"] = {unit: 1, "points": Decimal("0.1"), "part_of_step": draw(parts)}
    return {"kind": "uptime_brackets", "commitment_percent": commitment, "brackets": rows}


@st.composite
def pro_rata(draw):
    """Every formula with the terms that it knows."""
    basis = draw(st.sampled_from(["downtime", "percentage_points", "relative_shortfall"]))
    own = {}
    if basis == "downtime":
        share_of = draw(st.sampled_from(["measurable_time", "whole_period", "hours"]))
        own = {"gated": draw(maybe), "counts": draw(counts), "downtime_of": share_of}
        own |= {"period_hours": 730} if share_of == "hours" else {}
    times = draw(st.sampled_from([Decimal("0.5"), Decimal(1), Decimal(2), Decimal(100)]))
    head = {"kind": "pro_rata", "commitment_percent": draw(commitments), "basis": basis}
    return head | {"multiplier": times} | own


@st.composite
def per_block(draw):
    """Blocks of the month or of each outage, in any unit."""
    each = draw(st.sampled_from(["outage", "month"]))
    return {
        "kind": "per_block",
        "commitment_percent": draw(commitments),
        "block_minutes": draw(st.sampled_from([Decimal("0.5"), 7, 30, 60])),
        **draw(rewards()),
        "part_of_block": draw(st.sampled_from(["down", "up"])),
        "each": each,
        "counts": "whole" if each == "outage" else draw(counts),
        "gated": draw(maybe),
        "after_minutes": draw(st.sampled_from([0, 60])),
        "most_per_day": draw(st.sampled_from([None, 3])) if each == "outage" else None,
    }


@st.composite
def per_event(draw):
    """Events of either comparison, in any unit."""
    return {
        "kind": "per_event",
        "commitment_percent": draw(commitments),
        "qualifying_minutes": draw(st.sampled_from([1, 30])),
        "reaches": draw(st.sampled_from(["at_least", "longer_than"])),
        **draw(rewards()),
        "gated": draw(maybe),
        "only_above_minutes": draw(st.sampled_from([0, 60])),
        "most_per_day": draw(st.sampled_from([None, 1])),
    }


@st.composite
def single_thresholds(draw):
    """All or nothing, in any unit."""
    head = {"kind": "single_threshold", "commitment_percent": draw(commitments)}
    return head | draw(rewards())


@st.composite
def per_points(draw):
    """Steps of every kind, from the commitment or below it, perhaps over a base."""
    commitment, earned = draw(commitments), draw(rewards())
    own = {"credit_percent", "credit_share"} & set(earned)
    return {
        "kind": "per_points",
        "commitment_percent": commitment,
        "points": draw(st.sampled_from([Decimal("0.1"), Decimal("0.3"), 1])),
        "part_of_step": draw(parts),
        "starts_at_percent": draw(st.sampled_from([None, commitment - 10])),
        "base_percent": draw(st.sampled_from([None, 10])) if own else None,
        **earned,
    }


@st.composite
def scale_rows(draw, lower="above"):
    """Rows of a table on a number, touching, the last one open."""
    starts = sorted(draw(st.sets(st.integers(0, 4000), min_size=1, max_size=4)))
    earns = draw(rising_rewards(len(starts)))
    return [{lower: start, **earned} for start, earned in zip(starts, earns, strict=True)]


@st.composite
def duration_tables(draw):
    """Minutes of the month or of each outage."""
    return {
        "kind": "duration_table",
        "commitment_percent": draw(commitments),
        "each": draw(st.sampled_from(["outage", "month"])),
        "pays": draw(st.sampled_from(["all", "longest"])),
        "gated": draw(maybe),
        "rows": draw(scale_rows(draw(st.sampled_from(["above", "at_least"])))),
    }


@st.composite
def clock_hours(draw):
    """Hours with more, or at least, so many minutes."""
    return {
        "kind": "clock_hours",
        "commitment_percent": draw(commitments),
        "bad_minutes": draw(st.sampled_from([0, 6, 30])),
        "reaches": draw(st.sampled_from(["at_least", "longer_than"])),
        "gated": draw(maybe),
    }


@st.composite
def metric_tables(draw):
    """A table on the latency, which is better low."""
    return {
        "kind": "metric_table",
        "metric": "latency_ms",
        "target": draw(st.integers(1, 100)),
        "rows_on": draw(st.sampled_from(["value", "percent_over_target"])),
        "rows": draw(scale_rows()),
        "as_published": True,
    }


@st.composite
def per_count(draw):
    """So much for each day over the latency."""
    return {
        "kind": "per_count",
        "metric": "latency_ms",
        "over": draw(st.integers(0, 50)),
        "step": draw(st.sampled_from([1, Decimal("2.5")])),
        "part_of_step": draw(parts),
        **draw(rewards()),
    }


@st.composite
def repeated(draw):
    """A table on the number of failures."""
    failures = sorted(draw(st.sets(st.integers(1, 4), min_size=1, max_size=3)))
    earns = draw(rising_rewards(len(failures)))
    rows = [{"failures": n, **earned} for n, earned in zip(failures, earns, strict=True)]
    head = {"kind": "repeated", "commitment_percent": draw(commitments), "within_periods": 4}
    return head | {"rows": rows}


no_credits = st.builds(
    lambda promised: {"kind": "no_credit", "commitment_percent": promised}, commitments
)
simple_ladders = st.one_of(
    sound_tables(),
    single_thresholds(),
    pro_rata(),
    per_block(),
    per_event(),
    per_points(),
    duration_tables(),
    clock_hours(),
    metric_tables(),
    per_count(),
    repeated(),
    no_credits,
)


def in_time(ladder):
    """Whether a generated ladder pays in time of service."""
    first = (ladder.get("brackets") or ladder.get("rows") or [ladder])[0]
    return not {"credit_days", "credit_hours", "credit_months"}.isdisjoint(first)


@st.composite
def of_one_unit(draw):
    """Two to four ladders that all pay in time, or all do not; the first one twice."""
    several = draw(st.lists(simple_ladders, min_size=3, max_size=3))
    time = [ladder for ladder in several if in_time(ladder)]
    money = [ladder for ladder in several if not in_time(ladder)]
    kept = time if len(time) > len(money) else money
    return [*kept, kept[0]]


@st.composite
def combined(draw):
    """The greatest of several, or their sum."""
    return {
        "kind": "combined",
        "commitment_percent": draw(commitments),
        "take": draw(st.sampled_from(["greatest", "sum"])),
        "parts": [{"ladder": ladder} for ladder in draw(of_one_unit())],
    }


@st.composite
def by_class(draw):
    """One of several, by an attribute that the month states."""
    classes = dict(zip("abc", draw(of_one_unit()), strict=False))
    return {
        "kind": "by_class",
        "commitment_percent": draw(commitments),
        "attribute": "edition",
        "classes": classes,
        "otherwise": draw(st.sampled_from([None, "a"])),
    }


ladders = st.one_of(simple_ladders, combined(), by_class())


@st.composite
def outage_pairs(draw):
    """Outages of a month, and a worse month: each at least as long, and perhaps more of them."""
    milder = draw(st.lists(milliseconds, max_size=5))
    longer = [length + draw(milliseconds) for length in milder]
    return milder, longer + draw(st.lists(milliseconds, max_size=2))


EARLIER = tuple(
    Past(f"2026-{number:02d}", breached=number % 2 == 0, credit_minor=100 * number)
    for number in range(5, 0, -1)
)
"""Five months before June, of which February and April were missed."""


def month_of(outages, *, excluded=0, latency=42):
    """June with outages of these lengths and this much excluded time, in milliseconds."""
    kept = [(place, length) for place, length in enumerate(outages) if length]
    lengths = tuple(Fraction(length, 1000) for _, length in kept)
    starts = tuple(JUNE.start + place * FOUR_DAYS_MS for place, _ in kept)
    spans = [(at, at + length) for at, (_, length) in zip(starts, kept, strict=True)]
    measurable = JUNE_SECONDS - Fraction(excluded, 1000)
    down = sum(lengths, Fraction(0))
    return Measured(
        uptime=1 - down / measurable,
        down_seconds=down,
        measurable_seconds=measurable,
        period_seconds=Fraction(JUNE_SECONDS),
        days=30,
        outage_seconds=lengths,
        outage_starts=starts,
        down=IntervalSet.of(spans),
        period=JUNE,
        circumstances=Circumstances(
            attributes={"edition": "b"},
            metrics={"latency_ms": Fraction(latency)},
            earlier=EARLIER,
        ),
    )


def at_uptime(uptime):
    """June with this uptime, 0 to 1, and downtime of which only the sum is known."""
    down = (1 - uptime) * JUNE_SECONDS
    return replace(
        month_of([]), uptime=uptime, down_seconds=down, outage_seconds=None, outage_starts=None
    )

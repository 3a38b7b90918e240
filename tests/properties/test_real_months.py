"""Months of real length, measured tick by tick, alone and many together: all three agree.

A tick is a quarter of an hour here: every zone's offset from UTC is a whole number of them. The
months hold changes of the clock on both hemispheres, one by half an hour (Lord Howe), zones off the
hour (Kathmandu, Chatham, St John's), a zone that turns its clock back for Ramadan, and leap years.
`make months` looks at thousands of them.
"""

import os
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from models.many import Asked, Fleet, Sums
from models.measurement import MinimumOutage
from models.outage import State
from models.period import ServiceMonth
from models.uptime import measure_uptime
from tests.properties.slow_uptime import Case, Excluded, Probe, measured_slowly, ticks_of
from tests.properties.test_many_laws import runs_of
from tests.properties.tiny_months import REGIONS, measurements

QUARTER_MS = 900_000
EXAMPLES = int(os.environ.get("MAKEGOOD_MONTHS", "40"))

MONTHS = {
    "Europe/Berlin": ("2026-03", "2026-10"),
    "America/New_York": ("2026-03", "2026-11"),
    "Australia/Sydney": ("2026-04", "2026-10"),
    "Australia/Lord_Howe": ("2026-04", "2026-10"),
    "Pacific/Chatham": ("2026-04", "2026-09"),
    "America/St_Johns": ("2026-03", "2026-11"),
    "Africa/Casablanca": ("2026-02", "2026-03"),
    "Asia/Kathmandu": ("2026-05", "2028-02"),
    "UTC": ("2026-02", "2028-02"),
}
ALL = sorted((zone, month) for zone, months in MONTHS.items() for month in months)
HOURS = {
    ("Europe/Berlin", "2026-03"): 743,
    ("Europe/Berlin", "2026-10"): 745,
    ("Australia/Sydney", "2026-10"): 743,
    ("Australia/Lord_Howe", "2026-04"): Fraction(1441, 2),
    ("Asia/Kathmandu", "2028-02"): 29 * 24,
}


def quarters(least, most):
    """Minutes that are whole quarters of an hour."""
    return st.integers(least, most).map(lambda number: Decimal(15 * number))


@st.composite
def real_months(draw):
    """A month of a zone with one monitor in up to three regions, any terms, some exclusions."""
    zone, month = draw(st.sampled_from(ALL))
    bounds = ServiceMonth.parse(month).bounds(zone)
    first, after = bounds.start // QUARTER_MS, bounds.end // QUARTER_MS
    at = st.one_of(
        st.integers(first - 60, after + 60),
        st.sampled_from([first - 1, first, first + 1, after - 1, after, after + 1]),
    )
    # A region that no check names is no region.
    seen = st.lists(
        st.tuples(at, st.sampled_from([State.UP, *State])), min_size=1, max_size=30
    ).map(tuple)
    terms = draw(measurements).model_copy(
        update={
            "window_minutes": draw(st.none() | st.sampled_from([15, 30, 45, 105, 420, 1425, 1440])),
            "stale_after_minutes": draw(st.none() | quarters(1, 200)),
            "minimum_outage": draw(st.none() | st.builds(MinimumOutage, minutes=quarters(1, 40))),
        }
    )
    probes = draw(st.integers(1, 3))
    starts = draw(st.lists(at, max_size=3))
    return Case(
        start=first,
        end=after,
        monitors=(tuple(Probe(REGIONS[place], draw(seen)) for place in range(probes)),),
        terms=terms,
        exclusions=tuple(Excluded(s, s + draw(st.integers(1, 300))) for s in starts),
    )


def slow_sums(case):
    """The sums of the slow way; time in milliseconds."""
    slow = measured_slowly(case)
    excluded, unknown = len(slow.excluded) * QUARTER_MS, len(slow.unknown) * QUARTER_MS
    return len(slow.down) * QUARTER_MS, excluded, unknown, slow.silent * QUARTER_MS, slow.windows


def as_compared(sums):
    """What the slow way finds of some sums."""
    return sums.down_ms, sums.excluded_ms, sums.unknown_ms, sums.silent_ms, sums.windows


@settings(max_examples=EXAMPLES, deadline=None)
@given(real_months())
def test_three_ways_to_measure_a_real_month_agree(case):
    """Tick by tick, by sets, and by arrays."""
    with ticks_of(QUARTER_MS):
        expected = slow_sums(case)
        alone = Sums.of(
            measure_uptime(
                monitors=case.timelines,
                month=case.month,
                terms=case.terms,
                exclusions=case.judged,
            )
        )
        asked = Asked(("monitor-0",), case.month, case.terms, tuple(case.judged))
        (together,) = Fleet(runs_of(case)).sums([asked])
    assert as_compared(alone) == expected
    assert as_compared(together) == expected


def test_the_months_have_the_lengths_that_their_clocks_give_them():
    """So that the months above are what they are said to be."""
    for (zone, month), hours in HOURS.items():
        bounds = ServiceMonth.parse(month).bounds(zone)
        assert Fraction(bounds.length, 3_600_000) == hours
        assert bounds.start % QUARTER_MS == 0

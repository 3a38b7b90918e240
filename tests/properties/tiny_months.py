"""Small generated months with every term that a contract may hold, for Hypothesis."""

from decimal import Decimal

from hypothesis import strategies as st

from models.measurement import (
    CountsFrom,
    DegradedCounts,
    DownWhen,
    ExclusionMode,
    JudgedBy,
    LastWindow,
    MeasurementTerms,
    MinimumOutage,
    NoData,
    PartialOverlap,
    QuorumBase,
    Reaches,
    UnknownInOutage,
    WindowFails,
)
from models.outage import State
from models.sources.base import SignalKind
from tests.properties.slow_uptime import Case, Excluded, Probe

REGIONS = ("eu", "us", "ap")
START = 1000
"""The first tick of every generated month."""

observations = st.lists(
    st.tuples(st.integers(START - 14, START + 54), st.sampled_from([State.UP, *State])),
    max_size=14,
).map(tuple)


def half_minutes(least: int, most: int):
    """Minutes that are whole ticks."""
    return st.integers(least, most).map(lambda ticks: Decimal(ticks) / 2)


minimum_outages = st.builds(
    MinimumOutage,
    minutes=half_minutes(1, 12),
    judged_by=st.sampled_from(JudgedBy),
    reaches=st.sampled_from(Reaches),
    counts_from=st.sampled_from(CountsFrom),
)

measurements = st.builds(
    MeasurementTerms,
    window_minutes=st.none() | st.integers(1, 9),
    window_fails=st.sampled_from(WindowFails),
    last_window=st.sampled_from(LastWindow),
    degraded=st.sampled_from(DegradedCounts),
    stale_after_minutes=st.none() | half_minutes(1, 12),
    no_data=st.sampled_from(NoData),
    minimum_outage=st.none() | minimum_outages,
    unknown_in_outage=st.sampled_from(UnknownInOutage),
    partial_overlap=st.sampled_from(PartialOverlap),
    exclusion_mode=st.sampled_from(ExclusionMode),
    regions_down_when=st.sampled_from([*DownWhen, 1, 2]),
    monitors_down_when=st.sampled_from([*DownWhen, 1, 2]),
    quorum_base=st.sampled_from(QuorumBase),
    corroborated_by=st.none() | st.integers(1, 3),
)


@st.composite
def monitors(draw):
    """One to three monitors, each seen from up to three regions."""
    shapes = draw(
        st.lists(st.tuples(st.integers(0, 3), st.sampled_from(SignalKind)), min_size=1, max_size=3)
    )
    return tuple(
        tuple(Probe(REGIONS[place], draw(observations), kind) for place in range(regions))
        for regions, kind in shapes
    )


@st.composite
def exclusions(draw):
    """Excluded time inside and around the month, for all regions or for some."""
    start = draw(st.integers(START - 6, START + 40))
    regions = draw(st.sampled_from([(), (), ("eu",), ("us", "ap"), REGIONS]))
    return Excluded(start, start + draw(st.integers(1, 20)), regions)


@st.composite
def cases(draw):
    """A month of 6 to 21 minutes with everything in it."""
    return Case(
        start=START,
        end=START + draw(st.integers(12, 42)),
        monitors=draw(monitors()),
        terms=draw(measurements),
        exclusions=tuple(draw(st.lists(exclusions(), max_size=3))),
    )

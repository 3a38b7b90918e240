"""Uptime as an interval: what probes cannot have seen, and whether money hangs on it."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from models.bounds import uptime_bounds
from models.intervals import MINUTE_MS, Interval
from models.measurement import Disagreement, DownWhen, MeasurementTerms, NoData, QuorumBase
from models.outage import Observation, State, Timeline
from models.uptime import evidence_of, measure_uptime

MONTH = Interval(0, 720 * MINUTE_MS)
"""Twelve hours stand in for a month."""


def seen(*looks, region=""):
    """A probe that looked at these minutes and saw these states: `10 down`."""
    pairs = [look.split() for look in looks]
    return Timeline.of(
        [Observation(int(at) * MINUTE_MS, State[state.upper()]) for at, state in pairs],
        monitor="api",
        region=region,
        gap_floor_ms=MINUTE_MS,
    )


def assert_between(bounds, measured):
    """A measurement lies between the bounds."""
    worst, ratio, best = bounds.worst.ratio, measured.ratio, bounds.best.ratio
    assert None not in (worst, ratio, best)
    assert worst <= ratio <= best


def bounded(*regions, **terms):
    """Worst, measured and best downtime in minutes, and the reasons."""
    wanted = MeasurementTerms(no_data=NoData.CARRY, **terms)
    measured = measure_uptime(monitors=[regions], month=MONTH, terms=wanted)
    found = uptime_bounds(
        monitors=[regions], month=MONTH, terms=wanted, exclusions=(), measured=measured
    )
    assert_between(found, measured)
    downs = (found.worst, measured, found.best)
    return [Fraction(m.down.length, MINUTE_MS) for m in downs], found.reasons


def test_an_outage_seen_every_five_minutes_is_known_to_within_two_looks():
    """Down at 10 and 15, up at 5 and 20: from 5 min (10 to 15) to 15 min (5 to 20)."""
    downs, reasons = bounded(seen("0 up", "5 up", "10 down", "15 down", "20 up"))
    assert downs == [15, 10, 5]
    assert reasons == ("a change of state went unseen for up to 300 s",)


def test_a_single_failed_look_may_have_been_nothing_at_all():
    """Down at 10 alone: from no measurable time to the whole time between its neighbours."""
    downs, _ = bounded(seen("0 up", "5 up", "10 down", "15 up"))
    assert downs == [10, 5, 0]


def test_a_month_without_a_change_has_no_doubt():
    """What was always up has one uptime."""
    downs, reasons = bounded(seen("0 up", "300 up", "719 up"))
    assert (downs, reasons) == ([0, 0, 0], ())


def test_silence_may_have_been_either():
    """Silent from 50, stale from 60 to 120: up all along, or down for 70 minutes; carried, up."""
    looks = [f"{at} up" for at in (*range(0, 51, 10), *range(120, 720, 10))]
    downs, reasons = bounded(seen(*looks), stale_after_minutes=10)
    assert downs == [70, 0, 0]
    assert reasons == ("3600 s has no known state",)


def test_the_vote_settles_a_disagreement_unless_the_contract_says_otherwise():
    """One of three regions is down for an hour, seen to the minute."""
    up = [seen("0 up", region=name) for name in ("eu", "us")]
    down = Timeline(
        "api",
        "ap",
        ((0, State.UP), (60 * MINUTE_MS, State.DOWN), (120 * MINUTE_MS, State.UP)),
        last_observed_at=719 * MINUTE_MS,
    )
    assert bounded(*up, down)[0] == [0, 0, 0]
    assert bounded(*up, down, disagreement=Disagreement.WIDENS)[0] == [60, 0, 0]


def test_a_log_of_outages_saw_every_change():
    """Nothing went unseen, so nothing is in doubt."""
    line = Timeline(
        "api",
        "",
        ((0, State.UP), (60_000, State.DOWN), (120_000, State.UP)),
        last_observed_at=MONTH.end,
    )
    assert bounded(line) == ([1, 1, 1], ())


def test_an_outage_that_a_silence_hides_may_have_ended_or_begun_with_it():
    """Down at 50, then nothing until up at 120: down for 50 minutes to 120, carried for 120."""
    looks = [f"{at} down" for at in range(0, 51, 10)]
    looks += [f"{at} up" for at in range(120, 720, 10)]
    assert bounded(seen(*looks), stale_after_minutes=10)[0] == [120, 120, 50]


def test_a_monitor_that_fell_silent_may_have_been_down_since_its_last_look():
    """Up to 600 and never heard of again: at worst down for 120 minutes, not for 110."""
    looks = [f"{at} up" for at in range(0, 601, 10)]
    assert bounded(seen(*looks), stale_after_minutes=10)[0] == [120, 0, 0]


def test_what_a_probe_could_not_tell_may_have_begun_just_after_its_last_look():
    """Up at 10, unknown at 20, up at 30: at worst down from 10 to 30."""
    downs, _ = bounded(seen("0 up", "10 up", "20 unknown", "30 up"))
    assert downs == [20, 0, 0]


def test_where_only_reporting_regions_vote_the_silence_of_one_is_no_doubt():
    """Two of three regions tell all the time; that the third one is silent decides nothing."""
    told = [seen(*(f"{at} up" for at in range(0, 720, 10)), region=name) for name in ("eu", "us")]
    quiet = seen("0 up", "300 down", "310 up", "719 up", region="ap")
    terms = {"stale_after_minutes": 10, "quorum_base": QuorumBase.REPORTING}
    assert bounded(*told, quiet, **terms)[0] == [0, 0, 0]


@st.composite
def histories(draw):
    """A true history in seconds, and looks at it so dense that no state goes unseen."""
    lengths = draw(st.lists(st.integers(60, 900), min_size=1, max_size=12))
    gaps = draw(st.lists(st.integers(5, 60), min_size=1, max_size=20))
    return lengths, gaps


def _state_at(lengths, second):
    for number, length in enumerate(lengths):
        if second < length:
            return State.DOWN if number % 2 else State.UP
        second -= length
    return State.DOWN if len(lengths) % 2 else State.UP


@settings(max_examples=200, deadline=None)
@given(regions=st.lists(histories(), min_size=1, max_size=3), window=st.none() | st.integers(1, 3))
def test_the_true_uptime_lies_between_the_bounds(regions, window):
    """Probes look every 5 to 60 s at states that last a minute or longer: all of them are seen."""
    month = Interval(0, 7200 * 1000)
    terms = MeasurementTerms(
        no_data=NoData.CARRY, window_minutes=window, regions_down_when=DownWhen.MAJORITY
    )
    true_lines, looked = [], []
    for number, (lengths, gaps) in enumerate(regions):
        edges = [sum(lengths[:n]) for n in range(len(lengths) + 1)]
        changes = [(at * 1000, _state_at(lengths, at)) for at in edges if at < 7200]
        true_lines.append(Timeline("api", str(number), tuple(changes), last_observed_at=month.end))
        looks, at = [], 0
        while at < 7200:
            looks.append(Observation(at * 1000, _state_at(lengths, at)))
            at += gaps[len(looks) % len(gaps)]
        looks.append(Observation(7200 * 1000, _state_at(lengths, 7200)))
        looked.append(Timeline.of(looks, monitor="api", region=str(number)))
    truth = measure_uptime(monitors=[true_lines], month=month, terms=terms)
    measured = measure_uptime(monitors=[looked], month=month, terms=terms)
    found = uptime_bounds(
        monitors=[looked], month=month, terms=terms, exclusions=(), measured=measured
    )
    assert_between(found, truth)


@settings(max_examples=200, deadline=None)
@given(
    regions=st.lists(
        st.tuples(histories(), st.lists(st.tuples(st.integers(0, 7200), st.integers(150, 1500)))),
        min_size=1,
        max_size=3,
    ),
    window=st.none() | st.integers(1, 3),
    no_data=st.sampled_from([NoData.CARRY, NoData.UP, NoData.DOWN]),
)
def test_the_true_uptime_lies_between_the_bounds_whatever_silences_hide(regions, window, no_data):
    """The same with silences of 2.5 to 25 minutes where states are stale after two."""
    month = Interval(0, 7200 * 1000)
    terms = MeasurementTerms(
        no_data=no_data,
        window_minutes=window,
        stale_after_minutes=Decimal(2),
        regions_down_when=DownWhen.MAJORITY,
    )
    true_lines, looked = [], []
    for number, ((lengths, spacings), silences) in enumerate(regions):
        edges = [sum(lengths[:n]) for n in range(len(lengths) + 1)]
        changes = [(at * 1000, _state_at(lengths, at)) for at in edges if at < 7200]
        true = Timeline("api", str(number), tuple(changes), last_observed_at=month.end)
        true_lines.append(replace(true, gap_floor_ms=120_000))
        looks, at = [], 0
        while at < 7200:
            looks.append(Observation(at * 1000, _state_at(lengths, at)))
            silent = next((length for start, length in silences if start <= at < start + 60), 0)
            at += silent or spacings[len(looks) % len(spacings)]
        looked.append(Timeline.of(looks, monitor="api", region=str(number), gap_floor_ms=120_000))
    truth = measure_uptime(monitors=[true_lines], month=month, terms=terms)
    measured = measure_uptime(monitors=[looked], month=month, terms=terms)
    found = uptime_bounds(
        monitors=[looked], month=month, terms=terms, exclusions=(), measured=measured
    )
    assert_between(found, truth)
    whole = evidence_of(monitors=[looked], month=month, terms=terms)
    sliced = uptime_bounds(
        monitors=whole, month=month, terms=terms, exclusions=(), measured=measured
    )
    assert (sliced.worst.ratio, sliced.best.ratio) == (found.worst.ratio, found.best.ratio)


def test_coverage_and_bounds_are_told_apart():
    """Half an hour without a state in twelve hours: 95.83 % covered, and still two uptimes.

    The last look was five minutes before, and whatever the silence hid may have begun with it.
    """
    looks = [f"{at} up" for at in (*range(0, 301, 5), *range(335, 720, 5))]
    line = seen(*looks)
    terms = MeasurementTerms(no_data=NoData.EXCLUDED, stale_after_minutes=Decimal(5))
    measured = measure_uptime(monitors=[[line]], month=MONTH, terms=terms)
    found = uptime_bounds(
        monitors=[[line]], month=MONTH, terms=terms, exclusions=(), measured=measured
    )
    assert measured.coverage == 1 - Fraction(30, 720)
    assert found.worst.ratio == 1 - Fraction(35, 720)
    assert found.best.ratio == 1

"""Counted requests become states of a service by one rule, exactly."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.intervals import MINUTE_MS
from models.outage import State
from models.requests import QuietCounts, RequestRule, RequestWindow, states_of, timeline_of

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN


def rule(percent="5", **terms):
    """A bound of 5 percent, unless told otherwise."""
    return RequestRule(error_rate_percent=Decimal(percent), **terms)


def minutes(*failed, total=100):
    """One window a minute from 0 on; None leaves one out, a pair names total and failed."""
    counted = []
    for place, count in enumerate(failed):
        if count is not None:
            seen, bad = count if isinstance(count, tuple) else (total, count)
            at = place * MINUTE_MS
            counted.append(RequestWindow(at, MINUTE_MS, Decimal(seen), Decimal(bad)))
    return counted


def changes(*pairs):
    """Changes, their instants in minutes."""
    return tuple((minute * MINUTE_MS, state) for minute, state in pairs)


def test_a_share_above_the_bound_is_down_and_one_on_it_is_up():
    """6 of 100 is over 5 percent, 5 of 100 is not."""
    assert states_of(minutes(0, 6, 5), rule()) == changes((0, UP), (1, DOWN), (2, UP), (3, UNKNOWN))


def test_a_bound_that_no_float_can_hold_is_compared_exactly():
    """1 of 3 is not more than 33.3333…4 percent and is more than 33.3333…3 percent."""
    third = minutes((3, 1))
    assert states_of(third, rule("33." + "3" * 27 + "4")) == changes((0, UP), (1, UNKNOWN))
    assert states_of(third, rule("33." + "3" * 28)) == changes((0, DOWN), (1, UNKNOWN))


def test_a_failing_stretch_counts_from_its_first_window_once_it_is_long_enough():
    """Three minutes asked: two are a blip, three are down from the first on."""
    counted = minutes(0, 9, 9, 0, 9, 9, 9, 0)
    found = states_of(counted, rule(for_minutes=Decimal(3)))
    assert found == changes((0, UP), (4, DOWN), (7, UP), (8, UNKNOWN))


def test_a_quiet_window_says_nothing_unless_it_is_said_to_be_up():
    """9 of 9 failed under a gate of 10."""
    counted = minutes(0, (9, 9), 0)
    gate = {"least_requests": 10}
    assert states_of(counted, rule(**gate)) == changes((0, UP), (1, UNKNOWN), (2, UP), (3, UNKNOWN))
    up = rule(**gate, quiet_counts=QuietCounts.UP)
    assert states_of(counted, up) == changes((0, UP), (3, UNKNOWN))


def test_no_request_at_all_is_unknown_by_default():
    """Nobody asked, so nobody knows."""
    assert states_of(minutes((0, 0)), rule()) == changes((0, UNKNOWN))


def test_time_that_no_window_covers_is_unknown():
    """The second minute was never counted."""
    assert states_of(minutes(0, None, 0), rule()) == changes(
        (0, UP), (1, UNKNOWN), (2, UP), (3, UNKNOWN)
    )


def test_a_short_failing_stretch_beside_unseen_time_is_unknown():
    """Two failing minutes and an unseen one may be the three that are asked; it cannot be told."""
    counted = minutes(0, 9, 9, None, 0)
    found = states_of(counted, rule(for_minutes=Decimal(3)))
    assert found == changes((0, UP), (1, UNKNOWN), (4, UP), (5, UNKNOWN))


def test_a_short_failing_stretch_at_the_edge_is_unknown():
    """It may have begun before the first window, or have gone on after the last."""
    asked = rule(for_minutes=Decimal(2))
    assert states_of(minutes(9, 0), asked) == changes((0, UNKNOWN), (1, UP), (2, UNKNOWN))
    assert states_of(minutes(0, 9), asked) == changes((0, UP), (1, UNKNOWN))


def test_requests_turned_away_count_though_the_total_leaves_them_out():
    """The balancer refused 20 that never reached the service, which counted none."""
    assert states_of(minutes((0, 20)), rule(least_requests=10)) == changes((0, DOWN), (1, UNKNOWN))


def test_order_and_repetition_do_not_matter():
    """Pages of an answer may overlap."""
    counted = minutes(0, 9, 0)
    assert states_of([*counted[::-1], *counted], rule()) == states_of(counted, rule())


def test_windows_that_contradict_each_other_are_refused():
    """Two counts of one minute cannot both stand."""
    with pytest.raises(ValueError, match="overlap"):
        states_of([*minutes(1), *minutes(2)], rule())


@pytest.mark.parametrize(
    ("length", "total", "failed"), [(0, "1", "0"), (1, "-1", "0"), (1, "1", "NaN"), (1, "1", "-2")]
)
def test_counts_that_nobody_can_have_counted_are_refused(length, total, failed):
    """No time, negative counts, and no number."""
    with pytest.raises(ValueError, match="cannot be counted"):
        RequestWindow(0, length, Decimal(total), Decimal(failed))


def test_the_timeline_ends_with_the_last_window():
    """What is silent is unknown at once, so that nothing in it grows stale."""
    line = timeline_of(minutes(0, 9), rule(), monitor="api", region="eu", gap_floor_ms=1)
    assert line.changes == changes((0, UP), (1, DOWN), (2, UNKNOWN))
    assert (line.monitor, line.region, line.gaps) == ("api", "eu", ())
    assert line.last_observed_at == 2 * MINUTE_MS


def test_a_timeline_of_no_windows_is_empty():
    """What no data means, the contract says."""
    assert timeline_of([], rule(), monitor="api").changes == ()


def slowly(counted, asked, horizon):
    """Every minute by itself: its verdict, and whether a failing stretch through it is enough."""

    def verdict(minute):
        found = [w for w in counted if w.at == minute * MINUTE_MS]
        if not found or found[0].seen < asked.least_requests:
            return UNKNOWN
        share = Fraction(found[0].failed) / Fraction(found[0].seen) * 100
        return DOWN if share > Fraction(asked.error_rate_percent) else UP

    def enough(minute, through):
        first = last = minute
        while verdict(first - 1) in through and minute - first < 99:
            first -= 1
        while verdict(last + 1) in through and last - minute < 99:
            last += 1
        return last - first + 1 >= asked.for_minutes

    for minute in range(horizon):
        if verdict(minute) is not DOWN:
            yield verdict(minute)
        elif enough(minute, (DOWN,)):
            yield DOWN
        else:
            yield UNKNOWN if enough(minute, (DOWN, UNKNOWN)) else UP


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from([None, 0, 4, 6, 9, (2, 2)]), min_size=1, max_size=14),
    st.integers(1, 4),
    st.integers(1, 5),
)
def test_every_minute_is_judged_as_it_is_alone(failed, for_minutes, least):
    """The sets of time say what looking at each minute and its neighbours says."""
    asked = rule(for_minutes=Decimal(for_minutes), least_requests=least)
    counted = minutes(*failed)
    found = dict(states_of(counted, asked))
    state, told = UNKNOWN, []
    for minute in range(len(failed)):
        state = found.get(minute * MINUTE_MS, state)
        told.append(state)
    assert told == list(slowly(counted, asked, len(failed)))

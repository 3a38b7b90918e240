"""Timelines: observations compacted to changes of state, gaps, and slices."""

import pytest

from models.intervals import Interval
from models.outage import Observation, State, Timeline
from tests.models.scenes import MAY, at, minutes, seen


def observed(*pairs: tuple[int, State], better_wins: bool = False) -> Timeline:
    """A timeline of a few instants."""
    listed = [Observation(when, state) for when, state in pairs]
    return Timeline.of(listed, monitor="checkout", gap_floor_ms=10, better_wins=better_wins)


def test_only_changes_of_state_are_kept():
    """Five checks, two changes."""
    timeline = observed((0, State.UP), (5, State.UP), (9, State.DOWN), (12, State.DOWN))
    assert timeline.changes == ((0, State.UP), (9, State.DOWN))
    assert timeline.last_observed_at == 12


def test_silences_from_the_floor_on_are_kept():
    """Nine milliseconds are short of ten; ten are not."""
    timeline = observed((0, State.UP), (9, State.UP), (19, State.UP), (40, State.UP))
    assert timeline.gaps == (Interval(9, 19), Interval(19, 40))


def test_order_and_duplicates_do_not_matter():
    """The same checks in another order, some twice."""
    assert observed((9, State.DOWN), (0, State.UP), (9, State.DOWN)) == observed(
        (0, State.UP), (9, State.DOWN)
    )


@pytest.mark.parametrize(
    ("better_wins", "states"),
    [
        (False, ((0, State.UP), (9, State.DOWN))),
        (True, ((0, State.UP),)),
    ],
)
def test_semantics_5_of_conflicting_duplicates_the_worse_or_the_better_stands(better_wins, states):
    """Up and down at one instant; the contract says which to believe."""
    timeline = observed((0, State.UP), (9, State.UP), (9, State.DOWN), better_wins=better_wins)
    assert timeline.changes == states


def test_severity_ranks_unknown_up_degraded_down():
    """Of all four at one instant the worst is down, and what says nothing yields to what does."""
    assert observed(*((0, state) for state in State)).changes == ((0, State.DOWN),)
    assert observed((0, State.UNKNOWN), (0, State.UP)).changes == ((0, State.UP),)


def test_an_unknown_duplicate_yields_even_where_the_better_wins():
    """A probe that could not say is no better answer than up, degraded or down."""
    timeline = observed((0, State.UNKNOWN), (0, State.DOWN), better_wins=True)
    assert timeline.changes == ((0, State.DOWN),)


def test_nothing_observed_is_an_empty_timeline():
    """Zero observations are no error."""
    assert Timeline.of([], monitor="checkout") == Timeline("checkout")


@pytest.mark.parametrize(
    "fields",
    [
        {"changes": ((5, State.UP), (5, State.DOWN)), "last_observed_at": 5},
        {"changes": ((5, State.UP), (6, State.UP)), "last_observed_at": 6},
        {"changes": ((5, State.UP),)},
        {"last_observed_at": 5},
        {
            "changes": ((5, State.UP),),
            "last_observed_at": 50,
            "gaps": (Interval(5, 30), Interval(20, 50)),
        },
    ],
)
def test_an_impossible_timeline_does_not_exist(fields):
    """Changes rise and differ, gaps do not overlap, and what changed was observed."""
    with pytest.raises(ValueError, match="'checkout'"):
        Timeline("checkout", **fields)


def test_a_slice_begins_with_the_state_that_held():
    """Down on 30 April: the slice of May starts down."""
    may = seen("00 10:00 down, 02 10:00 up, 33 10:00 down").within(MAY)
    assert may.changes == ((MAY.start, State.DOWN), (at("02 10:00"), State.UP))


def test_a_slice_does_not_change_when_later_observations_arrive():
    """June, and July, are no evidence for May."""
    text = "00 10:00 up, 12 10:00 down, 12 11:00 up, 32 00:00 up"
    assert seen(text + ", 40 10:00 down").within(MAY) == seen(text).within(MAY)


def test_a_slice_does_not_change_when_older_observations_arrive():
    """What was seen in April matters only by the state it left."""
    text = "00 23:59 up, 12 10:00 down, 12 11:00 up, 32 00:00 up"
    older = Timeline.of(
        [Observation(at("01 00:00") - minutes(n), State.DOWN) for n in (9000, 9001)],
        monitor="checkout",
    )
    assert older.changes
    assert seen("00 01:00 down, " + text).within(MAY) == seen(text).within(MAY)


def test_a_silence_that_reaches_over_the_end_is_the_same_before_and_after_it_ends():
    """Silent since 20:00 on 31 May: that the monitor came back in June changes nothing in May."""
    silent = seen("00 10:00 up, 31 20:00 up")
    back = seen("00 10:00 up, 31 20:00 up, 34 00:00 up")
    assert silent.within(MAY) == back.within(MAY)
    assert back.within(MAY).last_observed_at == at("31 20:00")


def test_a_slice_keeps_the_gaps_that_can_make_time_inside_unknown():
    """Silent over the month's start, in the middle, and once in April only."""
    timeline = seen("00 01:00 up, 00 02:00 up, 00 23:00 up, 01 01:00 up, 05 00:00 up, 05 00:00 up")
    gaps = timeline.within(MAY).gaps
    assert gaps == (
        Interval(at("00 23:00"), at("01 01:00")),
        Interval(at("01 01:00"), at("05 00:00")),
    )


def test_a_slice_before_the_first_observation_is_empty():
    """A monitor that was set up in June says nothing about May."""
    empty = Timeline("checkout", gap_floor_ms=minutes(1), ends_at=MAY.end)
    assert seen("40 00:00 up").within(MAY) == empty


def test_a_record_is_json_without_floats():
    """Whole numbers, texts and lists."""
    record = seen("01 00:00 up, 01 00:10 degraded", region="eu").to_record()
    assert record == {
        "monitor": "checkout",
        "region": "eu",
        "changes": [[MAY.start, "up"], [MAY.start + 600_000, "degraded"]],
        "gaps": [[MAY.start, MAY.start + 600_000]],
        "gap_floor_ms": 60_000,
        "last_observed_at": MAY.start + 600_000,
        "ends_at": None,
        "unseen_ms": [0, 600_000],
        "signal": "external",
    }


def test_a_record_that_describes_no_timeline_is_refused():
    """An altered record does not become evidence."""
    record = seen("01 00:00 up, 01 00:10 degraded").to_record()
    with pytest.raises(KeyError):
        Timeline.from_record({**record, "changes": [[MAY.start, "fine"]]})
    with pytest.raises(ValueError, match="must rise"):
        Timeline.from_record({**record, "changes": record["changes"][::-1]})

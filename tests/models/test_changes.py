"""Columns read like the tuples that they stand for."""

import pytest

from models.changes import Changes, Lengths, State
from models.intervals import Interval, IntervalSet
from models.outage import Timeline
from models.outages import Outage, Outages

PAIRS = ((0, State.UP), (10, State.DOWN), (25, State.UP))


def test_changes_equal_the_tuple_that_they_were_made_of():
    """Also in sets and as keys: equal things have equal hashes."""
    changes = Changes.of(PAIRS)
    assert changes == PAIRS
    assert changes == Changes.of(list(PAIRS))
    assert hash(changes) == hash(PAIRS)
    assert changes != PAIRS[:2]
    assert repr(changes) == repr(PAIRS)


def test_changes_are_indexed_cut_and_walked_like_a_tuple():
    """What comes out are plain whole numbers and states, as JSON and comparisons need them."""
    changes = Changes.of(PAIRS)
    assert (changes[0], changes[-1], len(changes)) == (PAIRS[0], PAIRS[-1], 3)
    assert changes[1:] == PAIRS[1:]
    assert [(type(at), type(state)) for at, state in changes] == [(int, State)] * 3


def test_the_state_at_an_instant_is_that_of_the_last_change():
    """A change takes effect at its own instant."""
    changes = Changes.of(PAIRS)
    assert [changes.state_at(at) for at in (0, 9, 10, 24, 25, 99)] == [
        *(State.UP, State.UP, State.DOWN, State.DOWN, State.UP, State.UP)
    ]


def test_lengths_are_cut_to_the_longest():
    """Each alone; none is made longer."""
    lengths = Lengths.of((0, 30, 7))
    assert (lengths.longest, Lengths.of(()).longest) == (30, 0)
    assert lengths.at_most(10) == (0, 10, 7)
    assert lengths.led_by(5) == (5, 0, 30, 7)
    assert hash(lengths) == hash((0, 30, 7))


@pytest.mark.parametrize("changes", [((5, State.UP), (5, State.DOWN)), ((1, State.UP),) * 2])
def test_changes_that_do_not_rise_or_do_not_change_are_refused(changes):
    """Whatever sequence they come in."""
    for given in (changes, list(changes), Changes.of(changes)):
        with pytest.raises(ValueError, match="must rise in time and differ"):
            Timeline("api", changes=given, last_observed_at=9)


def test_outages_are_told_one_by_one_to_who_asks():
    """The second of three does not count: only its reason was asked for."""
    asked: list[int] = []

    def why(place: int) -> str:
        asked.append(place)
        return f"why {place}"

    wholes = IntervalSet.of([(0, 10), (20, 21), (30, 50)])
    outages = Outages(wholes, [10, 0, 15], why)
    assert outages[1] == Outage(Interval(20, 21), 0, "why 1")
    assert asked == [1]
    assert [outage.whole.start for outage in outages.counting] == [0, 30]
    assert outages == tuple(outages)
    assert outages[-2:] == (outages[1], outages[2])
    with pytest.raises(IndexError):
        outages[3]

"""Sets of time obey the laws of sets; small sets are compared with sets of single instants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import intervals
from models.intervals import Interval, IntervalSet

REACH = range(-20, 21)
WHOLE = Interval(REACH.start, REACH.stop)

pieces = st.lists(
    st.tuples(st.integers(-20, 20), st.integers(0, 9)).map(lambda p: (p[0], min(p[0] + p[1], 21))),
    max_size=8,
)
sets = pieces.map(IntervalSet.of)
stretches = st.tuples(st.integers(-20, 19), st.integers(1, 20)).map(
    lambda p: Interval(p[0], min(p[0] + p[1], 21))
)


@pytest.fixture(autouse=True, scope="module", params=[64, -1], ids=["pairs", "columns"])
def _held(request):
    """Sets are held as pairs where they are small, and as columns, however small they are."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(intervals, "MOST_PAIRS", request.param)
        yield


def instants(time: IntervalSet) -> set[int]:
    """Every instant of a small set."""
    return {at for start, end in time.spans for at in range(start, end)}


def is_shortest(time: IntervalSet) -> bool:
    """Whether the spans rise, hold something, and do not touch."""
    edges = [at for span in time.spans for at in span]
    return edges == sorted(set(edges))


@given(pieces)
def test_a_set_holds_the_instants_of_its_pieces_once(listed):
    """Order, overlap and repetition of pieces do not matter."""
    made = IntervalSet.of(listed)
    assert instants(made) == {at for start, end in listed for at in range(start, end)}
    assert is_shortest(made)
    assert IntervalSet.of(listed[::-1] + listed) == made
    assert IntervalSet.rising(sorted(listed)) == made
    assert made.length == len(instants(made))
    assert {at for at in REACH if at in made} == instants(made)


@given(sets, sets)
def test_union_intersection_and_difference_are_those_of_sets(a, b):
    """Each operator means what it means for sets, and its result is shortest again."""
    for result, expected in (
        (a | b, instants(a) | instants(b)),
        (a & b, instants(a) & instants(b)),
        (a - b, instants(a) - instants(b)),
    ):
        assert instants(result) == expected
        assert is_shortest(result)


@given(sets, sets, sets)
def test_the_laws_of_sets_hold(a, b, c):
    """Commutative, associative, distributive, idempotent; difference undoes nothing else."""
    assert a | b == b | a
    assert a & b == b & a
    assert (a | b) | c == a | (b | c)
    assert (a & b) & c == a & (b & c)
    assert a & (b | c) == (a & b) | (a & c)
    assert a | a == a
    assert a & a == a
    assert (a - b) | (a & b) == a
    assert (a - b) & b == IntervalSet()
    assert (a | b).length == a.length + b.length - (a & b).length


@given(sets, stretches)
def test_a_complement_is_everything_else_inside(a, within):
    """Set and complement share nothing, and together they are the interval."""
    rest = a.complement(within)
    assert rest & a == IntervalSet()
    assert rest | a.clip(within) == IntervalSet.of([within])
    assert is_shortest(rest)
    assert rest.complement(within) == a.clip(within)


@given(sets, sets)
def test_de_morgan_holds(a, b):
    """Outside of both is outside of the one and of the other."""
    neither = (a | b).complement(WHOLE)
    assert neither == a.complement(WHOLE) & b.complement(WHOLE)
    assert (a & b).complement(WHOLE) == a.complement(WHOLE) | b.complement(WHOLE)


@given(sets, stretches)
def test_clipping_keeps_exactly_what_lies_inside(a, within):
    """`clip` is the intersection with an interval."""
    assert a.clip(within) == a & IntervalSet.of([within])
    assert instants(a.clip(within)) == instants(a) & set(range(within.start, within.end))


@given(sets, st.integers(-20, 20))
def test_cutting_a_set_anywhere_loses_nothing(a, at):
    """The part before and the part after are the whole, and their lengths add up."""
    before, after = a.clip(Interval(-21, at)), a.clip(Interval(at, 22))
    assert before | after == a
    assert before.length + after.length == a.length


@given(sets, st.integers(0, 45))
def test_the_earliest_part_is_the_first_instants(a, length):
    """`earliest` keeps the smallest instants of a set, no more than asked for."""
    assert sorted(instants(a.earliest(length))) == sorted(instants(a))[:length]
    assert is_shortest(a.earliest(length))


@given(sets, sets)
def test_lengths_in_pieces_are_lengths_of_intersections(a, b):
    """One pass over both gives what one intersection per piece would give."""
    assert a.lengths_in(b) == [(a & IntervalSet((span,))).length for span in b.spans]


@given(sets, stretches)
def test_touching_keeps_whole_spans(a, within):
    """`touching` is what `clip` would keep, uncut."""
    kept = a.touching(within)
    assert kept.spans == tuple(s for s in a.spans if s[0] < within.end and within.start < s[1])
    assert kept.clip(within) == a.clip(within)


@given(sets, st.data())
def test_chosen_spans_stay_as_they_are(a, data):
    """`only` drops spans, `lengths` and `span` tell of those that are left."""
    chosen = data.draw(st.lists(st.booleans(), min_size=len(a), max_size=len(a)))
    kept = a.only(chosen)
    assert kept.spans == tuple(s for s, there in zip(a.spans, chosen, strict=True) if there)
    assert kept.lengths == [kept.span(place).length for place in range(len(kept))]

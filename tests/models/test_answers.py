"""What was answered: runs of timelines and back, and answers united with what is kept."""

from dataclasses import replace
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from models.answers import BESIDE_MS, joined, lent, retold, seen_in, told_by, united, within
from models.intervals import MINUTE_MS, Interval, IntervalSet
from models.outage import Observation, State, Timeline
from models.runs import Run, Runs

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
FLOOR = 10
SPAN = Interval(0, 1000)
ALL = IntervalSet.of([SPAN])

steps = st.lists(st.integers(1, 2 * FLOOR), min_size=1, max_size=30)
states = st.sampled_from(list(State))


@st.composite
def looked(draw, region="eu"):
    """The timeline of some looks."""
    instants = accumulate(draw(steps), initial=draw(st.integers(-50, 50)))
    seen = [Observation(at, draw(states)) for at in instants]
    return Timeline.of(seen, monitor="web", region=region, gap_floor_ms=FLOOR)


@st.composite
def logged(draw):
    """The timeline of a log: no silences, each change seen as late as the log may have looked."""
    lengths = draw(steps)
    instants = list(accumulate(lengths, initial=0))
    told = [draw(states)]
    for _ in instants[1:]:
        told.append(draw(st.sampled_from([state for state in State if state is not told[-1]])))
    unseen = (0, *(draw(st.integers(0, length)) for length in lengths))
    return Timeline(
        "web",
        changes=tuple(zip(instants, told, strict=True)),
        gap_floor_ms=FLOOR,
        last_observed_at=instants[-1] + draw(st.integers(0, 50)),
        unseen_ms=unseen,
    )


def runs_of(*lines):
    """The runs of timelines, through their bytes."""
    told = told_by(lines, floor_ms=FLOOR)
    return Runs.parsed(Runs.of("web", told, floor_ms=FLOOR).canonical())


def union(kept, fresh, *, asked=ALL, span=SPAN):
    """One region's runs, united."""
    told = united({"": kept}, {"": fresh}, asked=asked, span=span, floor_ms=FLOOR)
    return told[""]


def runs(*parts):
    """Runs of first, last and state."""
    return tuple(Run(*part) for part in parts)


@given(looked("eu"), looked("us"))
def test_looks_come_back_as_they_were(one, other):
    """Changes, gaps, and how long each change went unseen, of each region."""
    assert runs_of(one, other).timelines(FLOOR) == (one, other)


@given(logged())
def test_a_log_comes_back_without_silences(line):
    """Also where a change went unseen for longer than a silence that would count."""
    assert runs_of(line).timelines(FLOOR) == (line,)


@given(logged())
def test_a_log_that_saw_everything_is_told_with_zeros(line):
    """None unseen and no word of it are the same; kept evidence always says it."""
    silent = replace(line, unseen_ms=())
    assert runs_of(silent).timelines(FLOOR) == (replace(line, unseen_ms=(0,) * len(line.changes)),)


@given(looked() | logged(), st.integers(-60, 400))
def test_months_are_cut_and_joined_without_a_trace(line, edge):
    """A run over the edge of a month is one run again."""
    (told,) = told_by([line], floor_ms=FLOOR).values()
    parts = [IntervalSet.of([(-1000, edge)]), IntervalSet.of([(edge, 2000)])]
    cut = [run for part in parts for run in within(told, part, floor_ms=FLOOR)]
    assert joined(cut, floor_ms=FLOOR) == told


def test_a_log_is_cut_where_it_changes():
    """No trace of the old state is left after the edge, and no silence before it."""
    told = runs((0, 100, UP), (100, 200, DOWN), (300, 400, UP, True))
    parts = [IntervalSet.of([piece]) for piece in ((0, 100), (100, 350), (350, 500))]
    cut = [within(told, part, floor_ms=FLOOR) for part in parts]
    assert cut[0] == runs((0, 100, UP))
    assert cut[1] == runs((100, 200, DOWN), (300, 350, UP, True))
    assert cut[2] == runs((350, 400, UP))
    assert joined([run for part in cut for run in part], floor_ms=FLOOR) == told


@given(looked(), st.integers(-60, 400), st.integers(0, 100))
def test_what_expired_before_an_instant_is_told_by_what_was_kept(line, edge, more):
    """A look is told until it expires; which looks have, nobody sees in the united runs."""
    (told,) = told_by([line], floor_ms=FLOOR).values()
    late = within(told, IntervalSet.of([(edge, edge + 1000)]), floor_ms=FLOOR)
    span = Interval(-100 - more, 1000)
    assert union(told, late, asked=IntervalSet.of([span]), span=span) == told
    assert union((), told, asked=IntervalSet(), span=span) == told


@given(looked(), looked())
def test_an_answer_stands_where_it_was_asked_for(kept, fresh):
    """Between its first and its last look it is as if nothing had been kept."""
    before, now = (told_by([line], floor_ms=FLOOR)["eu"] for line in (kept, fresh))
    where = IntervalSet.of([(seen.start, seen.end - 1) for seen in seen_in(now) & ALL])
    told = union(before, now)
    assert within(told, where, floor_ms=FLOOR) == within(now, where, floor_ms=FLOOR)
    assert not retold({"": told}, {"": told}, ALL, floor_ms=FLOOR)


def test_time_of_which_nothing_is_known_any_more_does_not_hide_what_was_kept():
    """A vendor that says unknown before its first point has forgotten, not seen."""
    kept = runs((0, 300, UP), (305, 400, DOWN), (405, 900, UP))
    fresh = runs((0, 500, UNKNOWN), (505, 900, UP), (910, 910, UNKNOWN))
    assert union(kept, fresh) == (*kept, *fresh[-1:])
    told = lent({"": kept}, {"": fresh}, asked=ALL, span=SPAN)
    assert told == IntervalSet.of([(0, 505)])


def test_what_an_answer_tells_beside_its_question_yields_to_what_was_asked_for_there():
    """July is asked for; what it says of June was not, and June was asked for before."""
    kept, fresh = runs((0, 999, UP)), runs((900, 999, DOWN), (1000, 1500, UP))
    july = Interval(1000, 2000)
    assert union(kept, fresh, span=july) == runs((0, 1500, UP))


def test_what_an_answer_tells_beside_its_question_counts_where_nobody_asked():
    """An outage over the edge is told whole."""
    kept, fresh = runs((0, 999, UP)), runs((900, 1100, DOWN), (1105, 1500, UP))
    july = Interval(1000, 2000)
    told = union(kept, fresh, asked=IntervalSet(), span=july)
    assert told == runs((0, 900, UP), (900, 1100, DOWN), (1105, 1500, UP))


def test_far_from_its_question_an_answer_yields_to_what_was_kept():
    """A query of July that bounds itself knows nothing of May."""
    day = 1440 * MINUTE_MS
    kept = runs((0, day, UP), (day, 2 * day, DOWN), (2 * day, 3 * day, UP))
    fresh = runs((0, 200 * day, UP))
    span = Interval(3 * day + BESIDE_MS, 200 * day)
    told = union(kept, fresh, asked=IntervalSet(), span=span)
    assert told == (*kept[:2], Run(2 * day, 200 * day, UP))


def test_more_looks_at_the_end_are_no_other_telling_and_another_state_is():
    """Later looks extend what was told; an outage inside it changes it."""
    kept = {"": runs((0, 500, UP))}
    longer, other = runs((0, 900, UP)), runs((0, 300, UP), (305, 400, DOWN), (405, 900, UP))
    assert not retold(kept, {"": longer}, ALL, floor_ms=FLOOR)
    assert retold(kept, {"": other}, ALL, floor_ms=FLOOR)


MONTH, MARGIN = 100, 2 * FLOOR + 5


def answered(looks, span, horizon):
    """What a vendor tells of a span and a little beside it, of what it has not forgotten."""
    told = [o for o in looks if span.start - MARGIN <= o.at < span.end + MARGIN]
    line = Timeline.of(
        [o for o in told if o.at >= horizon], monitor="web", region="eu", gap_floor_ms=FLOOR
    )
    return told_by([line], floor_ms=FLOOR)


@given(
    st.lists(st.tuples(st.integers(1, 2 * FLOOR), states), min_size=30, max_size=60),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 150)), min_size=1, max_size=8),
)
def test_a_month_that_was_told_whole_stays_so_whatever_is_asked_and_forgotten_next(seen, asks):
    """Months are asked for in any order, and what is older than a rising instant is forgotten."""
    instants = accumulate((step for step, _ in seen), initial=-MARGIN)
    looks = [Observation(at, s) for at, (_, s) in zip(instants, seen, strict=False)]
    whole = answered(looks, Interval(-10_000, 10_000), -10_000)
    kept: dict[str, tuple[Run, ...]] = {}
    asked, horizon, months = IntervalSet(), -10_000, set()
    for number, forgotten in asks:
        span = Interval(number * MONTH, (number + 1) * MONTH)
        fresh = answered(looks, span, horizon)
        kept = united(kept, fresh, asked=asked, span=span, floor_ms=FLOOR)
        if horizon <= span.start - MARGIN:
            months.add(span)
        asked |= IntervalSet.of([span])
        horizon = max(horizon, forgotten * 4 - MONTH)
        for month in months:
            inside = IntervalSet.of([month])
            now, then = (
                within(told.get("eu", ()), inside, floor_ms=FLOOR) for told in (kept, whole)
            )
            assert now == then

"""What holds for every month and every contract: laws of measuring."""

import dataclasses

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.intervals import Interval, IntervalSet
from models.measurement import ExclusionMode, NoData, PartialOverlap, UnknownInOutage
from models.observed import observe, stretch_of
from models.outage import State, Timeline
from models.uptime import MonthlyUptime, evidence_of, measure_uptime
from tests.properties.slow_uptime import TICK_MS, Case
from tests.properties.tiny_months import START, cases

EXAMPLES = settings(max_examples=60, deadline=None)
LATER = START + 60
"""A tick after every generated observation."""
LONG_BEFORE = START - 60
"""A tick before every generated observation."""


def measured(case: Case, **changes) -> MonthlyUptime:
    """The month of a case, measured with some arguments changed."""
    given_arguments = {
        "monitors": case.timelines,
        "month": case.month,
        "terms": case.terms,
        "exclusions": case.judged,
    }
    return measure_uptime(**{**given_arguments, **changes})


def with_terms(case: Case, **fields) -> Case:
    """The same month under changed terms."""
    return dataclasses.replace(case, terms=case.terms.model_copy(update=fields))


def with_seen(case: Case, seen) -> Case:
    """The same month with every probe's observations changed by a function."""
    monitors = tuple(
        tuple(dataclasses.replace(probe, seen=tuple(seen(probe.seen))) for probe in monitor)
        for monitor in case.monitors
    )
    return dataclasses.replace(case, monitors=monitors)


def without_quorum_beyond(case: Case) -> None:
    """Leave out months whose rule asks for more probes than there are; they have no uptime."""
    assume("asks for" not in measured(case).withheld)


@EXAMPLES
@given(cases(), st.randoms(use_true_random=False))
def test_order_and_repetition_of_observations_do_not_matter(case, random):
    """Shuffled and partly repeated, the same checks give the same month, reasons included."""

    def shuffled(seen):
        mixed = [*seen, *random.choices(seen, k=3)] if seen else []
        random.shuffle(mixed)
        return mixed

    assert measured(with_seen(case, shuffled)) == measured(case)


@EXAMPLES
@given(cases())
def test_an_observation_that_repeats_the_state_changes_nothing(case):
    """Without staleness, a check between two others that says what held anyway adds nothing."""
    case = with_terms(case, stale_after_minutes=None)

    def repeated(seen):
        worst = dict(sorted(seen))
        free = {at + 1: state for at, state in worst.items() if at + 1 not in worst}
        return [*seen, *((at, state) for at, state in free.items() if at < max(worst))]

    assert measured(with_seen(case, repeated)) == measured(case)


@EXAMPLES
@given(cases())
def test_the_evidence_measures_like_everything(case):
    """The slices that are kept as evidence give the same month, to the last reason."""
    slices = evidence_of(monitors=case.timelines, month=case.month, terms=case.terms)
    assert measured(case, monitors=slices) == measured(case)
    assert evidence_of(monitors=slices, month=case.month, terms=case.terms) == slices


@EXAMPLES
@given(cases(), st.sampled_from(State))
def test_later_observations_leave_the_evidence_alone(case, state):
    """Once the state after the month is known, the digest of a month's evidence is final."""
    case = with_terms(case, unknown_in_outage=UnknownInOutage.BREAKS)
    observed = observe(case.timelines, case.month, case.terms)
    assume(stretch_of(observed).end < observed.horizon.end)
    more = with_seen(case, lambda seen: [*seen, (LATER, state)] if seen else [])
    assert evidence_of(monitors=more.timelines, month=more.month, terms=more.terms) == evidence_of(
        monitors=case.timelines, month=case.month, terms=case.terms
    )


@EXAMPLES
@given(cases(), st.sampled_from(State), st.integers(1, 30), st.sampled_from([None, *State]))
def test_older_observations_leave_the_evidence_alone(case, state, earlier, before):
    """What was seen before the last state that still held is no part of a month's evidence."""
    if before is not None:
        # Few months begin with all of their probes seen unless each has looked long before.
        case = with_seen(case, lambda s: [(LONG_BEFORE, before), *s] if s else [])
    stretch = stretch_of(observe(case.timelines, case.month, case.terms))
    first = [min(at for at, _ in p.seen) for m in case.monitors for p in m if p.seen]
    assume(first and all(at * TICK_MS <= stretch.start for at in first))
    more = with_seen(case, lambda s: [*s, (min(at for at, _ in s) - earlier, state)] if s else [])
    assume(stretch_of(observe(more.timelines, more.month, more.terms)) == stretch)
    assert evidence_of(monitors=more.timelines, month=more.month, terms=more.terms) == evidence_of(
        monitors=case.timelines, month=case.month, terms=case.terms
    )


@EXAMPLES
@given(cases())
def test_a_timeline_survives_its_record(case):
    """`from_record` undoes `to_record`."""
    for regions in case.timelines:
        for timeline in regions:
            assert Timeline.from_record(timeline.to_record()) == timeline


@settings(max_examples=150, deadline=None)
@given(cases())
def test_counted_downtime_never_grows_by_an_exclusion(case):
    """Whatever is excluded, what counts as down afterwards counted as down before."""
    with_all, without = measured(case), measured(case, exclusions=())
    assert with_all.down - without.down == IntervalSet()
    if with_all.windows and without.windows:
        assert with_all.windows.error <= without.windows.error


@EXAMPLES
@given(cases())
def test_one_more_exclusion_never_adds_downtime(case):
    """The same for the last of several exclusions."""
    assume(case.exclusions)
    fewer = dataclasses.replace(case, exclusions=case.exclusions[:-1])
    assert measured(case).down - measured(fewer).down == IntervalSet()


@EXAMPLES
@given(cases())
def test_uptime_never_falls_by_an_exclusion_that_counts_as_up(case):
    """Where excluded time counts as up, only the leaving side is ever in the client's disfavour."""
    case = with_terms(case, exclusion_mode=ExclusionMode.COUNTS_AS_UP)
    with_all, without = measured(case).ratio, measured(case, exclusions=()).ratio
    if with_all is not None and without is not None:
        assert with_all >= without


@settings(max_examples=150, deadline=None)
@given(cases(), st.data())
def test_more_downtime_never_raises_uptime(case, data):
    """An observation that turns from up to down can only lower the uptime.

    Where one exclusion forgives a whole outage this cannot hold: a longer outage may reach into it.
    Nor where unknown time is excluded and the fall makes a vote known: the month is longer then.
    """
    case = with_terms(case, partial_overlap=PartialOverlap.SUBTRACT)
    without_quorum_beyond(case)
    up = sorted({at for m in case.monitors for p in m for at, state in p.seen if state == State.UP})
    assume(up)
    fallen = data.draw(st.sampled_from(up))

    def worsened(seen):
        falls = (fallen, State.UP)
        return [(at, State.DOWN) if (at, state) == falls else (at, state) for at, state in seen]

    worse = with_seen(case, worsened)
    before, after = measured(case), measured(worse)
    if case.terms.no_data is NoData.EXCLUDED:
        assume(before.silent_ms == after.silent_ms)
    if before.ratio is not None and after.ratio is not None:
        assert after.ratio <= before.ratio


@EXAMPLES
@given(cases(), st.data())
def test_splitting_a_month_anywhere_changes_no_sum(case, data):
    """Two halves have the down, excluded and unknown time of the whole."""
    case = with_terms(case, minimum_outage=None, partial_overlap=PartialOverlap.SUBTRACT)
    at = data.draw(st.integers(case.start + 1, case.end - 1)) * TICK_MS
    whole = measured(case)
    halves = [
        measured(case, month=month)
        for month in (Interval(case.month.start, at), Interval(at, case.month.end))
    ]
    assert halves[0].down | halves[1].down == whole.down
    assert halves[0].excluded | halves[1].excluded == whole.excluded
    assert halves[0].unknown | halves[1].unknown == whole.unknown
    assert sum(half.silent_ms for half in halves) == whole.silent_ms


@EXAMPLES
@given(cases(), st.integers(1, 19))
def test_splitting_an_exclusion_anywhere_changes_nothing(case, after):
    """Two exclusions that touch are one."""
    pieces = []
    for excluded in case.exclusions:
        cut = min(excluded.start + after, excluded.end)
        pieces.append(dataclasses.replace(excluded, end=cut))
        if cut < excluded.end:
            pieces.append(dataclasses.replace(excluded, start=cut))
    split = dataclasses.replace(case, exclusions=tuple(pieces))
    assert measured(split) == measured(case)


@EXAMPLES
@given(cases())
def test_down_excluded_and_unknown_time_share_nothing(case):
    """Every instant of the month is one thing, so that the fraction adds up."""
    month = measured(case)
    assert month.down & month.excluded == IntervalSet()
    assert month.down & month.unknown == IntervalSet()
    assert month.excluded & month.unknown == IntervalSet()
    assert month.down.length == sum(outage.counted_ms for outage in month.outages)
    counts = month.windows
    if counts:
        assert counts.error + counts.excluded + counts.unknown <= counts.total


@EXAMPLES
@given(cases())
def test_a_month_has_an_uptime_or_a_reason(case):
    """A ratio lies from 0 to 1; without one there is a sentence that says why."""
    month = measured(case)
    assert (month.ratio is None) == bool(month.withheld)
    assert month.ratio is None or 0 <= month.ratio <= 1
    assert 0 <= month.coverage <= 1
    if case.terms.no_data in (NoData.UP, NoData.DOWN, NoData.EXCLUDED):
        assert not month.unknown

"""Many contracts measured together come to what each of them comes to alone."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.monitoring._compaction import Observations
from connectors.monitoring._engine import measure as engine
from models.intervals import Interval, IntervalSet
from models.many import Asked, Fleet, Sums
from models.outage import Timeline
from models.spans import Spans
from models.uptime import measure_uptime
from tests.properties import slow_uptime
from tests.properties.slow_uptime import TICK_MS, Case
from tests.properties.tiny_months import cases, measurements

pieces = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=8).map(
    lambda found: [(start, start + length) for start, length in found]
)


def runs_of(case: Case):
    """The case's observations as the engine's runs, by monitor."""
    names: list[tuple[str, str]] = []
    rows: list[tuple[int, int, int]] = []
    for number, monitor in enumerate(case.monitors):
        for probe in monitor:
            rows += [
                (len(names), tick * slow_uptime.TICK_MS, int(state)) for tick, state in probe.seen
            ]
            names.append((f"monitor-{number}", probe.region))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    seen = Observations(columns[0], columns[1], columns[2].astype(np.int8))
    asked = engine.Asked(floor_ms=slow_uptime.TICK_MS, counts=False)
    return {runs.monitor: runs for runs in engine.measure_rows(seen, names, asked).runs()}


def alone(fleet, asked):
    """The same by the functions that measure one month."""
    stale = asked.terms.stale_after_ms
    lines = [
        fleet.runs[name].timelines(stale) if name in fleet.runs else (Timeline(name),)
        for name in asked.monitors
    ]
    return Sums.of(
        measure_uptime(
            monitors=lines, month=asked.month, terms=asked.terms, exclusions=asked.exclusions
        )
    )


@settings(max_examples=400, deadline=None)
@given(cases(), st.lists(measurements, min_size=1, max_size=3), st.integers(0, 12))
def test_many_contracts_come_to_what_each_comes_to_alone(case: Case, others, later):
    """Any terms, any exclusions, months that begin at different times, all in one question."""
    fleet = Fleet(runs_of(case))
    months = [
        case.month,
        Interval(case.month.start + later * TICK_MS, case.month.end + later * TICK_MS),
    ]
    names = [f"monitor-{number}" for number in range(len(case.monitors))]
    everywhere = tuple(
        exclusion
        for exclusion in case.judged
        if not exclusion.regions and months[0].start <= months[1].start
    )
    asked = [
        Asked((name,), month, terms, exclusions if month == months[0] else ())
        for name in names
        for month in months
        for terms in [case.terms, *others]
        for exclusions in (everywhere, tuple(case.judged))
    ]
    asked.append(Asked(tuple(names), case.month, case.terms, tuple(case.judged)))
    assert fleet.sums(asked) == [alone(fleet, contract) for contract in asked]


@given(pieces, pieces, pieces)
def test_spans_are_sets_of_time(a, b, cuts):
    """Union, difference and lengths are those of interval sets."""
    one, other = IntervalSet.of(a), IntervalSet.of(b)
    first, second = (Spans.of(*np.array(p, np.int64).reshape(-1, 2).T) for p in (a, b))
    for fast, slow in ((first | second, one | other), (first - second, one - other)):
        assert tuple(zip(fast.starts.tolist(), fast.ends.tolist(), strict=True)) == slow.spans
    starts, ends = np.array(cuts, np.int64).reshape(-1, 2).T
    expected = [one.clip(Interval(s, e)).length if s < e else 0 for s, e in cuts]
    assert first.within(starts, ends).tolist() == expected

"""The fast measurement equals the slow one, for any month and any terms."""

import pytest
from hypothesis import given, settings

from models import intervals
from models.intervals import IntervalSet
from models.uptime import measure_uptime
from tests.properties.slow_uptime import TICK_MS, Case, measured_slowly
from tests.properties.tiny_months import cases


@pytest.fixture(autouse=True, scope="module", params=[64, -1], ids=["pairs", "columns"])
def _held(request):
    """Sets are held as pairs where they are small, and as columns, however small they are."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(intervals, "MOST_PAIRS", request.param)
        yield


def ticks(time: IntervalSet) -> set[int]:
    """A set of time as ticks; every bound is a whole number of them."""
    assert all(at % TICK_MS == 0 for span in time.spans for at in span)
    return {tick for start, end in time.spans for tick in range(start // TICK_MS, end // TICK_MS)}


@settings(max_examples=400, deadline=None)
@given(cases())
def test_measuring_by_sets_equals_measuring_tick_by_tick(case: Case):
    """Downtime, exclusions, unknown time, outages, windows and the fraction are all the same."""
    slow = measured_slowly(case)
    fast = measure_uptime(
        monitors=case.timelines, month=case.month, terms=case.terms, exclusions=case.judged
    )
    assert ticks(fast.down) == slow.down
    assert ticks(fast.excluded) == slow.excluded
    assert ticks(fast.unknown) == slow.unknown
    assert fast.silent_ms == slow.silent * TICK_MS
    assert [
        (o.whole.start // TICK_MS, o.whole.end // TICK_MS, o.counted_ms // TICK_MS)
        for o in fast.outages
    ] == slow.outages
    counts = fast.windows
    assert slow.windows == (
        counts and (counts.total, counts.error, counts.excluded, counts.unknown)
    )
    if "asks for" not in fast.withheld:
        assert fast.ratio == slow.ratio

"""What a probe tells of a stretch: states at their lengths, silences, and what nobody knows."""

from fractions import Fraction

from models.intervals import Interval
from models.outage import Observation, State, Timeline
from models.sightings import probe_seen

HOUR = 3_600_000
DAY = Interval(0, 24 * HOUR)


def timeline(*observations, floor=HOUR):
    """A probe with observations at these hours."""
    seen = [Observation(hour * HOUR, state) for hour, state in observations]
    return Timeline.of(seen, monitor="api", region="eu", gap_floor_ms=floor)


def test_each_state_has_its_length():
    """Up from 0, degraded from 6, down from 8, up from 9 on: 21, 2 and 1 of 24 hours."""
    changes = [(0, State.UP), (6, State.DEGRADED), (8, State.DOWN), (9, State.UP)]
    seen = probe_seen(timeline(*changes), DAY, stale_after_ms=None)
    assert (seen.up_ms, seen.degraded_ms, seen.down_ms, seen.unknown_ms) == (
        21 * HOUR,
        2 * HOUR,
        HOUR,
        0,
    )
    assert (seen.monitor, seen.region, seen.state) == ("api", "eu", State.UP)
    assert (seen.first_at, seen.last_at) == (0, 9 * HOUR)
    assert seen.coverage == 1


def test_a_silence_is_unknown_where_it_is_too_long():
    """Observed at 0 and 6, known for two hours each: 4 of 24."""
    seen = probe_seen(timeline((0, State.UP), (6, State.UP)), DAY, stale_after_ms=2 * HOUR)
    assert seen.unknown_ms == 20 * HOUR
    assert seen.coverage == Fraction(4, 24)
    assert seen.longest_silence_ms == 6 * HOUR


def test_time_before_the_first_observation_is_unknown():
    """Watched from noon on."""
    seen = probe_seen(timeline((12, State.UP)), DAY, stale_after_ms=None)
    assert seen.unknown_ms == 12 * HOUR
    assert seen.longest_silence_ms is None


def test_a_probe_that_never_told_anything_knows_nothing():
    """All of the day is unknown."""
    seen = probe_seen(Timeline("api", gap_floor_ms=HOUR), DAY, stale_after_ms=HOUR)
    assert (seen.unknown_ms, seen.first_at, seen.state) == (24 * HOUR, None, State.UNKNOWN)


def test_only_the_stretch_counts():
    """Down since the day before: all of it, and no more."""
    seen = probe_seen(timeline((-5, State.DOWN), (30, State.UP)), DAY, stale_after_ms=None)
    assert (seen.down_ms, seen.up_ms) == (24 * HOUR, 0)
    assert seen.longest_silence_ms == 35 * HOUR

"""Instants, half-open intervals and sets of them, in plain cases; the laws are in properties."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from models.intervals import Interval, IntervalSet, instant, utc, utc_text


def test_an_instant_is_milliseconds_since_1970_in_utc():
    """12:30 at +02:00 is 10:30 in UTC: 10.5 x 3,600,000 ms after midnight."""
    summer = timezone(timedelta(hours=2))
    assert instant(datetime(1970, 1, 1, 12, 30, tzinfo=summer)) == 37_800_000
    assert utc(37_800_000) == datetime(1970, 1, 1, 10, 30, tzinfo=UTC)


def test_microseconds_are_cut_and_never_rounded():
    """999.999 ms is still within millisecond 999, before 1970 too."""
    assert instant(datetime(1970, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC)) == 999
    assert instant(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


def test_a_time_without_a_zone_is_refused():
    """Nobody guesses whose 12:30 it was."""
    with pytest.raises(ValueError, match="has no time zone"):
        instant(datetime(2026, 5, 1, 12, 30))  # noqa: DTZ001 - the missing zone is the case


def test_an_instant_is_printed_with_milliseconds_only_where_it_has_some():
    """Whole seconds stay short."""
    assert utc_text(1_777_593_600_000) == "2026-05-01T00:00:00Z"
    assert utc_text(1_777_593_600_250) == "2026-05-01T00:00:00.250Z"


@pytest.mark.parametrize("end", [10, 9])
def test_an_empty_or_reversed_interval_does_not_exist(end):
    """Half-open: from 10 to 10 holds nothing."""
    with pytest.raises(ValueError, match="must end after it starts"):
        Interval(10, end)


def test_an_interval_prints_as_iso_8601():
    """`start/end`, as `--exclude` reads it."""
    assert str(Interval(0, 60_000)) == "1970-01-01T00:00:00Z/1970-01-01T00:01:00Z"


def test_an_interval_holds_its_start_and_not_its_end():
    """Half-open: two neighbours share no instant."""
    night = IntervalSet.of([Interval(10, 20)])
    assert 10 in night
    assert 19 in night
    assert 20 not in night
    assert 9 not in night


def test_pieces_that_touch_are_one_span():
    """[0, 10) and [10, 20) are [0, 20)."""
    assert IntervalSet.of([(10, 20), (0, 10)]).spans == ((0, 20),)


def test_a_piece_that_ends_before_it_starts_is_refused():
    """A reversed piece is a mistake, an empty one is nothing."""
    assert not IntervalSet.of([(5, 5)])
    with pytest.raises(ValueError, match="must not end before it starts"):
        IntervalSet.of([(5, 4)])


def test_a_set_gives_its_spans_as_intervals():
    """Iterating is rising."""
    assert list(IntervalSet.of([(5, 6), (1, 2)])) == [Interval(1, 2), Interval(5, 6)]

"""Measuring a month, clause by clause; every month here is May 2026 unless it says otherwise."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from models.intervals import Interval, instant
from models.measurement import MeasurementTerms
from models.outage import Observation, State, Timeline
from models.period import ServiceMonth
from models.service_period import MONTHLY
from models.uptime import evidence_of, measure_uptime, measured_month
from models.windows import WindowCounts
from tests.models.scenes import MAY, at, down, excluded, measured, minutes, seen, time

MAY_MINUTES = 31 * 24 * 60
TEN_MINUTES = {"minutes": 10}
MONITORED = down("12 10:00 - 12 10:43")


def test_a_state_holds_from_its_observation_to_the_next():
    """Down at 10:00 and up again at 10:43 are 43 minutes, whatever was checked between."""
    month = measured(seen("00 09:00 up, 12 10:00 down, 12 10:20 down, 12 10:43 up"))
    assert month.down == time("12 10:00 - 12 10:43")
    assert month.ratio == 1 - Fraction(43, MAY_MINUTES)


def test_the_last_observation_before_the_month_sets_its_start():
    """A monitor that was down on 30 April is down on 1 May until it says otherwise."""
    month = measured(seen("00 23:00 down, 01 00:30 up"))
    assert month.down == time("01 00:00 - 01 00:30")
    assert month.outages[0].whole == Interval(at("00 23:00"), at("01 00:30"))


def test_the_last_state_holds_to_the_end_of_the_month():
    """Nothing was seen after 31 May 23:00, and no term says that the state grew stale."""
    assert measured(seen("00 09:00 up, 31 23:00 down")).down == time("31 23:00 - 32 00:00")


def test_before_the_first_observation_nothing_is_known():
    """A monitor that was set up on 2 May leaves one day of the month unknown."""
    month = measured(seen("02 00:00 up"))
    assert month.unknown == time("01 00:00 - 02 00:00")
    assert month.coverage == Fraction(30, 31)
    assert month.ratio is None
    assert "24 h has no known state, and no_data is withhold" in month.withheld


def test_a_silent_state_is_unknown_after_its_time_until_the_next_observation():
    """Silent from 10:00 to 12:00 and stale after 15 minutes: unknown from 10:15."""
    month = measured(
        seen("00 09:00 up, " + ",".join(f"{d:02} 00:00 up,{d:02} 12:00 up" for d in range(1, 33))),
        stale_after_minutes=715,
    )
    assert month.unknown.spans[0] == (at("01 11:55"), at("01 12:00"))
    assert month.silent_ms == 62 * minutes(5)


def test_an_observation_exactly_when_the_state_grows_stale_leaves_nothing_unknown():
    """Five minutes of silence are not more than five minutes."""
    watched = seen(",".join(f"{day:02} {hour:02}:00 up" for day in range(33) for hour in range(24)))
    assert not measured(watched, stale_after_minutes=60).unknown
    assert measured(watched, stale_after_minutes=59).unknown.length == 31 * 24 * minutes(1)


def test_a_timeline_without_the_gaps_that_staleness_needs_is_refused():
    """Gaps of 10 minutes cannot say what was silent for 5."""
    coarse = seen("00 09:00 up", gap_floor_ms=minutes(10))
    with pytest.raises(ValueError, match="keeps silences from 600000 ms"):
        measured(coarse, stale_after_minutes=5)


def test_no_observation_at_all_follows_the_no_data_policy():
    """An empty source is no error: the month is unknown, and the contract says what that means."""
    nothing = Timeline("checkout")
    assert measured(nothing).ratio is None
    assert measured(nothing, no_data="up").ratio == 1
    assert measured(nothing, no_data="down").ratio == 0
    assert "no measurable time" in measured(nothing, no_data="excluded").withheld
    assert "no earlier state to carry" in measured(nothing, no_data="carry").withheld


def test_a_monitor_without_timelines_is_unknown():
    """The contract names a monitor that the source knows nothing about."""
    month = measure_uptime(monitors=[()], month=MAY, terms=MeasurementTerms())
    assert month.silent_ms == MAY.length


def test_a_contract_without_monitors_is_refused():
    """Nothing to measure is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least one monitor"):
        measure_uptime(monitors=[], month=MAY, terms=MeasurementTerms())


@pytest.mark.parametrize(
    ("policy", "counted", "measurable"),
    [
        ("up", "30", MAY_MINUTES),
        ("down", "150", MAY_MINUTES),
        ("carry", "150", MAY_MINUTES),
        ("excluded", "30", MAY_MINUTES - 120),
    ],
)
def test_the_no_data_policy_decides_what_unknown_time_is(policy, counted, measurable):
    """Down from 10:00, unknown from 10:30 to 12:30, then up: 30 or 150 minutes down."""
    month = measured(
        seen("00 09:00 up, 12 10:00 down, 12 10:30 unknown, 12 12:30 up"), no_data=policy
    )
    assert month.down.length == minutes(counted)
    assert month.ratio == 1 - Fraction(int(counted), measurable)
    assert month.silent_ms == minutes(120)


def test_carried_time_takes_the_state_before_it():
    """After up, unknown time is up; after down, it is down."""
    watched = "00 09:00 up, 03 10:00 unknown, 03 11:00 down, 03 11:10 unknown, 03 11:40 up"
    assert measured(seen(watched), no_data="carry").down == time("03 11:00 - 03 11:40")


def test_a_month_with_too_little_coverage_is_withheld_whatever_the_policy():
    """30 of 31 days are 96.774193... %, and the contract asks for 97 %."""
    month = measured(seen("02 00:00 up"), no_data="up", minimum_coverage_percent=97)
    assert month.ratio is None
    assert month.withheld == "coverage is 96.774193… %, below the minimum of 97 %"
    assert measured(seen("02 00:00 up"), no_data="up", minimum_coverage_percent=96).ratio == 1


def test_exactly_the_minimum_coverage_is_enough():
    """Known from noon of the 16th: 15.5 of 31 days are 50 %."""
    half = seen("16 12:00 up")
    assert measured(half, no_data="up", minimum_coverage_percent=50).ratio == 1
    assert measured(half, no_data="up", minimum_coverage_percent="50.01").ratio is None


@pytest.mark.parametrize(("degraded", "counted"), [("up", 43), ("down", 103)])
def test_a_degraded_state_counts_as_the_contract_says(degraded, counted):
    """An hour of degradation before 43 minutes of outage is one outage of 103 minutes, or none."""
    watched = seen("00 09:00 up, 12 09:00 degraded, 12 10:00 down, 12 10:43 up")
    month = measured(watched, degraded=degraded)
    assert month.down.length == minutes(counted)
    assert len(month.outages) == 1


def test_the_running_month_ends_now():
    """On 16 May at noon the month is 15.5 days long, and the outage of that morning is in it."""
    month = measured(seen("00 09:00 up, 16 11:00 down"), month=Interval(MAY.start, at("16 12:00")))
    assert month.ratio == 1 - Fraction(60, 15 * 1440 + 720)


EU = down("12 10:00 - 12 11:00", region="eu")
US = down("12 10:30 - 12 11:30", region="us")
AP = down("12 10:45 - 12 10:50", region="ap")


@pytest.mark.parametrize(
    ("rule", "counted"),
    [
        ("any", 90),  # 10:00 to 11:30
        ("majority", 30),  # two of three from 10:30 to 11:00
        ("all", 5),  # 10:45 to 10:50
        (1, 90),
        (2, 30),
        (3, 5),
    ],
)
def test_regions_vote_by_the_contracts_rule(rule, counted):
    """Three regions see three different outages."""
    month = measured(EU, US, AP, regions_down_when=rule)
    assert month.down.length == minutes(counted)


def test_the_majority_is_strictly_more_than_half():
    """One region of two is half, not a majority."""
    assert measured(EU, US).down == time("12 10:30 - 12 11:00")


@pytest.mark.parametrize(("rule", "counted"), [("any", 90), ("all", 30), ("majority", 30)])
def test_monitors_vote_after_their_regions(rule, counted):
    """A contract with two monitors; by default any of them makes it down."""
    terms = MeasurementTerms.model_validate({"monitors_down_when": rule})
    month = measure_uptime(monitors=[[EU], [US]], month=MAY, terms=terms)
    assert month.down.length == minutes(counted)


def test_a_rule_that_asks_for_more_regions_than_there_are_withholds_the_month():
    """Three regions can never be down where the source knows two; 100 % would be a lie."""
    month = measured(EU, US, regions_down_when=3)
    assert month.withheld == "regions_down_when asks for 3 regions, but there are 2"


SILENT = seen("00 09:00 up, 12 09:00 unknown, 12 12:00 up", region="ap")


def test_semantics_4_over_all_regions_an_unknown_one_may_leave_the_vote_open():
    """One down, one up, one unknown: two of three could be down. Two known ones decide it."""
    month = measured(EU, US, SILENT, quorum_base="all")
    assert month.down == time("12 10:30 - 12 11:00")
    assert month.unknown == time("12 10:00 - 12 10:30", "12 11:00 - 12 11:30")


def test_semantics_4_over_reporting_regions_an_unknown_one_has_no_vote():
    """Two regions report, and one of two is no majority."""
    month = measured(EU, US, SILENT, quorum_base="reporting")
    assert month.down == time("12 10:30 - 12 11:00")
    assert not month.unknown


def test_with_no_region_reporting_nothing_is_known():
    """A vote without voters is unknown, not up."""
    assert measured(SILENT, quorum_base="reporting").unknown == time("12 09:00 - 12 12:00")


def test_an_outage_of_exactly_the_minimum_counts_from_its_first_second():
    """Ten minutes are not shorter than ten minutes."""
    month = measured(down("12 10:00 - 12 10:10"), minimum_outage=TEN_MINUTES)
    assert month.down == time("12 10:00 - 12 10:10")


def test_a_shorter_outage_is_ignored_with_a_reason():
    """Nine minutes do not count, and the outage says why."""
    month = measured(down("12 10:00 - 12 10:09"), minimum_outage=TEN_MINUTES)
    assert month.ratio == 1
    assert [(o.counted_ms, o.ignored) for o in month.outages] == [
        (0, "9 min is shorter than the minimum of 10 min")
    ]


def test_exactly_the_minimum_is_ignored_where_it_must_be_longer():
    """`reaches: longer_than`."""
    terms = {**TEN_MINUTES, "reaches": "longer_than"}
    assert measured(down("12 10:00 - 12 10:10"), minimum_outage=terms).ratio == 1
    assert measured(down("12 10:00 - 12 10:11"), minimum_outage=terms).ratio != 1


@pytest.mark.parametrize(
    ("judged_by", "counted"),
    [
        ("whole", 6),  # 16 minutes in all, 6 of them in May
        ("in_month", 0),  # 6 minutes are short of 10
        ("counted", 0),
    ],
)
def test_semantics_1_an_outage_over_the_months_edge_is_judged_by_whole_or_part(judged_by, counted):
    """Down from 23:50 on 30 April to 00:06: long as a whole, short in May."""
    edge = down("00 23:50 - 01 00:06")
    month = measured(edge, minimum_outage={**TEN_MINUTES, "judged_by": judged_by})
    assert month.down.length == minutes(counted)


@pytest.mark.parametrize(
    ("judged_by", "counted"),
    [
        ("whole", 8),  # 20 minutes in all, 12 of them excluded
        ("in_month", 8),
        ("counted", 0),  # the 8 that are left are short of 10
    ],
)
def test_semantics_1_the_minimum_is_judged_before_or_after_exclusions(judged_by, counted):
    """Down from 10:00 to 10:20, with maintenance from 10:08."""
    month = measured(
        down("12 10:00 - 12 10:20"),
        exclusions=[excluded("12 10:08 - 12 10:20")],
        minimum_outage={**TEN_MINUTES, "judged_by": judged_by},
    )
    assert month.down.length == minutes(counted)


@pytest.mark.parametrize(
    ("judged_by", "counted"),
    [
        ("whole", "12 10:10 - 12 10:30"),
        ("in_month", "12 10:10 - 12 10:30"),
        ("counted", "12 10:15 - 12 10:30"),  # the first ten counted minutes end at 10:15
    ],
)
def test_a_qualifying_outage_may_count_beyond_the_minimum_only(judged_by, counted):
    """30 minutes of outage, five of them excluded at the start."""
    month = measured(
        down("12 10:00 - 12 10:30"),
        exclusions=[excluded("12 10:00 - 12 10:05")],
        minimum_outage={**TEN_MINUTES, "judged_by": judged_by, "counts_from": "after_minimum"},
    )
    assert month.down == time(counted)


def test_an_outage_over_the_months_edge_may_use_up_its_minimum_before_the_month():
    """Down from 23:55 to 00:20, less ten minutes: from 00:05, or 00:10 where May is judged."""
    edge = down("00 23:55 - 01 00:20")
    terms = {**TEN_MINUTES, "counts_from": "after_minimum"}
    assert measured(edge, minimum_outage=terms).down == time("01 00:05 - 01 00:20")
    terms["judged_by"] = "in_month"
    assert measured(edge, minimum_outage=terms).down == time("01 00:10 - 01 00:20")


@pytest.mark.parametrize(("between", "counted"), [("breaks", 0), ("bridges", 12)])
def test_semantics_2_unknown_time_breaks_or_bridges_an_outage(between, counted):
    """Six minutes down, three unknown, six down: two short outages, or one of fifteen minutes.

    The bridged unknown minutes are not downtime.
    """
    watched = seen(
        "00 09:00 up, 12 10:00 down, 12 10:06 unknown, 12 10:09 down, 12 10:15 up, 33 00:00 up"
    )
    month = measured(
        watched,
        no_data="excluded",
        minimum_outage=TEN_MINUTES,
        unknown_in_outage=between,
    )
    assert month.down.length == minutes(counted)
    assert month.excluded == time("12 10:06 - 12 10:09")


@pytest.mark.parametrize(("overlap", "counted"), [("subtract", 20), ("whole_outage", 0)])
def test_semantics_3_an_exclusion_takes_its_part_or_the_whole_outage(overlap, counted):
    """30 minutes of outage run ten minutes into a maintenance."""
    month = measured(
        down("12 10:00 - 12 10:30"),
        exclusions=[excluded("12 10:20 - 12 11:00")],
        partial_overlap=overlap,
    )
    assert month.down.length == minutes(counted)
    assert month.excluded == time("12 10:20 - 12 11:00")
    assert month.outages[0].ignored


def test_an_outage_that_no_exclusion_touches_is_not_forgiven():
    """`whole_outage` forgives the touched one alone; touching edges share no instant."""
    month = measured(
        down("12 10:00 - 12 10:20", "13 10:00 - 13 10:07"),
        exclusions=[excluded("12 10:20 - 12 11:00")],
        partial_overlap="whole_outage",
    )
    assert month.down.length == minutes(27)


def test_excluded_time_leaves_both_sides_by_default():
    """100 minutes excluded, 20 counted: (44640 - 20 - 100) / (44640 - 100)."""
    month = measured(down("12 10:00 - 12 10:30"), exclusions=[excluded("12 10:20 - 12 12:00")])
    assert month.ratio == Fraction(44640 - 20 - 100, 44640 - 100)


def test_excluded_time_may_count_as_up():
    """The same month with 20 minutes down of 44640."""
    month = measured(
        down("12 10:00 - 12 10:30"),
        exclusions=[excluded("12 10:20 - 12 12:00")],
        exclusion_mode="counts_as_up",
    )
    assert month.ratio == Fraction(44640 - 20, 44640)


def test_overlapping_exclusions_count_once():
    """Two maintenances share half an hour."""
    month = measured(
        MONITORED,
        exclusions=[excluded("05 01:00 - 05 02:00"), excluded("05 01:30 - 05 02:30")],
    )
    assert month.excluded == time("05 01:00 - 05 02:30")


def test_excluding_good_time_lowers_uptime_and_says_so():
    """43 minutes are a larger share of less time; the contract's own formula makes it so."""
    month = measured(MONITORED, exclusions=[excluded("05 00:00 - 06 00:00")])
    assert month.ratio == 1 - Fraction(43, MAY_MINUTES - 1440)
    assert any("uptime is lower than without exclusions" in reason for reason in month.reasons)


def test_a_month_that_is_wholly_excluded_has_no_uptime():
    """Neither 0 nor 100."""
    for mode in ("leaves_both_sides", "counts_as_up"):
        month = measured(
            MONITORED, exclusions=[excluded("01 00:00 - 32 00:00")], exclusion_mode=mode
        )
        assert month.ratio is None
        assert "no measurable time" in month.withheld
        assert month.measured_units == 0


def test_unknown_time_inside_an_exclusion_withholds_nothing():
    """What is excluded need not be known."""
    watched = seen("00 09:00 up, 12 10:00 unknown, 12 10:30 up")
    month = measured(watched, exclusions=[excluded("12 10:00 - 12 10:30")])
    assert month.ratio == 1
    assert month.silent_ms == minutes(30)


def test_a_regional_exclusion_takes_that_regions_vote():
    """Both eu and us are down; without us only eu of eu and ap is, and that is no majority."""
    month = measured(EU, US, AP, exclusions=[excluded("12 10:30 - 12 10:40", regions=("us",))])
    assert month.down == time("12 10:40 - 12 11:00")
    assert not month.excluded


def test_an_outage_that_the_other_regions_see_too_still_counts():
    """Maintenance in ap does not forgive what eu and us both saw."""
    month = measured(EU, US, AP, exclusions=[excluded("12 10:00 - 12 12:00", regions=("ap",))])
    assert month.down == time("12 10:30 - 12 11:00")


def test_a_regional_exclusion_never_makes_the_service_down():
    """Only eu is down of three; with the two others away it would be all of one, but is not."""
    month = measured(EU, US, AP, exclusions=[excluded("12 10:00 - 12 10:30", regions=("us", "ap"))])
    assert month.down == time("12 10:30 - 12 11:00")


def test_with_every_region_excluded_the_time_leaves_the_sum():
    """Nobody is left to vote."""
    month = measured(EU, US, exclusions=[excluded("12 10:00 - 12 10:45", regions=("eu", "us"))])
    assert month.excluded == time("12 10:00 - 12 10:45")
    assert month.down == time("12 10:45 - 12 11:00")


def test_windows_follow_the_copyable_calculators_example():
    """Maintenance 02:00 to 02:30 is 6 of 8928 windows; two errors outside are 99.9776 %.

    Source: the template's own numbers, errors counted outside exclusions.
    """
    month = measured(
        down("12 02:00 - 12 02:30", "13 10:00 - 13 10:10"),
        exclusions=[excluded("12 02:00 - 12 02:30")],
        window_minutes=5,
    )
    assert month.windows == WindowCounts(8928, 2, 6, 0, length_ms=minutes(5))
    assert month.ratio == Fraction(8928 - 2 - 6, 8928 - 6)
    assert month.ratio is not None
    assert int(month.ratio * 1_000_000) == 999_775


@pytest.mark.parametrize(("fails", "errors"), [("whole", 1), ("any", 3)])
def test_a_window_fails_when_all_or_any_of_it_is_down(fails, errors):
    """10:03 to 10:12 fills one five-minute window and touches three."""
    month = measured(down("12 10:03 - 12 10:12"), window_minutes=5, window_fails=fails)
    assert month.windows is not None
    assert month.windows.error == errors


@pytest.mark.parametrize(
    ("vendor", "outage", "windows", "errors"),
    [
        ("2017-02", "2017-02-28T17:37Z/2017-02-28T21:54Z", 8064, 52),
        ("2025-10", "2025-10-20T06:48Z/2025-10-20T09:40Z", 8928, 35),
    ],
)
def test_published_outages_touch_so_many_windows(vendor, outage, windows, errors):
    """S3 in February 2017 and DynamoDB in October 2025, in five-minute windows in UTC.

    Source: aws.amazon.com/message/41926 and /101925.
    """
    start, end = (instant(datetime.fromisoformat(text)) for text in outage.split("/"))
    month = ServiceMonth.parse(vendor).bounds("UTC")
    watched = Timeline.of(
        [
            Observation(month.start, State.UP),
            Observation(start, State.DOWN),
            Observation(end, State.UP),
        ],
        monitor="vendor",
    )
    counts = measured(watched, month=month, window_minutes=5, window_fails="any").windows
    assert counts is not None
    assert (counts.total, counts.error) == (windows, errors)


@pytest.mark.parametrize(
    ("last_window", "total", "errors"),
    [("counted", 6378, 1), ("ignored", 6377, 0)],  # 44640 = 6377 x 7 + 1
)
def test_semantics_6_a_window_cut_by_the_months_end_is_counted_or_ignored(
    last_window, total, errors
):
    """The last minute of May is down, and is all there is of the last seven-minute window."""
    month = measured(down("31 23:59 - 32 00:01"), window_minutes=7, last_window=last_window)
    assert month.windows == WindowCounts(total, errors, 0, 0, length_ms=minutes(7))


def test_a_window_that_unknown_time_hides_is_unknown():
    """10:00 to 10:05 is down but for a minute that nobody saw."""
    watched = seen("00 09:00 up, 12 10:00 down, 12 10:02 unknown, 12 10:03 down, 12 10:05 up")
    month = measured(watched, window_minutes=5)
    assert month.windows == WindowCounts(8928, 0, 0, 1, length_ms=minutes(5))
    assert month.withheld == "1 measurement window cannot be judged, and no_data is withhold"


def test_unknown_time_in_a_window_that_cannot_fail_withholds_nothing():
    """One unknown minute in a window that is up otherwise cannot make the whole of it down."""
    watched = seen("00 09:00 up, 12 10:02 unknown, 12 10:03 up")
    month = measured(watched, window_minutes=5)
    assert month.ratio == 1
    assert month.unknown.length == minutes(1)


def test_a_window_that_is_partly_excluded_is_not_down_as_a_whole():
    """Counting it would let an exclusion add an error."""
    month = measured(
        down("12 10:00 - 12 10:05"), exclusions=[excluded("12 10:04 - 12 10:10")], window_minutes=5
    )
    assert month.windows == WindowCounts(8928, 0, 1, 0, length_ms=minutes(5))


def test_excluded_windows_may_count_as_up():
    """(total - error) / total."""
    month = measured(
        down("12 02:00 - 12 02:30", "13 10:00 - 13 10:10"),
        exclusions=[excluded("12 02:00 - 12 02:30")],
        window_minutes=5,
        exclusion_mode="counts_as_up",
    )
    assert month.ratio == Fraction(8928 - 2, 8928)


def test_a_running_month_shorter_than_a_window_has_no_measurable_time():
    """Three minutes after midnight no five-minute window has ended."""
    month = measured(
        MONITORED,
        month=Interval(MAY.start, MAY.start + minutes(3)),
        window_minutes=5,
        last_window="ignored",
    )
    assert month.withheld == "no measurable time: not one measurement window fits"


@pytest.mark.parametrize(
    ("zone", "month", "hours", "windows"),
    [
        ("Europe/Berlin", "2026-03", Fraction(743), 8916),
        ("Europe/Berlin", "2026-10", Fraction(745), 8940),
        ("America/New_York", "2026-03", Fraction(743), 8916),
        ("America/New_York", "2026-11", Fraction(721), 8652),
        ("Australia/Lord_Howe", "2026-04", Fraction(1441, 2), 8646),
        ("Australia/Lord_Howe", "2026-10", Fraction(1487, 2), 8922),
        ("Asia/Kathmandu", "2024-02", Fraction(696), 8352),
        ("UTC", "2026-02", Fraction(672), 8064),
    ],
)
def test_months_are_as_long_as_their_zone_makes_them(zone, month, hours, windows):
    """One hour of outage is a share of the real length of the month."""
    bounds = ServiceMonth.parse(month).bounds(zone)
    noon = bounds.start + minutes(12 * 60)
    watched = Timeline(
        "checkout",
        changes=((bounds.start, State.UP), (noon, State.DOWN), (noon + minutes(60), State.UP)),
        last_observed_at=bounds.end,
    )
    assert measured(watched, month=bounds).ratio == 1 - 1 / hours
    counts = measured(watched, month=bounds, window_minutes=5).windows
    assert counts is not None
    assert (counts.total, counts.error) == (windows, 12)


def test_an_outage_over_the_repeated_hour_has_its_real_length():
    """Berlin, 25 October 2026: from 02:30 summer time to 02:30 winter time is one hour."""
    bounds = ServiceMonth.parse("2026-10").bounds("Europe/Berlin")
    start = bounds.start + minutes(24 * 24 * 60 + 150)
    watched = Timeline(
        "checkout",
        changes=((bounds.start, State.UP), (start, State.DOWN), (start + minutes(60), State.UP)),
        last_observed_at=bounds.end,
    )
    assert measured(watched, month=bounds).ratio == 1 - Fraction(1, 745)


def test_every_step_that_had_an_effect_is_said_with_its_numbers():
    """Votes, silence, the policy, ignored outages, exclusions, and the fraction."""
    month = measured(
        EU,
        US,
        SILENT,
        quorum_base="reporting",
        no_data="up",
        stale_after_minutes=None,
        minimum_outage={"minutes": 45},
        exclusions=[excluded("05 00:00 - 05 01:00")],
    )
    assert month.reasons == (
        (
            "down means majority of 3 regions, counted over reporting; 1 h was down for some only "
            "and is not down by that rule"
        ),
        "1 outage, 0 s counted as downtime",
        (
            "1 outage ignored, the first 2026-05-12T10:30:00Z/2026-05-12T11:00:00Z: 30 min is "
            "shorter than the minimum of 45 min"
        ),
        "exclusions take 1 h out of the month and 0 s out of its downtime",
        "uptime = (2678400 - 0 - 3600) / (2678400 - 3600) s = 100 %",
    )


def test_the_reasons_of_a_withheld_month_end_with_why():
    """The decision log says what a person must look at."""
    assert measured(seen("02 00:00 up")).reasons == (
        "24 h has no known state: coverage 96.774193… %",
        "no_data is withhold: it stays unknown",
        "no outage touches the month",
        "withheld: 24 h has no known state, and no_data is withhold",
    )


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("up", "no_data is up: it counts as up"),
        ("down", "no_data is down: it counts as down"),
        ("excluded", "no_data is excluded: it leaves the sum"),
        ("carry", "no_data is carry: it takes the state before it, 2 h of it down"),
    ],
)
def test_the_no_data_policy_is_among_the_reasons(policy, says):
    """Down, then two hours of which nothing is known."""
    watched = seen("00 09:00 up, 12 10:00 down, 12 10:30 unknown, 12 12:30 up")
    assert says in measured(watched, no_data=policy).reasons


def test_evidence_is_the_month_and_the_outages_over_its_edges():
    """What happened on 20 April and on 2 June is no part of May; the outage over midnight is."""
    watched = seen(
        "00 01:00 down, 00 02:00 up, 00 23:00 down, 01 00:10 up, 33 00:00 down, 33 01:00 up"
    )
    [[evidence]] = evidence_of(monitors=[[watched]], month=MAY, terms=MeasurementTerms())
    assert evidence.changes == ((at("00 23:00"), State.DOWN), (at("01 00:10"), State.UP))


@pytest.mark.parametrize(
    ("watched", "ratio"),
    [
        ("00 22:00 up, 00 23:00 unknown, 01 01:00 up", 1),  # up is carried into May
        ("00 22:00 down, 00 23:00 unknown, 01 01:00 up", Fraction(743, 744)),
        ("00 22:00 unknown, 01 01:00 up", None),  # there is nothing to carry
        ("00 22:00 unknown", None),
    ],
)
def test_evidence_holds_the_state_that_is_carried_into_the_month(watched, ratio):
    """Unknown from before the month on: its first hour is what the state before was."""
    terms = MeasurementTerms.model_validate({"no_data": "carry", "stale_after_minutes": 1440 * 40})
    timeline = seen(watched)
    evidence = evidence_of(monitors=[[timeline]], month=MAY, terms=terms)
    for monitors in ([[timeline]], evidence):
        assert measure_uptime(monitors=monitors, month=MAY, terms=terms).ratio == ratio


def test_evidence_of_a_monitor_that_fell_silent_before_the_month_is_silent():
    """It was never known to be up, so nothing is carried, from the slice as from the whole."""
    terms = MeasurementTerms.model_validate({"no_data": "carry", "stale_after_minutes": 5})
    timeline = seen("00 22:00 unknown")
    evidence = evidence_of(monitors=[[timeline]], month=MAY, terms=terms)
    assert measure_uptime(monitors=evidence, month=MAY, terms=terms).silent_ms == MAY.length
    assert measure_uptime(monitors=evidence, month=MAY, terms=terms).ratio is None


def handed_on(month, affected):
    """May 2026 as ladders ask for it."""
    may = MONTHLY.holding(ServiceMonth.parse("2026-05"))
    return measured_month(month, period=may, time_zone="UTC", affected=affected)


def test_a_measured_month_hands_ladders_seconds_and_outages():
    """May with 43 and 10 minutes down and a day excluded."""
    month = measured(
        down("12 10:00 - 12 10:43", "13 10:00 - 13 10:10", "14 10:00 - 14 10:01"),
        exclusions=[excluded("05 00:00 - 06 00:00")],
        minimum_outage={"minutes": 5},
    )
    handed = handed_on(month, Fraction(1, 2))
    assert handed is not None
    assert handed.uptime == 1 - Fraction(53, MAY_MINUTES - 1440)
    assert handed.down_seconds == 53 * 60
    assert handed.measurable_seconds == (MAY_MINUTES - 1440) * 60
    assert handed.period_seconds == MAY_MINUTES * 60
    assert handed.days == 31
    assert handed.outage_seconds == (Fraction(43 * 60), Fraction(10 * 60))
    assert handed.affected_ratio == Fraction(1, 2)


def test_where_windows_are_counted_downtime_is_the_failed_windows():
    """10:00 to 10:12 fails two windows whole: ten minutes, and 1 - down / measurable is uptime."""
    month = measured(down("12 10:00 - 12 10:12"), window_minutes=5)
    handed = handed_on(month, Fraction(1))
    assert handed is not None
    assert handed.down_seconds == 600
    assert 1 - handed.down_seconds / handed.measurable_seconds == handed.uptime


def test_a_withheld_month_hands_ladders_nothing():
    """There is no uptime to judge."""
    month = measured(Timeline("checkout"))
    assert handed_on(month, Fraction(1)) is None


def test_evidence_does_not_depend_on_the_silences_that_other_contracts_ask_for():
    """States are stale after an hour here; a timeline that keeps minutes gives the same slice."""
    terms = MeasurementTerms(stale_after_minutes=Decimal(60))
    text = "00 23:00 up, 01 00:10 up, 12 10:00 down, 12 10:30 up, 14 10:00 up, 33 00:00 up"
    fine, coarse = (seen(text, gap_floor_ms=minutes(floor)) for floor in (1, 60))
    assert fine.gaps != coarse.gaps
    slices = [evidence_of(monitors=[[one]], month=MAY, terms=terms) for one in (fine, coarse)]
    assert slices[0] == slices[1]

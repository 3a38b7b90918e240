"""Points, tables on minutes, clock hours, metrics, repetition, choices: on known months."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from pydantic import TypeAdapter, ValidationError

from models.circumstances import Circumstances, Past
from models.intervals import Interval, IntervalSet, instant
from models.kinds import AnyLadder
from tests.models.ladders.months import month
from tests.models.ladders.sheets import exact_yaml

ANY_LADDER = TypeAdapter(AnyLadder)
JUNE = Interval(
    instant(datetime(2026, 6, 1, tzinfo=UTC)), instant(datetime(2026, 7, 1, tzinfo=UTC))
)
MINUTE = 60_000


def ladder(text):
    """A ladder as a person writes it."""
    return ANY_LADDER.validate_python(exact_yaml(text))


def known(measured, *, earlier=(), **facts):
    """The month with facts beside it."""
    figures = {name: Fraction(value) for name, value in facts.pop("metrics", {}).items()}
    around = Circumstances(metrics=figures, earlier=tuple(earlier), **facts)
    return replace(measured, circumstances=around)


def down(*spans, time_zone="UTC"):
    """June with downtime at these minutes of the month, (start, end)."""
    stretches = IntervalSet.of((JUNE.start + a * MINUTE, JUNE.start + b * MINUTE) for a, b in spans)
    lengths = [b - a for a, b in spans]
    return replace(
        month(outages=lengths),
        outage_starts=tuple(JUNE.start + a * MINUTE for a, _ in spans),
        down=stretches,
        period=JUNE,
        time_zone=time_zone,
    )


# --- Points ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "uptime", "percent"),
    [
        ("down", "98.7", 2),
        ("down", "98.71", 0),
        ("up", "98.69", 4),
        ("up", "98.7", 2),
        ("in_proportion", "98.2", 3),
        ("in_proportion", "99.7", 0),
    ],
)
def test_what_an_unfinished_step_earns(part, uptime, percent):
    """2 % for each point below 99.7: SAP's text does not say which of the three it means."""
    text = (
        "{kind: per_points, commitment_percent: 99.7, points: 1, credit_percent: 2, "
        f"part_of_step: {part}}}"
    )
    assert ladder(text).assess(month(uptime=uptime)).share * 100 == percent


def test_steps_may_begin_lower_and_above_a_base():
    """10 % for the miss, and 5 % for each 0.1 points below 99."""
    text = (
        "{kind: per_points, commitment_percent: 99.9, starts_at_percent: 99, points: 0.1, "
        "credit_percent: 5, base_percent: 10}"
    )
    shares = [ladder(text).assess(month(uptime=u)).share * 100 for u in ("99.5", "98.75", "99.9")]
    assert shares == [10, 20, 0]


def test_a_row_may_go_on_by_points():
    """8x8: 30 % below 99, and 5 % for each whole 0.1 lost below it."""
    text = """
kind: uptime_brackets
commitment_percent: 99.5
brackets:
  - {below: 99.5, at_least: 99.0, credit_percent: 10}
  - {below: 99.0, credit_percent: 30, more: {credit_percent: 5, points: 0.1}}
"""
    for uptime, percent in (("99.0", 10), ("98.95", 30), ("98.9", 35), ("98.6", 50)):
        assert ladder(text).assess(month(uptime=uptime)).share * 100 == percent
    assert ladder(text).may_exceed_fee


# --- Minutes --------------------------------------------------------------------------------------

VULTR = """
kind: duration_table
commitment_percent: 100
each: outage
as_published: true
rows:
  - {above: 0, below: 9, credit_hours: 12}
  - {at_least: 10, at_most: 59, credit_hours: 24}
  - {at_least: 60, credit_hours: 48}
"""


def test_each_outage_is_looked_up_by_itself():
    """5 and 70 minutes are 12 and 48 hours: two and a half days."""
    assessed = ladder(VULTR).assess(month(outages=[5, 70]))
    assert assessed.days == Fraction(5, 2)
    assert [event.days for event in assessed.events] == [Fraction(1, 2), 2]


def test_one_outage_in_a_gap_withholds_them_all():
    """9.5 minutes are in no row."""
    assessed = ladder(VULTR).assess(month(outages=[5, Fraction(19, 2)]))
    assert assessed.gap == "9.5 min of downtime have no row: no row of the table holds it"


def test_a_table_of_outages_needs_their_lengths():
    """A sum says nothing of them."""
    assert "only the sum" in (ladder(VULTR).assess(month(down_minutes=20)).gap or "")
    assert ladder(VULTR).assess(month()).gap is None


def test_only_the_longest_outage_may_pay():
    """48 hours, not 60."""
    text = VULTR.replace("each: outage", "each: outage\npays: longest")
    assert ladder(text).assess(month(outages=[5, 70])).days == 2


def test_a_table_in_whole_minutes_says_what_is_wrong_with_it():
    """A gap from 9 to 10, and one from 59 to 60."""
    facts = [finding.fact for finding in ladder(VULTR).findings("")]
    assert facts == [
        "leaves a gap between 9 and 10",
        "leaves a gap between 59 included and 60",
    ]


# --- Two columns ----------------------------------------------------------------------------------

FASTLY = """
kind: uptime_brackets
commitment_percent: 100
as_published: true
brackets:
  - {below: 100, at_least: 99.99, credit_percent: 1, up_to_minutes: 4.32}
  - {below: 99.99, at_least: 99.9, credit_percent: 5, up_to_minutes: 43.8}
  - {below: 99.9, credit_percent: 10}
"""


def test_two_columns_that_disagree_withhold():
    """43.5 minutes of 43,200 are 99.8993 %, 10 % by the percent and 5 % by the minutes."""
    assessed = ladder(FASTLY).assess(month(down_minutes="43.5"))
    assert assessed.gap == (
        "uptime 99.899305… % has no tier: by its percent it is in brackets[2], by its 43.5 min of "
        "downtime in brackets[1]"
    )
    assert ladder(FASTLY).assess(month(down_minutes=44)).share == Fraction(1, 10)
    assert ladder(FASTLY).assess(month(down_minutes=43)).share == Fraction(1, 20)


def test_two_columns_of_different_months_are_a_defect():
    """4.32 minutes are 0.01 % of 720 hours, 43.8 are 0.1 % of 730."""
    (finding,) = ladder(FASTLY).findings("")
    assert (finding.field, finding.fact) == (
        "brackets[1].up_to_minutes",
        "is 43.8, which means a period of 730 h, while brackets[0] means 720 h",
    )


# --- Clock hours ----------------------------------------------------------------------------------

HOURS = "{kind: clock_hours, commitment_percent: 99.5, bad_minutes: 6}"


def test_downtime_is_split_at_the_hours_of_the_clock():
    """12 minutes over the full hour are 6 and 6: exactly 6 are not more than 6."""
    assert ladder(HOURS).assess(down((54, 66))).share == 0
    assert ladder(HOURS).assess(down((53, 66))).share == Fraction(1, 720)
    assert ladder(HOURS).assess(down((0, 180))).share == Fraction(3, 720)


def test_the_clock_is_that_of_the_contracts_zone():
    """In India the hour begins at half past: 12 minutes around 00:30 UTC are two halves."""
    assert ladder(HOURS).assess(down((24, 36), time_zone="Asia/Kolkata")).share == 0
    assert ladder(HOURS).assess(down((24, 36))).share == Fraction(1, 720)


def test_clock_hours_need_to_know_when_it_was_down():
    """Lengths are not enough."""
    assert "only lengths" in (ladder(HOURS).assess(month(outages=[30])).gap or "")


# --- Days -----------------------------------------------------------------------------------------

NOTION = (
    "{kind: per_event, commitment_percent: 100, qualifying_minutes: 30, credit_percent: 5, "
    "only_above_minutes: 60, most_per_day: 1}"
)


def test_a_day_earns_once():
    """Two outages of one day and one of the next: two credits."""
    day = 24 * 60
    assessed = ladder(NOTION).assess(down((0, 31), (60, 95), (day, day + 30)))
    assert assessed.share == Fraction(1, 10)
    assert "of which 1 a day count: 2" in assessed.reasons[1]


def test_an_hour_in_all_is_not_longer_than_an_hour():
    """Two half hours earn nothing; a minute more earns both."""
    day = 24 * 60
    assert ladder(NOTION).assess(down((0, 30), (day, day + 30))).share == 0
    assert ladder(NOTION).assess(down((0, 31), (day, day + 30))).share == Fraction(1, 10)


def test_the_day_is_that_of_the_contracts_zone():
    """23:00 and 01:00 UTC are two days there and one day in Tokyo."""
    spans = ((23 * 60, 23 * 60 + 40), (25 * 60, 25 * 60 + 40))
    assert ladder(NOTION).assess(down(*spans)).share == Fraction(1, 10)
    assert ladder(NOTION).assess(down(*spans, time_zone="Asia/Tokyo")).share == Fraction(1, 20)


def test_bounds_by_the_day_need_the_outages_dates():
    """Lengths alone do not say on which day they were."""
    assert "when they began" in (ladder(NOTION).assess(month(outages=[40, 40])).gap or "")


def test_the_first_hour_may_be_free():
    """Arcustech: 5 % for each hour or part of one after the first."""
    text = (
        "{kind: per_block, commitment_percent: 100, block_minutes: 60, credit_percent: 5, "
        "part_of_block: up, each: outage, after_minutes: 60}"
    )
    for minutes, percent in ((60, 0), (61, 5), (120, 5), (121, 10)):
        assert ladder(text).assess(month(outages=[minutes])).share * 100 == percent


# --- Other metrics --------------------------------------------------------------------------------

LATENCY = """
kind: metric_table
metric: latency_ms
target: 40
rows: [{above: 40, at_most: 50, credit_percent: 5}, {above: 50, credit_percent: 10}]
"""
MOS = """
kind: metric_table
metric: mos
better: higher
target: 3.9
rows: [{below: 3.9, at_least: 3.5, credit_percent: 5}, {below: 3.5, credit_percent: 10}]
"""


@pytest.mark.parametrize(
    ("text", "metric", "value", "percent"),
    [
        (LATENCY, "latency_ms", "40", 0),
        (LATENCY, "latency_ms", "40.0000001", 5),
        (LATENCY, "latency_ms", "50", 5),
        (LATENCY, "latency_ms", "50.0000001", 10),
        (MOS, "mos", "3.9", 0),
        (MOS, "mos", "3.8999999", 5),
        (MOS, "mos", "3.5", 5),
        (MOS, "mos", "3.4999999", 10),
        (MOS, "mos", "0", 10),
    ],
)
def test_a_metric_may_be_better_low_or_high(text, metric, value, percent):
    """The target is kept by exactly the target."""
    assessed = ladder(text).assess(known(month(), metrics={metric: value}))
    assert (assessed.share * 100, assessed.breached) == (percent, percent > 0)


def test_a_metric_that_nobody_states_is_a_named_gap():
    """Nobody guesses a latency."""
    assessed = ladder(LATENCY).assess(month())
    assert assessed.gap == "the metric latency_ms is not stated for the period"


def test_each_day_over_the_latency_is_a_thirtieth():
    """Windstream: 1/30 of the monthly fee for each day; three days are exactly a tenth."""
    text = "{kind: per_count, metric: days_over, credit_share: 1/30}"
    assert ladder(text).assess(known(month(), metrics={"days_over": 3})).share == Fraction(1, 10)
    assert ladder(text).assess(known(month(), metrics={"days_over": 0})).breached is False


def test_hours_of_repair_beyond_the_promised_ones_pay_by_steps():
    """4 hours are free; 10 are three started steps of two."""
    text = (
        "{kind: per_count, metric: hours_to_repair, over: 4, step: 2, part_of_step: up, "
        "credit_percent: 10}"
    )
    found = [
        ladder(text).assess(known(month(), metrics={"hours_to_repair": hours})).share * 100
        for hours in (4, 5, 10, "10.5")
    ]
    assert found == [0, 10, 30, 40]


# --- Repetition -----------------------------------------------------------------------------------

WORKDAY = """
kind: repeated
commitment_percent: 99.9
within_periods: 6
rows: [{failures: 2, credit_percent: 10}, {failures: 3, credit_percent: 20}]
"""
MET, MISSED = Past("2026-05", breached=False), Past("2026-05", breached=True)


@pytest.mark.parametrize(
    ("earlier", "percent"),
    [
        ([MET] * 5, 0),
        ([MET, MISSED, MET, MET, MET], 10),
        ([MISSED, MISSED, MET, MET, MET], 20),
        ([MISSED] * 5, 20),
        ([MET] * 5 + [MISSED], 0),
        ([MISSED, MISSED, None, None, None], 20),
    ],
)
def test_the_nth_failure_within_six_months(earlier, percent):
    """The seventh month back does not count, and what is not known need not matter."""
    assessed = ladder(WORKDAY).assess(known(month(uptime="99"), earlier=earlier))
    assert (assessed.share * 100, assessed.gap) == (percent, None)


def test_an_undecided_month_that_matters_withholds():
    """One failure for sure, and perhaps a second one."""
    assessed = ladder(WORKDAY).assess(known(month(uptime="99"), earlier=[None] + [MET] * 4))
    assert assessed.gap == (
        "missed in 1 of the last 6 periods, and 1 of them are not decided, which decides the credit"
    )
    met = ladder(WORKDAY).assess(known(month(uptime="99.9"), earlier=[None]))
    assert (met.gap, met.share) == (None, 0)


# --- Several ladders ------------------------------------------------------------------------------

GREATER = """
kind: combined
commitment_percent: 99.9
take: TAKE
parts:
  - ladder: {kind: single_threshold, commitment_percent: 99.9, credit_percent: 10}
  - ladder: {kind: pro_rata, commitment_percent: 99.9, basis: downtime}
"""


@pytest.mark.parametrize(
    ("take", "uptime", "percent"),
    [("greatest", "99.7", 10), ("greatest", "85", 15), ("sum", "85", 25), ("sum", "99.9", 0)],
)
def test_several_credits_are_compared_or_added(take, uptime, percent):
    """10 % against the unavailability itself."""
    text = GREATER.replace("TAKE", take)
    assert ladder(text).assess(month(uptime=uptime)).share * 100 == percent


SNOWFLAKE = """
kind: combined
commitment_percent: 99.9
parts:
  - ladder: {kind: single_threshold, commitment_percent: 99.9, credit_share: 1}
  - {of: ten_percent, ladder: {kind: single_threshold, commitment_percent: 99.99, credit_share: 3}}
"""


def test_a_part_may_judge_another_measurement():
    """99.95 by one error rate is met, 99.95 by the other is missed."""
    measured = month(uptime="99.95")
    both = replace(measured, others={"ten_percent": measured})
    assert ladder(SNOWFLAKE).assess(both).share == 3


def test_a_missing_measurement_withholds_unless_its_part_is_optional():
    """Nobody stated the other one."""
    alone = month(uptime="99.8")
    assert ladder(SNOWFLAKE).assess(alone).gap == (
        "the measurement ten_percent is not stated for the period"
    )
    optional = SNOWFLAKE.replace("{of: ten_percent,", "{of: ten_percent, optional: true,")
    assert ladder(optional).assess(alone).share == 1


def test_a_class_that_nobody_states_withholds_or_is_named():
    """A contract that does not say its edition, and one that says a strange one."""
    text = """
kind: by_class
commitment_percent: 99.95
attribute: edition
classes: {standard: {kind: single_threshold, commitment_percent: 99.95, credit_percent: 10}}
"""
    assessed = ladder(text).assess(month(uptime="99"))
    assert assessed.gap == "the contract's edition is not stated; it is one of standard"
    stated = known(month(uptime="99"), attributes={"edition": "gold"})
    assert (
        ladder(text).assess(stated).gap == "the contract's edition is gold; it is one of standard"
    )
    assert ladder(text + "otherwise: standard\n").assess(month(uptime="99")).share > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{kind: pro_rata, commitment_percent: 99, basis: downtime, period_hours: 730}", "hours"),
        ("{kind: duration_table, commitment_percent: 99, rows: [{below: 9, credit_days: 1}]}",
         "where they start"),
        (("{kind: metric_table, metric: mos, better: higher, target: 4, "
         "rows: [{above: 3, credit_percent: 1}]}"), "below or at_most"),
        ("{kind: per_count, metric: late, credit_percent: 1, credit_days: 1}", "credit_percent"),
        ("{kind: per_count, metric: late, credit_share: much}", "an exact share"),
        (("{kind: by_class, commitment_percent: 99, attribute: a, otherwise: b, "
         "classes: {c: {kind: no_credit, commitment_percent: 99}}}"), "one of the classes"),
    ],
)  # fmt: skip
def test_terms_that_cannot_be_meant_are_refused(text, message):
    """With words for what was expected."""
    with pytest.raises(ValidationError, match=message):
        ladder(text)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (("{kind: per_block, commitment_percent: 99, block_minutes: 9, credit_days: 1, "
         "most_per_day: 1}"), "most_per_day"),
        (("{kind: per_points, commitment_percent: 99, starts_at_percent: 99.5, points: 1, "
         "credit_days: 1}"), "starts_at_percent"),
        (("{kind: repeated, commitment_percent: 99, within_periods: 2, "
         "rows: [{failures: 3, credit_days: 1}]}"), "rows[0].failures"),
        (("{kind: repeated, commitment_percent: 99, within_periods: 3, "
         "rows: [{failures: 3, credit_days: 1}, {failures: 2, credit_days: 2}]}"), "rows[1]"),
        (GREATER.replace("TAKE", "sum").replace("credit_percent: 10", "credit_days: 3"),
         "parts[1].ladder"),
        (VULTR.replace("credit_hours: 48", "credit_hours: 2").replace("as_published: true", ""),
         "rows[2]"),
        (VULTR.replace("credit_hours: 48", "credit_percent: 50"), "rows[2]"),
    ],
)  # fmt: skip
def test_terms_that_can_hardly_be_meant_are_found(text, field):
    """Each names its field."""
    assert field in {finding.field for finding in ladder(text).findings("")}

"""Facts of a period: series of counted requests, single outages, and payloads that tell them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from pydantic import ValidationError

from models.case import Case, measure_case
from models.catalog import determine_payload
from models.circumstances import Circumstances
from models.facts.outages import OutageFacts, needs_outages, refine
from models.facts.request_series import RequestTerms, uptime_of
from models.intervals import Interval, IntervalSet, instant
from models.measurement import ExclusionMode, MeasurementTerms
from models.money import Currency
from models.payload import CalculatorPayload
from models.payload_facts import PayloadOutage, annotated
from models.period import ServiceMonth
from models.service_period import PeriodTerms
from tests.models.ladders.months import month
from tests.models.ladders.sheets import sheet
from tests.models.test_whatif import version

JUNE = Interval(
    instant(datetime(2026, 6, 1, tzinfo=UTC)), instant(datetime(2026, 7, 1, tzinfo=UTC))
)
MINUTE = 60_000
DAY = 1440 * MINUTE


def series(terms, *counts):
    """The uptime in percent of a series of (requests, errors)."""
    found = uptime_of(counts, RequestTerms.model_validate(terms))
    return None if found.uptime is None else found.uptime * 100


# --- Counted requests -----------------------------------------------------------------------------


def test_three_formulas_make_three_uptimes_of_the_same_counts():
    """1 of 1,000, 5 of 10: rates of 0.1 and 50 %, one bad interval of two, 6 of 1,010 requests."""
    counts = [(1000, 1), (10, 5)]
    assert series({"method": "average_of_rates"}, *counts) == Fraction("74.95")
    assert series({"method": "bad_intervals", "error_rate_percent": 5}, *counts) == 50
    assert series({"method": "share_of_requests"}, *counts) == 100 - Fraction(600, 1010)


@pytest.mark.parametrize(("empty", "percent"), [("up", 75), ("left_out", 50)])
def test_an_empty_interval_is_available_or_left_out(empty, percent):
    """AWS: available. One interval fails whole, one serves, two are empty."""
    counts = [(10, 10), (0, 0), (10, 0), (0, 0)]
    for method in ("average_of_rates", "bad_intervals"):
        assert series({"method": method, "empty_interval": empty}, *counts) == percent


@pytest.mark.parametrize(("errors", "percent"), [(5, 100), (6, 0)])
def test_exactly_the_error_rate_is_not_bad(errors, percent):
    """Atlassian: more than 5 %."""
    terms = {"method": "bad_intervals", "error_rate_percent": 5}
    assert series(terms, (100, errors)) == percent


def test_bad_intervals_may_have_to_follow_each_other():
    """Google's ten consecutive minutes, here three: two and three bad ones are three."""
    counts = [(9, 9), (9, 9), (9, 0), (9, 9), (9, 9), (9, 9), (9, 0), (9, 0), (9, 0), (9, 0)]
    assert series({"method": "bad_intervals", "for_intervals": 3}, *counts) == 70


def test_too_few_requests_miss_nothing():
    """2,000 are asked: 1,999 failures are no downtime, 2,000 are."""
    terms = {"method": "share_of_requests", "least_in_period": 2000}
    assert series(terms, (1999, 1999)) == 100
    assert series(terms, (2000, 2000)) == 0


def test_an_interval_with_too_few_requests_counts_as_empty():
    """Four of five failed, and five are asked."""
    assert series({"method": "average_of_rates", "least_requests": 5}, (4, 4), (5, 1)) == 90


@pytest.mark.parametrize(
    ("terms", "counts"),
    [
        ({"method": "average_of_rates"}, []),
        ({"method": "average_of_rates", "empty_interval": "left_out"}, [(0, 0)]),
        ({"method": "bad_intervals", "empty_interval": "left_out"}, [(0, 0)]),
        ({"method": "share_of_requests"}, [(0, 0)]),
    ],
)
def test_nothing_counted_is_no_uptime(terms, counts):
    """Neither 0 nor 100."""
    assert series(terms, *counts) is None


# --- Single outages -------------------------------------------------------------------------------


def june(**others):
    """June without downtime, with bounds."""
    return replace(month(), period=JUNE, **others)


def outage(start, end, **others):
    """An outage between two minutes of June."""
    span = (JUNE.start + int(start * MINUTE), JUNE.start + int(end * MINUTE))
    return OutageFacts(IntervalSet.of([span]), **others)


def down(outages, active=None, measured=None, **terms):
    """Counted downtime in minutes."""
    rules = MeasurementTerms.model_validate(terms)
    found = refine(measured or june(), outages, rules, active=active).measured
    assert found is not None
    assert found.uptime == 1 - found.down_seconds / found.measurable_seconds
    assert sum(found.outage_seconds or ()) == found.down_seconds
    return found.down_seconds / 60


def test_terms_without_such_rules_leave_the_month_as_it_is():
    """They are never asked for single outages."""
    assert not needs_outages(MeasurementTerms())
    for rule in (
        {"clock_starts": "report"},
        {"weighted_by": "affected"},
        {"partial_minutes": "dropped"},
        {"counted_on": "business_days"},
    ):
        assert needs_outages(MeasurementTerms.model_validate(rule))


def test_the_clock_starts_at_the_report_or_at_the_outage_whichever_is_later():
    """Reported 20 minutes into it, before it, after it."""
    at = [JUNE.start + minutes * MINUTE for minutes in (120, 30, 400)]
    told = [outage(100, 160, reported_at=one) for one in at]
    assert [down([one], clock_starts="report") for one in told] == [40, 60, 0]
    assert down(told[:1]) == 60


def test_an_outage_that_nobody_reported_counts_for_nothing():
    """Where the clock starts at the report."""
    assert down([outage(100, 160)], clock_starts="report") == 0


def test_ten_percent_of_the_users_for_ten_hours_are_all_of_them_for_one():
    """Microsoft's user minutes."""
    some = outage(0, 600, affected=Fraction(1, 10))
    assert down([some], weighted_by="affected") == down([outage(0, 60)]) == 60


def test_parts_of_minutes_are_dropped_of_each_outage():
    """1:59 and 0:59 are one minute, not three."""
    pieces = [outage(0, Fraction(119, 60)), outage(10, 10 + Fraction(59, 60))]
    assert down(pieces, partial_minutes="dropped") == 1


def test_weekends_and_holidays_do_not_count():
    """6 and 7 June are a weekend, the 19th is a holiday; 22 business days are 31,680 minutes."""
    saturday = [outage(5 * 1440 - 30, 5 * 1440 + 30)]
    assert down(saturday, counted_on="business_days") == 30
    holiday = [outage(18 * 1440, 18 * 1440 + 60)]
    assert down(holiday, counted_on="business_days") == 60
    assert down(holiday, counted_on="business_days", holidays="US") == 0
    rules = MeasurementTerms.model_validate({"counted_on": "business_days"})
    found = refine(june(), saturday, rules).measured
    assert found is not None
    assert found.measurable_seconds == 31_680 * 60


@pytest.mark.parametrize(
    ("mode", "measurable"), [("leaves_both_sides", 31_680), ("counts_as_up", 43_200)]
)
def test_days_that_do_not_count_leave_both_sides_or_are_up(mode, measurable):
    """As the contract says of exclusions."""
    rules = MeasurementTerms.model_validate({"counted_on": "business_days", "exclusion_mode": mode})
    found = refine(june(), [], rules).measured
    assert found is not None
    assert found.measurable_seconds == measurable * 60


@pytest.mark.parametrize(("partial", "days"), [("active_part", 15), ("full_period", 30)])
def test_part_of_a_period_is_a_share_of_it_or_of_all(partial, days):
    """From the 16th on; the outage of the 10th does not count."""
    active = Interval(JUNE.start + 15 * DAY, JUNE.end)
    rules = MeasurementTerms.model_validate({"partial_period": partial})
    hour = [outage(9 * 1440, 9 * 1440 + 60), outage(19 * 1440, 19 * 1440 + 60)]
    found = refine(june(), hour, rules, active=active).measured
    assert found is not None
    assert found.uptime == 1 - Fraction(60, days * 1440)


def test_a_weekend_before_the_contract_began_leaves_the_divisor_once():
    """From 16 June on: 15 days, of which 20, 21, 27 and 28 are weekends; 11 days are left."""
    active = Interval(JUNE.start + 15 * DAY, JUNE.end)
    rules = MeasurementTerms.model_validate(
        {"counted_on": "business_days", "partial_period": "active_part"}
    )
    found = refine(june(), [], rules, active=active).measured
    assert found is not None
    assert found.measurable_seconds == 11 * 86_400


def test_an_outage_stays_one_where_a_note_covers_a_part_of_it():
    """10 minutes, of which a note covers 5:30: 10 whole minutes of one outage, not 5 and 4."""
    start, middle = (
        datetime(2026, 6, 1, 10, minute, second, tzinfo=UTC) for minute, second in [(0, 0), (5, 30)]
    )
    note = PayloadOutage(start=start, end=middle, reported_at=start)
    measured = [outage(600, 610)]
    told = annotated(measured, [note])
    assert down(told, partial_minutes="dropped") == 10
    rules = MeasurementTerms.model_validate({"partial_minutes": "dropped"})
    found = refine(june(), told, rules).measured
    assert found is not None
    assert list(found.outage_seconds or ()) == [600]
    assert found.outage_starts == (instant(start),)


def test_the_parts_of_an_outage_are_weighed_and_added():
    """5:30 hit a tenth, 4:30 everybody: 33 and 270 seconds of one outage."""
    start, middle = (
        datetime(2026, 6, 1, 10, minute, second, tzinfo=UTC) for minute, second in [(0, 0), (5, 30)]
    )
    note = PayloadOutage(start=start, end=middle, affected_percent=Decimal(10))
    told = annotated([outage(600, 610)], [note])
    assert down(told, weighted_by="affected") == Fraction(303, 60)


def test_a_part_before_the_report_does_not_join_the_outage_before_it():
    """The second outage is told in two parts and was reported in the second one."""
    told = [
        outage(0, 60, reported_at=JUNE.start),
        outage(100, 130, reported_at=JUNE.start + 130 * MINUTE),
        outage(130, 160, reported_at=JUNE.start + 130 * MINUTE, goes_on=True),
    ]
    rules = MeasurementTerms.model_validate({"clock_starts": "report"})
    found = refine(june(), told, rules).measured
    assert found is not None
    assert list(found.outage_seconds or ()) == [3600, 1800]


def test_a_period_in_which_nothing_counts_has_no_uptime():
    """A weekend, on business days."""
    weekend = Interval(JUNE.start + 5 * DAY, JUNE.start + 7 * DAY)
    blank = replace(june(), period=weekend, measurable_seconds=Fraction(2 * 86_400))
    rules = MeasurementTerms.model_validate({"counted_on": "business_days"})
    found = refine(blank, [], rules)
    assert (found.measured, len(found.reasons)) == (None, 1)


# --- Payloads -------------------------------------------------------------------------------------


def read(**payload):
    """A payload of June."""
    return CalculatorPayload.model_validate({"month": "2026-06", **payload})


def test_outages_with_times_are_clipped_to_the_month_and_long_enough():
    """The first began in May; the second is too short; the third is counted whole."""
    told = read(
        outages=[
            {"start": "2026-05-31T23:00Z", "end": "2026-06-01T00:30Z"},
            {"start": "2026-06-02T00:00Z", "end": "2026-06-02T00:05Z"},
            {"start": "2026-06-03T00:00Z", "end": "2026-06-03T00:05:01Z"},
        ]
    )
    rules = {"minimum_outage": {"minutes": 5, "reaches": "longer_than"}}
    measured, _ = told.measured(measurement=MeasurementTerms.model_validate(rules))
    assert measured is not None
    assert measured.outage_seconds == (1800, 301)
    assert measured.outage_starts == (JUNE.start, JUNE.start + 2 * DAY)


def test_the_longer_period_holds_the_payloads_month():
    """The second quarter has 91 days, whichever of its months is named."""
    for named in ("2026-04", "2026-06"):
        told = CalculatorPayload.model_validate({"month": named, "down_seconds": 91 * 864})
        measured, _ = told.measured(period=PeriodTerms.model_validate({"kind": "quarter"}))
        assert measured is not None
        assert (measured.uptime, measured.months, measured.days) == (Fraction(99, 100), 3, 91)


def test_a_payload_says_what_a_contract_states_and_more():
    """Its own facts go first; earlier months may be left out."""
    told = read(
        uptime_percent=99,
        attributes={"edition": "pro", "hosts": 3},
        amounts={"annual_fee": 100},
        metrics={"latency_ms": "51.2"},
        others={"ten_percent": {"uptime_percent": 98}},
        history=[{"month": "2026-03", "breached": True, "credit_amount": "1.50"},
                 {"month": "2026-05", "uptime_percent": 99}],
    )  # fmt: skip
    stated = Circumstances(
        attributes={"edition": "free", "zone": "eu"}, amounts={"annual_fee": Decimal(5)}
    )
    measured, _ = told.measured(stated=stated, currency=Currency.of("EUR"))
    assert measured is not None
    known = measured.circumstances
    assert known.attributes == {"edition": "pro", "zone": "eu", "hosts": "3"}
    assert known.amounts == {"annual_fee": 100}
    assert known.metrics == {"latency_ms": Fraction("51.2")}
    assert measured.others["ten_percent"].uptime == Fraction(98, 100)
    may, april, march = known.earlier
    assert april is None
    assert may is not None
    assert march is not None
    assert (may.uptime, march.breached, march.credit_minor) == (Fraction(99, 100), True, 150)


def test_counts_need_terms_that_say_what_uptime_they_make():
    """And may make several, for the parts of a combined ladder."""
    told = read(requests={"counts": [[100, 3], [100, 20]]})
    assert told.measured() == (
        None,
        "requests were counted, and the terms do not say what uptime they make",
    )
    bad = {"method": "bad_intervals", "error_rate_percent": 1}
    also = [{"name": "ten_percent", "requests": bad | {"error_rate_percent": 10}}]
    rules = MeasurementTerms.model_validate({"requests": bad, "also": also})
    measured, _ = told.measured(measurement=rules)
    assert measured is not None
    assert (measured.uptime, measured.others["ten_percent"].uptime) == (0, Fraction(1, 2))


def test_downtime_that_was_credited_once_does_not_count_again():
    """May's credit used up everything before June in the last 365 days."""
    told = read(
        currency="EUR",
        outages=[
            {"start": "2026-05-03T00:00Z", "end": "2026-05-04T00:00Z"},
            {"start": "2026-06-03T00:00Z", "end": "2026-06-03T01:00Z"},
        ],
        history=[{"month": "2026-05", "breached": True, "credit_amount": 10}],
    )
    year = {"kind": "trailing_days", "days": 365}
    every, _ = told.measured(period=PeriodTerms.model_validate(year))
    once, _ = told.measured(period=PeriodTerms.model_validate(year | {"credited_once": True}))
    assert every is not None
    assert once is not None
    assert (every.down_seconds, once.down_seconds) == (90_000, 3_600)
    assert every.measurable_seconds == once.measurable_seconds == 365 * 86_400


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"outages": [{"start": "2026-06-01T10:00Z", "end": "2026-06-01T11:00Z"}] * 2},
         "do not overlap"),
        ({"outages": [{"start": "2026-06-01T10:00Z", "end": "2026-06-01T10:00Z"}]}, "after its"),
        ({"outages": [{"start": "2026-06-01T10:00Z", "end": "2026-06-01T11:00Z",
                       "affected_percent": 5, "affected_share": "1/20"}]}, "either affected"),
        ({"outages": [{"start": "2026-06-01T10:00Z", "end": "2026-06-01T11:00Z",
                       "affected_share": "3/2"}]}, "at most 1"),
        ({"requests": {"counts": [[1, 2]]}}, "as many errors as requests"),
        ({"uptime_percent": 99, "requests": {"counts": []}}, "exactly one of"),
        ({"uptime_percent": 99, "active_from": "2026-06-05", "active_until": "2026-06-01"},
         "on or after"),
    ],
)  # fmt: skip
def test_facts_that_cannot_be_are_refused(facts, message):
    """With words for what was expected."""
    with pytest.raises(ValidationError, match=message):
        read(**facts)


@pytest.mark.parametrize(
    ("minutes", "method", "percent"),
    [
        (None, "bad_intervals", 50),
        (1, "bad_intervals", 50),
        (5, "bad_intervals", None),
        (5, "average_of_rates", None),
        (5, "share_of_requests", 95),
    ],
)
def test_counts_of_other_intervals_than_the_terms_speak_of_are_not_judged(minutes, method, percent):
    """Five-minute sums say nothing of single minutes; the share of all requests is the same."""
    terms = {"method": method, "interval_minutes": 1, "error_rate_percent": 5}
    rules = MeasurementTerms.model_validate({"requests": terms})
    length = {} if minutes is None else {"interval_minutes": minutes}
    told = read(requests={"counts": [[100, 10], [100, 0]], **length})
    measured, withheld = told.measured(measurement=rules)
    assert (measured.uptime_percent if measured else None) == percent
    assert ("intervals of 5 min" in withheld) == (percent is None)
    assert CalculatorPayload.model_validate(told.model_dump(mode="json")) == told


@pytest.mark.parametrize(("mode", "days"), [("leaves_both_sides", 29), ("counts_as_up", 30)])
def test_excluded_time_beside_single_outages_goes_by_the_mode(mode, days):
    """An hour down, a day excluded."""
    hour = {"start": "2026-06-20T10:00Z", "end": "2026-06-20T11:00Z"}
    told = read(outages=[hour], excluded_seconds=86_400)
    measured, _ = told.measured(exclusion_mode=ExclusionMode(mode))
    assert measured is not None
    assert measured.uptime == 1 - Fraction(1, days * 24)


def test_a_months_figures_are_excluded_as_the_contract_says():
    """The decided month and the calculator answer alike: 996 of 1,000, not 496 of 500."""
    figures = {"total_windows": 1000, "error_windows": 4, "excluded_windows": 500}
    told = CalculatorPayload.model_validate({"month": "2026-09", **figures})
    rules = MeasurementTerms(exclusion_mode=ExclusionMode.COUNTS_AS_UP)
    terms = version(1000).model_copy(update={"measurement": rules})
    case = Case("acme/api", "api", ServiceMonth.parse("2026-09"), terms, (), payload=told)
    measured = measure_case(case).measured
    assert measured is not None
    assert measured.uptime_percent == Fraction("99.6")


def test_single_outages_date_the_claims_that_hang_on_them():
    """Within 7 days of the start, which counts: 8 June; an outage of July does not."""
    credit = sheet("webflow").credit
    told = read(
        outages=[
            {"start": "2026-06-01T10:00Z", "end": "2026-06-01T10:40Z"},
            {"start": "2026-07-01T10:00Z", "end": "2026-07-01T10:40Z"},
        ]
    )
    found = determine_payload(terms=credit, payload=told, billable=Decimal(1000), currency="USD")
    assert (found.credit_percent, found.claim_by) == ("2", date(2026, 6, 8))
    asked = credit.model_copy(update={"measurement": MeasurementTerms.model_validate(
        {"minimum_outage": {"minutes": 41}})})  # fmt: skip
    assert told.told_outages(asked.measurement or MeasurementTerms()) == ()


def test_a_contract_that_did_not_run_in_the_month_has_no_uptime():
    """It ended in May."""
    told = read(outages=[], active_until="2026-05-31")
    assert told.measured() == (None, "the contract did not run in 2026-06")

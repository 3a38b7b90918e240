"""Service periods: quarters, years, trailing days, billing months, and what closes them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.circumstances import Past
from models.contract import Contract
from models.period import ServiceMonth
from models.service_period import MONTHLY, PeriodTerms

FISCAL = {"kind": "quarter", "starts_in_month": 2}


def period(month, **terms):
    """The period that holds a month."""
    return PeriodTerms.model_validate(terms).holding(ServiceMonth.parse(month))


@pytest.mark.parametrize(
    ("month", "terms", "name", "days", "closes"),
    [
        ("2026-02", {"kind": "month"}, "2026-02", 28, "2026-02"),
        ("2026-05", {"kind": "quarter"}, "2026-Q2", 91, "2026-06"),
        ("2020-11", FISCAL, "2020-11..2021-01", 92, "2021-01"),
        ("2021-02", FISCAL, "2021-02..2021-04", 89, "2021-04"),
        ("2024-07", {"kind": "year"}, "2024", 366, "2024-12"),
        ("2026-03", {"kind": "year", "starts_in_month": 4}, "2025-04..2026-03", 365, "2026-03"),
        ("2026-06", {"kind": "trailing_days", "days": 30}, "2026-06-01..2026-06-30", 30, "2026-06"),
        ("2024-02", {"kind": "trailing_days", "days": 365}, "2023-03-02..2024-02-29", 365,
         "2024-02"),
        ("2026-06", {"kind": "billing_month", "day": 15}, "2026-05-15..2026-06-14", 31, "2026-06"),
        ("2026-03", {"kind": "billing_month", "day": 31}, "2026-02-28..2026-03-30", 31, "2026-03"),
        ("2026-06", {"kind": "billing_month", "day": 1}, "2026-06", 30, "2026-06"),
    ],
)  # fmt: skip
def test_what_period_a_month_belongs_to(month, terms, name, days, closes):
    """Its name, its length, and the month that closes it."""
    found = period(month, **terms)
    assert (found.name, found.days, str(found.closes)) == (name, days, closes)


def test_a_month_within_a_longer_period_closes_none():
    """April and May lie in the second quarter; June closes it."""
    quarter = PeriodTerms.model_validate({"kind": "quarter"})
    closing = [quarter.closing_in(ServiceMonth(2026, month)) is not None for month in range(1, 13)]
    assert closing == [False, False, True] * 4


@given(
    st.integers(1971, 2200),
    st.integers(1, 12),
    st.sampled_from(
        [{"kind": "quarter", "starts_in_month": n} for n in range(1, 13)]
        + [{"kind": "year", "starts_in_month": n} for n in range(1, 13)]
        + [{"kind": "billing_month", "day": n} for n in range(1, 32)]
        + [{"kind": "month"}]
    ),
)
def test_periods_follow_each_other_without_gap_or_overlap(year, number, terms):
    """Each day belongs to one; each period is closed by the month of its last day."""
    kind, month = PeriodTerms.model_validate(terms), ServiceMonth(year, number)
    found = kind.holding(month)
    following = kind.holding(found.closes.plus(kind.months))
    assert following.first == found.after
    assert ServiceMonth.of(found.last_day) == found.closes
    assert found.first < found.after
    assert kind.closing_in(found.closes) == found


@given(st.integers(1971, 2200), st.integers(1, 12), st.sampled_from(["UTC", "Europe/Berlin"]))
def test_a_month_has_the_bounds_that_it_always_had(year, number, zone):
    """Months are decided as before."""
    month = ServiceMonth(year, number)
    found = MONTHLY.holding(month)
    assert (found.name, found.bounds(zone), found.days) == (
        str(month),
        month.bounds(zone),
        month.days,
    )


@pytest.mark.parametrize(
    "terms",
    [
        {"kind": "trailing_days"},
        {"kind": "quarter", "days": 90},
        {"kind": "billing_month"},
        {"kind": "month", "day": 3},
        {"kind": "month", "starts_in_month": 2},
        {"kind": "quarter", "credited_once": True},
    ],
)
def test_fields_of_another_kind_are_refused(terms):
    """Each belongs to its kind."""
    with pytest.raises(ValidationError, match="kind of period"):
        PeriodTerms.model_validate(terms)


def test_credited_downtime_is_used_until_the_end_of_its_period():
    """The latest one that earned anything."""
    terms = PeriodTerms.model_validate(
        {"kind": "trailing_days", "days": 365, "credited_once": True}
    )
    earlier = [Past("2026-05", breached=True), Past("2026-04", breached=True, credit_minor=1), None]
    assert terms.used_until(earlier, "UTC") == ServiceMonth.parse("2026-04").bounds("UTC").end
    assert terms.used_until(earlier[:1], "UTC") is None
    assert terms.looks_back == 14  # 365 / 28, rounded up


# --- Contracts ------------------------------------------------------------------------------------


def contract(*versions):
    """A contract with dated versions."""
    ladder = {"kind": "single_threshold", "commitment_percent": 99, "credit_percent": 10}
    return Contract.model_validate(
        {
            "role": "provider",
            "client": {"id": "acme", "name": "Acme"},
            "service": {"id": "api", "name": "API"},
            "versions": [
                {
                    "effective_on": since,
                    "currency": "EUR",
                    "billable_amount": fee,
                    "monitors": ["api"],
                    "credit": {"ladder": ladder, "period": terms},
                    "measurement": {"partial_period": partial},
                }
                for since, fee, terms, partial in versions
            ],
        }
    )


def governed(written, month):
    """Fee, period and first day of what governs the period that a month closes."""
    found = written.governing(ServiceMonth.parse(month))
    return found and (int(found.version.billable_amount), found.period.name, found.runs_from)


QUARTER, MONTH = {"kind": "quarter"}, {"kind": "month"}


def test_a_quarter_is_governed_by_the_version_of_its_first_day():
    """A new version in May waits for July."""
    written = contract(("2026-01-01", 1, QUARTER, None), ("2026-05-01", 2, QUARTER, None))
    assert governed(written, "2026-05") is None
    assert governed(written, "2026-06") == (1, "2026-Q2", None)
    assert governed(written, "2026-09") == (2, "2026-Q3", None)


def test_another_kind_of_period_begins_with_its_version():
    """From June on by the month."""
    written = contract(("2026-01-01", 1, QUARTER, None), ("2026-06-01", 2, MONTH, None))
    assert governed(written, "2026-06") == (2, "2026-06", None)


def test_a_contract_begins_with_a_whole_period_unless_it_says_otherwise():
    """Begun in the middle of June, and of the second quarter."""
    for terms, name in ((MONTH, "2026-06"), (QUARTER, "2026-Q2")):
        begun = date(2026, 6, 16)
        assert governed(contract(("2026-06-16", 1, terms, None)), "2026-06") is None
        partial = contract(("2026-06-16", 1, terms, "active_part"))
        assert governed(partial, "2026-06") == (1, name, begun)
        assert governed(partial, "2026-05") is None


def test_trailing_days_may_reach_behind_the_contract():
    """Days before its first use count as available."""
    year = {"kind": "trailing_days", "days": 365}
    assert governed(contract(("2026-06-01", 1, year, None)), "2026-06") == (
        1, "2025-07-01..2026-06-30", None,
    )  # fmt: skip

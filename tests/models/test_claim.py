"""Until when a credit may be claimed: a date, and the whole of that day."""

from datetime import date

import pytest
from pydantic import ValidationError

from models.claims.terms import ClaimTerms
from models.period import ServiceMonth


@pytest.mark.parametrize(
    ("terms", "month", "last_day"),
    [
        # 31 May + 30 days; computed as a midnight it would lose 30 June.
        ({"within_days": 30}, "2026-05", date(2026, 6, 30)),
        # 31 January + 30 days reaches into March.
        ({"within_days": 30}, "2026-01", date(2026, 3, 2)),
        ({"within_days": 15}, "2026-02", date(2026, 3, 15)),
        ({"within_days": 0}, "2026-02", date(2026, 2, 28)),
        # The second cycle after January is March, to its last day.
        ({"billing_cycles": 2}, "2026-01", date(2026, 3, 31)),
        ({"billing_cycles": 2}, "2026-05", date(2026, 7, 31)),
        ({"billing_cycles": 2}, "2026-12", date(2027, 2, 28)),
        ({"billing_cycles": 1}, "2024-01", date(2024, 2, 29)),
        ({}, "2026-05", None),
        ({"billing_cycles": 12}, "9998-12", date(9999, 12, 31)),
        ({"within_days": 365}, "9998-12", date(9999, 12, 31)),
    ],
)
def test_the_last_day_of_a_claim(terms, month, last_day):
    """Days run from the month's last day; billing cycles end with their month."""
    assert ClaimTerms.model_validate(terms).last_day(ServiceMonth.parse(month)) == last_day


@pytest.mark.parametrize(
    "terms",
    [
        {"within_days": 30, "billing_cycles": 2},
        {"within_days": -1},
        {"within_days": 366},
        {"billing_cycles": 0},
        {"billing_cycles": 13},
        {"within_days": "soon"},
        {"channel": "fax"},
    ],
)
def test_terms_that_mean_nothing_are_refused(terms):
    """Two deadlines, negative ones, ones beyond a year, unknown channels."""
    with pytest.raises(ValidationError):
        ClaimTerms.model_validate(terms)

"""Real status changes of 118 sites, measured and held against answers computed by others.

Source: four public Upptime status repositories (DHBern/upptime_digitaleditions, FoodCoopX/upptime,
LimeCommerce/upptime, manticoresoftware/upptime), ODbL 1.0; the files stand beside the project, and
nothing of them is copied into it.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from models.intervals import instant
from models.outage import Observation, State, Timeline
from models.period import ServiceMonth
from models.uptime import MonthlyUptime
from tests.models.scenes import measured

FOLDER = Path(__file__).resolve().parents[3] / "shared/data/upptime"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the real status changes are not beside the project"
)

Site = tuple[str, str]


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one file."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sites() -> Mapping[Site, Timeline]:
    """Every site's timeline."""
    seen: dict[Site, list[Observation]] = defaultdict(list)
    for row in rows("observations.csv"):
        at = instant(datetime.fromisoformat(row["observed_at_utc"]))
        seen[row["source"], row["site"]].append(Observation(at, State[row["status"].upper()]))
    return {site: Timeline.of(checks, monitor=site[1]) for site, checks in seen.items()}


@pytest.fixture(scope="module")
def full_months() -> list[dict[str, str]]:
    """The months that the observations cover from end to end."""
    if not FOLDER.is_dir():
        return []
    return [row for row in rows("expected_months.csv") if row["full_month"] == "1"]


def month_of(row, sites, **terms):
    """A site's month under some terms."""
    month = ServiceMonth.parse(row["month_utc"]).bounds("UTC")
    return measured(sites[row["source"], row["site"]], month=month, **terms)


def seconds(length_ms: int) -> Decimal:
    """Milliseconds as the files write seconds."""
    return Decimal(length_ms) / 1000


def six_places(month: MonthlyUptime) -> Fraction:
    """The uptime percent, rounded to nearest at six places as the files have it."""
    assert month.ratio is not None
    return Fraction(round(month.ratio * 100 * 10**6), 10**6)


def test_every_full_month_has_the_published_downtime_to_the_millisecond(sites, full_months):
    """Sum, number and longest part of the outages, and the percent."""
    assert len(full_months) == 140
    for row in full_months:
        month = month_of(row, sites)
        assert seconds(month.down.length) == Decimal(row["down_seconds"]), row
        assert len(month.outages) == int(row["outages"]), row
        longest = max((outage.counted_ms for outage in month.outages), default=0)
        assert seconds(longest) == Decimal(row["longest_outage_s_in_month"]), row
        assert six_places(month) == Fraction(row["uptime_pct_full_month"]), row


def test_every_full_month_ignores_short_outages_as_published(sites, full_months):
    """Outages under 300 s in all do not count; the others do with their part in the month."""
    for row in full_months:
        month = month_of(row, sites, minimum_outage={"minutes": 5})
        assert seconds(month.down.length) == Decimal(row["down_seconds_outages_ge_300s"]), row
        assert six_places(month) == Fraction(row["uptime_pct_of_covered_min_outage_300s"]), row


def test_every_full_month_counts_degraded_time_as_published(sites, full_months):
    """Degraded time is up, or down where the contract says so."""
    for row in full_months:
        month = month_of(row, sites, degraded="down")
        worse = Decimal(row["down_seconds"]) + Decimal(row["degraded_seconds"])
        assert seconds(month.down.length) == worse, row
        assert six_places(month) == Fraction(row["uptime_pct_of_covered_degraded_is_down"]), row

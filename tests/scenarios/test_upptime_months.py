"""Every month of 118 real sites, measured by `makegood measure`, against answers worked out apart.

The observations are those of four public Upptime repositories. The answers were computed once, by
another program, to the millisecond.
"""

import csv
import random
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.command import makegood, makegood_itself
from tests.models.ladders.sheets import SHARED, exact_yaml

UPPTIME = SHARED / "data" / "upptime"
pytestmark = pytest.mark.skipif(not UPPTIME.is_dir(), reason="the real months are not at hand")


def table(name):
    """The rows of one of the published tables."""
    path = UPPTIME / name
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def monitor_of(row):
    """How the site is called in our checks file."""
    return f"{row['source']}/{row['site']}"


OBSERVED = [(monitor_of(r), r["observed_at_utc"], r["status"]) for r in table("observations.csv")]
EXPECTED = table("expected_months.csv")
FULL = sorted({row["month_utc"] for row in EXPECTED if row["full_month"] == "1"})
REMOVED = {monitor_of(row) for row in table("sites.csv") if row["removed_at_utc"]}


def written(path: Path, rows) -> Path:
    """A checks file with these rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("monitor", "at", "up"), *rows])
    return path


@pytest.fixture(scope="module")
def checks(tmp_path_factory):
    """All observations as one checks file."""
    return written(tmp_path_factory.mktemp("upptime") / "checks.csv", OBSERVED)


def measured(checks, month, *options):
    """Each monitor's answer, by its name."""
    ended = makegood("measure", "--checks", checks, "--month", month, *options, "--json")
    assert ended.code in {0, 1}, ended.err
    return {answer["monitor"]: answer for answer in ended.document["monitors"]}


def expected(month, *, full=True):
    """The published answers for the month's sites that were watched all the time, or not."""
    wanted = "1" if full else "0"
    return {
        monitor_of(row): row
        for row in EXPECTED
        if row["month_utc"] == month and row["full_month"] == wanted
    }


def milliseconds(number):
    """Seconds as whole milliseconds."""
    return int(Decimal(number) * 1000)


def uptime(answer):
    """The exact uptime that a monitor's answer holds."""
    return Fraction(answer["uptime_ratio"]["numerator"], answer["uptime_ratio"]["denominator"])


def rounded(ratio):
    """A ratio as the published answers print it: a percentage, half up to six places."""
    exact = Decimal(ratio.numerator * 100) / Decimal(ratio.denominator)
    return exact.quantize(Decimal("0.000001"), ROUND_HALF_UP)


@pytest.mark.parametrize("month", FULL)
def test_every_full_month_is_exact_to_the_millisecond(checks, month):
    """Month, downtime and uptime of every site that was watched all month long."""
    answers, rows = measured(checks, month), expected(month)
    assert rows
    for monitor, row in rows.items():
        total, down = milliseconds(row["month_seconds"]), milliseconds(row["down_seconds"])
        answer = answers[monitor]
        assert milliseconds(answer["month_seconds"]) == total
        assert milliseconds(answer["down_seconds"]) == down, monitor
        assert answer["unknown_seconds"] == answer["excluded_seconds"] == 0
        assert uptime(answer) == Fraction(total - down, total)
        assert rounded(uptime(answer)) == Decimal(row["uptime_pct_full_month"])
        assert 0 <= uptime(answer) * 100 - Fraction(answer["uptime_percent"]) < Fraction(1, 10**6)


@pytest.mark.parametrize("month", FULL)
def test_every_full_month_is_exact_without_outages_under_five_minutes(checks, month):
    """An outage of exactly 300 s counts; a shorter one is left out, wherever it lies."""
    answers = measured(checks, month, "--ignore-outages-under-minutes", "5")
    for monitor, row in expected(month).items():
        left = milliseconds(row["down_seconds_outages_ge_300s"])
        assert milliseconds(answers[monitor]["down_seconds"]) == left, monitor
        published = Decimal(row["uptime_pct_of_covered_min_outage_300s"])
        assert rounded(uptime(answers[monitor])) == published


@pytest.mark.parametrize("month", FULL)
def test_every_full_month_is_exact_where_degraded_is_down(checks, month):
    """Degraded time adds to the downtime, to the millisecond."""
    answers = measured(checks, month, "--degraded", "down")
    for monitor, row in expected(month).items():
        down = milliseconds(row["down_seconds"]) + milliseconds(row["degraded_seconds"])
        assert milliseconds(answers[monitor]["down_seconds"]) == down, monitor
        published = Decimal(row["uptime_pct_of_covered_degraded_is_down"])
        assert rounded(uptime(answers[monitor])) == published


@pytest.mark.parametrize("month", FULL)
def test_a_month_that_was_watched_in_part_is_withheld_or_judged_on_that_part(checks, month):
    """Time before a site's first observation is unknown: nothing is guessed about it."""
    withheld, judged = measured(checks, month), measured(checks, month, "--no-data", "excluded")
    for monitor, row in expected(month, full=False).items():
        if monitor in REMOVED:
            continue  # When a site was taken off the list is no part of its checks.
        total, seen = milliseconds(row["month_seconds"]), milliseconds(row["covered_seconds"])
        assert milliseconds(withheld[monitor]["unknown_seconds"]) == total - seen
        assert withheld[monitor]["uptime_ratio"] is withheld[monitor]["uptime_percent"] is None
        assert milliseconds(judged[monitor]["down_seconds"]) == milliseconds(row["down_seconds"])
        assert rounded(uptime(judged[monitor])) == Decimal(row["uptime_pct_of_covered"])


@pytest.mark.parametrize(
    ("zone", "month"),
    [(zone, month) for zone in ("UTC", "Europe/Berlin") for month in ("2026-04", "2026-05")],
)
def test_an_outage_over_the_end_of_a_month_belongs_to_the_month_of_the_zone(checks, zone, month):
    """It starts on April 30 at 22:12 UTC, which is May 1 in Berlin: no downtime of April there."""
    golden = exact_yaml((SHARED / "data" / "golden.yaml").read_text(encoding="utf-8"))
    (case,) = [c for c in golden["timezone_and_month"] if c["id"] == "tz-ernte-union-ost-euo"]
    row = case["by_zone"][f"{zone} {month}"]
    answers = measured(checks, month, "--time-zone", zone)
    answer = answers["foodcoopx/ernte-union-ost-euo"]
    assert milliseconds(answer["month_seconds"]) == milliseconds(row["period_seconds"])
    assert milliseconds(answer["down_seconds"]) == milliseconds(row["down_seconds"])
    assert rounded(uptime(answer)) == Decimal(row["uptime_pct"])


def test_the_order_and_the_repetition_of_checks_change_nothing(checks, tmp_path):
    """A file that was shuffled and doubled is the same evidence."""
    rows = OBSERVED * 2
    random.Random(5).shuffle(rows)
    shuffled = written(tmp_path / "shuffled.csv", rows)
    assert measured(shuffled, "2026-05") == measured(checks, "2026-05")


def test_parquet_says_what_csv_says(checks, tmp_path):
    """Times as time stamps, names as a dictionary, states as text."""
    names, times, states = zip(*OBSERVED, strict=True)
    columns = {
        "monitor": pa.array(names).dictionary_encode(),
        "at": pa.array(times).cast(pa.timestamp("ms", "UTC")),
        "up": pa.array(states),
    }
    pq.write_table(pa.table(columns), tmp_path / "checks.parquet")
    assert measured(tmp_path / "checks.parquet", "2026-05") == measured(checks, "2026-05")


def test_the_installed_command_says_the_same(checks):
    """The command as a person types it, with a path seen from the folder that it runs in."""
    ended = makegood_itself(
        *("measure", "--checks", checks.name, "--month", "2026-05", "--json"), folder=checks.parent
    )
    answers = {answer["monitor"]: answer for answer in ended.document["monitors"]}
    assert answers == measured(checks, "2026-05")
    assert ended.err == ""
    assert ended.code == 1  # Some sites were not watched in May at all.

"""`makegood measure`: what each option does to a month, one small file at a time.

September 2025 in UTC has 30 days: 2,592,000 seconds, 720 hours, 8,640 windows of five minutes.
"""

from decimal import Decimal

import pytest

from tests.command import makegood

SEPTEMBER_SECONDS = 30 * 86_400


@pytest.fixture
def measured(tmp_path):
    """Measure September from rows of `at,up` of one monitor; its part of the answer."""

    def measure(*options, rows, month="2025-09"):
        lines = "".join(f"api,{row}\n" for row in rows)
        (tmp_path / "checks.csv").write_text(f"monitor,at,up\n{lines}")
        file = ("--checks", tmp_path / "checks.csv")
        ended = makegood("measure", *file, "--month", month, *options, "--json")
        (answer,) = ended.document["monitors"]
        assert ended.code == (1 if answer["withheld"] else 0)
        return answer

    return measure


UP = "2025-08-31T00:00:00Z,up"


def test_a_state_holds_until_the_next_check(measured):
    """Down from 12:00:00.250 to 12:00:01 is 0.75 s; the month is known all the time."""
    answer = measured(rows=[UP, "2025-09-10T12:00:00.250Z,down", "2025-09-10T12:00:01Z,up"])
    assert answer["month_seconds"] == SEPTEMBER_SECONDS
    assert answer["down_seconds"] == Decimal("0.75")
    assert answer["uptime_ratio"] == {"numerator": 2_591_999_250, "denominator": 2_592_000_000}
    assert answer["uptime_percent"] == "99.999971"  # 99.99997106..., rounded down
    assert answer["total_windows"] is None


def test_seconds_are_written_without_a_float(tmp_path):
    """2,047.458 s stands in the text as that, and whole seconds without a point."""
    rows = f"api,{UP}\napi,2025-09-10T12:00:00Z,down\napi,2025-09-10T12:34:07.458Z,up\n"
    (tmp_path / "checks.csv").write_text(f"monitor,at,up\n{rows}")
    file = tmp_path / "checks.csv"
    printed = makegood("measure", "--checks", file, "--month", "2025-09", "--json").out
    assert '"down_seconds": 2047.458,' in printed
    assert '"month_seconds": 2592000,' in printed
    assert '"excluded_seconds": 0,' in printed


def test_the_last_check_before_the_month_sets_its_start(measured):
    """Down since August, up on September 1 at one: an hour."""
    answer = measured(rows=["2025-08-20T00:00:00Z,down", "2025-09-01T01:00:00Z,up"])
    assert answer["down_seconds"] == 3600
    (outage,) = answer["outages"]
    assert outage["started_at"] == "2025-08-20T00:00:00Z"


def test_time_before_the_first_check_is_unknown_and_withholds(measured):
    """Ten days: ratio and percent are null, and the reason is told."""
    answer = measured(rows=["2025-09-11T00:00:00Z,up"])
    assert answer["unknown_seconds"] == 864_000
    assert answer["uptime_ratio"] is answer["uptime_percent"] is None
    assert answer["withheld"] == "240 h has no known state, and no_data is withhold"


@pytest.mark.parametrize(
    ("policy", "down", "unknown", "percent"),
    [
        ("carry", 0, 864_000, None),  # There is nothing before it that could be carried.
        ("up", 0, 0, "100.000000"),
        ("down", 864_000, 0, "66.666666"),
        ("excluded", 0, 0, "100.000000"),
        ("withhold", 0, 864_000, None),
    ],
)
def test_unknown_time_means_what_no_data_says(measured, policy, down, unknown, percent):
    """240 of 720 hours are unknown."""
    answer = measured("--no-data", policy, rows=["2025-09-11T00:00:00Z,up"])
    assert (answer["down_seconds"], answer["unknown_seconds"]) == (down, unknown)
    assert answer["uptime_percent"] == percent


def test_silence_makes_a_state_stale(measured):
    """One check on September 1: known for 10 minutes, then unknown for 43,190."""
    row = "2025-09-01T00:00:00Z,up"
    assert measured(rows=[row])["unknown_seconds"] == 0
    answer = measured("--stale-after-minutes", "10", rows=[row])
    assert answer["unknown_seconds"] == 43_190 * 60


@pytest.mark.parametrize(("minutes", "down"), [("5", 300), ("5.01", 0), ("0", 300)])
def test_an_outage_of_exactly_the_minimum_counts_from_its_first_second(measured, minutes, down):
    """Five minutes are not under five minutes."""
    rows = [UP, "2025-09-10T12:00:00Z,down", "2025-09-10T12:05:00Z,up"]
    answer = measured("--ignore-outages-under-minutes", minutes, rows=rows)
    assert answer["down_seconds"] == down


def test_an_outage_is_judged_by_its_whole_length_also_outside_the_month(measured):
    """Four minutes of August and two of September are six, so the two count."""
    rows = [UP, "2025-08-31T23:56:00Z,down", "2025-09-01T00:02:00Z,up"]
    assert measured("--ignore-outages-under-minutes", "5", rows=rows)["down_seconds"] == 120


def test_exclusions_may_be_several_and_overlap(measured):
    """An hour down; 12:00-12:30 and 12:20-12:40 leave 20 minutes, and 40 leave the month."""
    rows = [UP, "2025-09-10T12:00:00Z,down", "2025-09-10T13:00:00Z,up"]
    answer = measured(
        *("--exclude", "2025-09-10T12:00Z/2025-09-10T12:30Z"),
        *("--exclude", "2025-09-10T14:20+02:00/2025-09-10T14:40+02:00"),
        rows=rows,
    )
    assert (answer["down_seconds"], answer["excluded_seconds"]) == (1200, 2400)
    ratio = answer["uptime_ratio"]
    assert ratio["denominator"] == (SEPTEMBER_SECONDS - 2400) * 1000
    assert ratio["numerator"] == (SEPTEMBER_SECONDS - 2400 - 1200) * 1000


def test_a_month_that_is_excluded_altogether_has_no_uptime(measured):
    """Neither 0 nor 100 percent."""
    answer = measured("--exclude", "2025-09-01T00:00Z/2025-10-01T00:00Z", rows=[UP])
    assert answer["uptime_percent"] is None
    assert answer["withheld"] == "no measurable time: all of the month is excluded"


@pytest.mark.parametrize(("counts", "down"), [("up", 0), ("down", 3600)])
def test_degraded_is_up_unless_told_otherwise(measured, counts, down):
    """An hour of degraded service."""
    rows = [UP, "2025-09-10T12:00:00Z,degraded", "2025-09-10T13:00:00Z,up"]
    assert measured("--degraded", counts, rows=rows)["down_seconds"] == down


@pytest.mark.parametrize(("fails", "errors"), [("whole", 1), ("any", 3)])
def test_a_window_fails_when_the_whole_of_it_is_down_or_any(measured, fails, errors):
    """Down 12:04 to 12:11 covers 12:05-12:10 and touches the windows on both sides."""
    rows = [UP, "2025-09-10T12:04:00Z,down", "2025-09-10T12:11:00Z,up"]
    answer = measured("--window-minutes", "5", "--window-fails", fails, rows=rows)
    assert (answer["total_windows"], answer["error_windows"]) == (8640, errors)
    assert answer["excluded_windows"] == answer["unknown_windows"] == 0
    assert answer["uptime_ratio"] == {"numerator": 8640 - errors, "denominator": 8640}


def test_windows_start_at_the_months_local_start(measured):
    """March 2026 in Berlin has 743 hours: 743 windows of an hour."""
    answer = measured(
        *("--window-minutes", "60", "--time-zone", "Europe/Berlin"), rows=[UP], month="2026-03"
    )
    assert (answer["total_windows"], answer["month_seconds"]) == (743, 743 * 3600)


def test_several_monitors_are_answered_by_name(tmp_path):
    """And the exit code is 1 when any of them is withheld."""
    rows = (
        "web,2025-08-31T00:00:00Z,1\napi,2025-08-31T00:00:00Z,true\nnew,2025-09-02T00:00:00Z,UP\n"
    )
    (tmp_path / "checks.csv").write_text(f"monitor,at,up\n{rows}")
    file = tmp_path / "checks.csv"
    ended = makegood("measure", "--checks", file, "--month", "2025-09", "--json")
    assert ended.code == 1
    assert [a["monitor"] for a in ended.document["monitors"]] == ["api", "new", "web"]
    assert [a["uptime_percent"] is None for a in ended.document["monitors"]] == [False, True, False]


def test_a_person_gets_a_table(tmp_path):
    """With a line on stderr for each monitor that is withheld."""
    (tmp_path / "checks.csv").write_text("monitor,at,up\napi,2025-09-11T00:00:00Z,up\n")
    ended = makegood("measure", "--checks", tmp_path / "checks.csv", "--month", "2025-09")
    assert "2025-09 in UTC" in ended.out
    assert ended.err == "api: 240 h has no known state, and no_data is withhold\n"

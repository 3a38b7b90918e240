"""A calculator's payload: the kit's fields, exact numbers, and sums that must add up."""

from decimal import Decimal
from fractions import Fraction

import pytest
from pydantic import ValidationError

from models.decision import canonical
from models.payload import CalculatorPayload
from tests.models.ladders.sheets import SHARED, exact_yaml

SEED = SHARED / "seeds"

KIT = {
    "client_id": "acme",
    "service_id": "api",
    "month": "2026-05",
    "window_minutes": [5],
    "total_windows": 8928,
    "error_windows": 2,
    "excluded_windows": 6,
    "calculation_notes": ["Excluded scheduled maintenance on 2026-05-12 02:00-02:30 UTC"],
    "billable_amount": Decimal("2000.00"),
    "evidence": ["https://example.com/dashboard", "https://example.com/log"],
}


def payload(**fields):
    """A payload of May 2026 with these fields."""
    return CalculatorPayload.model_validate({"month": "2026-05"} | fields)


def measured_of(read, **contract):
    """The month of a payload that can be measured."""
    measured, withheld = read.measured(**contract)
    assert withheld == ""
    return measured


def refusals(document):
    """Field and expectation of everything that is wrong with a payload."""
    with pytest.raises(ValidationError) as caught:
        CalculatorPayload.model_validate(document)
    return {".".join(map(str, one["loc"])): one["msg"] for one in caught.value.errors()}


def test_the_kits_payload_is_read_as_it_stands():
    """(8928 - 2 - 6) / (8928 - 6) is 99.977583 %; two windows are ten minutes."""
    measured = measured_of(CalculatorPayload.model_validate(KIT))
    assert measured.uptime == Fraction(8920, 8922)
    assert measured.down_seconds == 600
    assert measured.measurable_seconds == 8922 * 300
    assert measured.period_seconds == 31 * 86_400
    assert (measured.days, measured.outage_seconds) == (31, None)


@pytest.mark.parametrize("field", ["window_minutes", "total_windows", "month", "client_id"])
def test_a_list_of_one_is_that_one(field):
    """The kit's template puts brackets around its placeholders."""
    listed = KIT | {field: KIT[field] if isinstance(KIT[field], list) else [KIT[field]]}
    assert CalculatorPayload.model_validate(listed) == CalculatorPayload.model_validate(KIT)


def test_windows_without_a_length_divide_the_month():
    """744 windows of May are hours."""
    measured = measured_of(payload(total_windows=744, error_windows=1))
    assert measured.down_seconds == 3600


def test_an_uptime_percent_is_the_months_uptime():
    """99.9 % of May: 44 minutes 38.4 seconds down."""
    measured = measured_of(payload(uptime_percent=Decimal("99.9")))
    assert measured.uptime == Fraction(999, 1000)
    assert measured.down_seconds == Fraction("2678.4")


def test_seconds_of_downtime_are_held_against_the_month_in_its_zone():
    """March in Berlin has 743 hours; an hour of exclusions leaves 742."""
    berlin = payload(
        month="2026-03", time_zone="Europe/Berlin", down_seconds="3600.5", excluded_seconds=3600
    )
    measured = measured_of(berlin)
    assert measured.period_seconds == 743 * 3600
    assert measured.uptime == 1 - Fraction("3600.5") / (742 * 3600)


def test_a_contracts_zone_and_share_hold_where_the_payload_is_silent():
    """The payload's own statements win."""
    silent = payload(month="2026-03", down_seconds=60)
    measured = measured_of(silent, time_zone="Europe/Berlin", affected=Fraction(1, 2))
    assert (measured.period_seconds, measured.affected_ratio) == (743 * 3600, Fraction(1, 2))
    stated = payload(month="2026-03", down_seconds=60, time_zone="UTC", affected_percent=20)
    measured = measured_of(stated, time_zone="Europe/Berlin", affected=Fraction(1, 2))
    assert (measured.period_seconds, measured.affected_ratio) == (744 * 3600, Fraction(1, 5))


def test_outages_may_be_listed():
    """Their sum is the downtime, whether it is given as well or not."""
    for listed in ({}, {"down_seconds": 60}):
        measured = measured_of(payload(outages_seconds=[20, 40], **listed))
        assert (measured.down_seconds, measured.outage_seconds) == (60, (20, 40))


@pytest.mark.parametrize(
    "fields",
    [
        {"total_windows": 8928, "error_windows": 0, "excluded_windows": 8928},
        {"down_seconds": 0, "excluded_seconds": 31 * 86_400},
        {"total_windows": 0, "error_windows": 0},
    ],
)
def test_a_month_without_measurable_time_is_withheld(fields):
    """All of it excluded, or none of it counted: neither 0 % nor 100 %."""
    measured, withheld = payload(**fields).measured()
    assert measured is None
    assert withheld.endswith(", so no time was measurable")


def test_downtime_that_only_the_contracts_zone_shows_to_be_too_long_is_withheld():
    """744 hours fit March in UTC and not in Berlin."""
    measured, withheld = payload(month="2026-03", down_seconds=744 * 3600).measured(
        time_zone="Europe/Berlin"
    )
    assert measured is None
    assert withheld == "2678400 s of downtime exceed the 2674800 s that were measurable"


@pytest.mark.parametrize(
    ("fields", "field", "expected"),
    [
        (
            {},
            "",
            "exactly one of total_windows, uptime_percent, down_seconds, outages and requests",
        ),
        ({"uptime_percent": 99, "down_seconds": 5}, "down_seconds", "exactly one of"),
        ({"uptime_percent": 99, "outages_seconds": [5]}, "down_seconds", "exactly one of"),
        (
            {"total_windows": 8928, "error_windows": 8923, "excluded_windows": 6},
            "error_windows",
            "at most 8922, which is 8928 windows less 6 excluded",
        ),
        (
            {"total_windows": 10, "error_windows": 0, "excluded_windows": 11},
            "excluded_windows",
            "at most the 10 windows",
        ),
        ({"total_windows": 10}, "error_windows", "the number of windows that failed"),
        ({"total_windows": -1, "error_windows": 0}, "total_windows", "greater than or equal to 0"),
        ({"uptime_percent": 99, "error_windows": 1}, "error_windows", "total_windows beside it"),
        ({"uptime_percent": 99, "excluded_seconds": 1}, "excluded_seconds", "down_seconds beside"),
        ({"down_seconds": 60, "outages_seconds": [20, 39]}, "down_seconds", "59, the sum of"),
        ({"down_seconds": 2_678_401}, "down_seconds", "at most 2678400, the seconds of 2026-05"),
        (
            {"down_seconds": 2_678_400, "excluded_seconds": 1},
            "down_seconds",
            "at most 2678399, the seconds of 2026-05 less 1 excluded",
        ),
        ({"down_seconds": 0, "excluded_seconds": 9_999_999}, "excluded_seconds", "at most the"),
        ({"uptime_percent": "99,9"}, "uptime_percent", "a plain number"),
        ({"uptime_percent": "NaN"}, "uptime_percent", "a plain number"),
        ({"uptime_percent": Decimal("Infinity")}, "uptime_percent", "a plain number"),
        ({"uptime_percent": 99.9}, "uptime_percent", "a plain number"),
        ({"uptime_percent": True}, "uptime_percent", "a plain number"),
        ({"uptime_percent": Decimal("100.01")}, "uptime_percent", "less than or equal to 100"),
        ({"down_seconds": -1}, "down_seconds", "greater than or equal to 0"),
        ({"uptime_percent": 99, "billable_amount": -5}, "billable_amount", "greater than or equal"),
        ({"uptime_percent": 99, "month": "2026-13"}, "month", "a month as YYYY-MM"),
        ({"uptime_percent": 99, "month": 202605}, "month", "valid string"),
        ({"uptime_percent": 99, "uptime": 99}, "uptime", "not permitted"),
        ({"uptime_percent": 99, "client_id": "[CLIENT_ID]"}, "client_id", "[CLIENT_ID]"),
        ({"uptime_percent": 99, "evidence": ["[URL_TO_LOG_EXPORT]"]}, "evidence.0", "[URL_TO"),
    ],
)
def test_what_does_not_add_up_is_refused_at_its_field(fields, field, expected):
    """Sums, signs, numbers that are none, unknown fields, placeholders."""
    found = refusals({"month": "2026-05"} | fields)
    assert expected in found[field]


def test_everything_that_is_wrong_is_said_at_once():
    """Four fields, four refusals."""
    wrong = KIT | {"month": "May", "total_windows": "many", "billable_amount": "NaN", "x": 1}
    assert set(refusals(wrong)) == {"month", "total_windows", "billable_amount", "x"}


def test_a_count_of_windows_that_is_not_the_months_asks_for_a_look():
    """February has 8,064 windows of five minutes, not May's 8,928."""
    odd = payload(month="2026-02", window_minutes=5, total_windows=8928, error_windows=0)
    (finding,) = odd.findings("feb.json")
    assert str(finding) == (
        "feb.json: total_windows is 8928; 2026-02 in UTC has 8064 windows of 5 min. "
        "Check the month, its zone and the window; the counts are used as they stand."
    )


@pytest.mark.parametrize("windows", [6377, 6378])
def test_a_window_that_the_months_end_cuts_may_be_counted_or_not(windows):
    """May has 6,377 whole windows of seven minutes and a part of one."""
    fitting = payload(window_minutes=7, total_windows=windows, error_windows=0)
    assert fitting.findings("may.json") == ()


def test_a_payload_survives_being_recorded():
    """Its record is canonical and means the same again."""
    original = CalculatorPayload.model_validate(KIT)
    record = original.model_dump(mode="json")
    assert canonical(record)
    assert CalculatorPayload.model_validate(record) == original


@pytest.mark.skipif(not SEED.is_dir(), reason="the kit's text is not at hand")
def test_the_kits_own_payload_loads_once_its_placeholders_are_filled():
    """Taken from the kit's text, brackets and all."""
    text = next(iter(SEED.glob("004_*.txt"))).read_text(encoding="utf-8")
    start = text.index("{", text.index("Expected payload (per client-service-month)"))
    written = text[start : text.index("}", start) + 1]
    for slot, value in {
        "[CLIENT_ID]": "acme",
        "[SERVICE_SLUG]": "api",
        "[YYYY-MM]": "2026-05",
        "[N]": "8928",
        "[M]": "2",
        "[K]": "6",
        "[AMOUNT]": "2000.00",
        "[URL_TO_DASHBOARD]": "https://example.com/dashboard",
        "[URL_TO_LOG_EXPORT]": "https://example.com/log",
    }.items():
        written = written.replace(slot, value)
    measured = measured_of(CalculatorPayload.model_validate(exact_yaml(written)))
    assert measured.uptime == Fraction(8920, 8922)

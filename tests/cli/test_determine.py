"""`makegood determine` and `makegood ladders`: payload forms, fees, currencies, the catalog.

May 2026 has 44,640 minutes, 8,928 windows of five minutes. Under the S3 table 99.0 % earns 10 %.
"""

import json

import pytest
import simplejson

from tests.command import makegood

SHOW = ("ladders", "show")


@pytest.fixture
def determined(tmp_path):
    """Determine a payload's fields for May 2026; answers with how the command ended."""

    def determine(*options, ladder="aws-s3-standard", **fields):
        payload = tmp_path / "payload.json"
        payload.write_text(simplejson.dumps({"month": "2026-05", **fields}, use_decimal=True))
        return makegood("determine", "--ladder", ladder, "--payload", payload, *options, "--json")

    return determine


@pytest.mark.parametrize(
    ("fields", "percent"),
    [
        # (8928 - 6 - 90) / (8928 - 6) = 8832 / 8922
        (
            {"total_windows": 8928, "error_windows": 90, "excluded_windows": 6},
            "98.991257",
        ),
        ({"uptime_percent": 98.991257}, "98.991257"),
        # 27,000 of 2,678,400 - 1,800 s
        ({"down_seconds": 27_000, "excluded_seconds": 1800}, "98.991257"),
        ({"outages_seconds": [20_000, 7000], "excluded_seconds": 1800}, "98.991257"),
    ],
    ids=["windows", "a percent", "seconds", "outages"],
)
def test_a_payload_tells_the_month_in_one_of_its_forms(determined, fields, percent):
    """All of them are 98.991257 %, which earns 25 % of 10,000.00."""
    ended = determined("--fee", "10000", **fields)
    answer = ended.document
    assert ended.code == 0
    assert (answer["uptime_percent"], answer["tier"]) == (percent, "95 <= uptime < 99")
    assert (answer["credit_percent"], answer["credit_amount"]) == ("25", "2500.00")
    assert (answer["breached"], answer["capped"], answer["currency"]) == (True, False, "USD")
    assert answer["claim_by"] == "2026-07-31"  # The end of the second billing cycle after May.
    assert answer["steps"][0]["name"] == "uptime"


def test_without_a_fee_there_is_a_percent_and_no_amount(determined):
    """The amount is null and no step speaks of money; the deadline holds all the same."""
    answer = determined(uptime_percent=98).document
    assert (answer["credit_percent"], answer["credit_amount"]) == ("25", None)
    assert answer["claim_by"] == "2026-07-31"
    assert not any("0.00" in step["says"] for step in answer["steps"])


def test_the_fee_given_stands_in_place_of_the_payloads(determined):
    """10 % of 50.00 EUR, not of 2,000.00 USD."""
    given = ("--fee", "50", "--currency", "EUR")
    answer = determined(*given, uptime_percent=99.5, billable_amount=2000, currency="USD").document
    assert (answer["credit_amount"], answer["currency"]) == ("5.00", "EUR")


def test_the_payloads_own_fee_is_used(determined):
    """10 % of 1,234.56 GBP is 123.456, half up 123.46."""
    answer = determined(uptime_percent=99.5, billable_amount="1234.56", currency="GBP").document
    assert (answer["credit_amount"], answer["currency"]) == ("123.46", "GBP")


def test_a_currency_has_its_own_places(determined):
    """10 % of 12,345 JPY is 1,234.5, half up 1,235; of 100.555 KWD 10.0555, payable as 10.060."""
    yen = determined("--fee", "12345", "--currency", "JPY", uptime_percent=99.5).document
    assert yen["credit_amount"] == "1235"
    dinar = determined("--fee", "100.555", "--currency", "KWD", uptime_percent=99.5).document
    assert dinar["credit_amount"] == "10.060"


def test_a_met_month_earns_nothing_and_exits_0(determined):
    """99.9 exactly meets 99.9."""
    ended = determined("--fee", "10000", uptime_percent=99.9)
    assert (ended.code, ended.document["breached"]) == (0, False)
    assert (ended.document["credit_amount"], ended.document["claim_by"]) == ("0.00", None)


def test_the_tier_is_chosen_on_the_exact_value(determined):
    """99.89999999999999999 is below 99.9, though 99.900000 is what six places would round to."""
    ended = determined("--fee", "10000", uptime_percent="99.89999999999999999")
    answer = ended.document
    assert (answer["uptime_percent"], answer["credit_percent"]) == ("99.899999", "10")


def test_a_gap_in_a_published_table_is_withheld(determined):
    """Auth0 has no row for 99.985 %: exit code 1, and no amount is guessed."""
    ended = determined("--fee", "10000", ladder="auth0-public", uptime_percent=99.985)
    assert (ended.code, ended.document["credit_amount"]) == (1, None)
    assert "no row" in ended.document["withheld"]


def test_a_month_without_measurable_time_is_withheld(determined):
    """All windows are excluded."""
    ended = determined(total_windows=100, error_windows=0, excluded_windows=100)
    assert (ended.code, ended.document["uptime_percent"]) == (1, None)
    assert ended.document["withheld"] == "all 100 windows are excluded, so no time was measurable"


def test_windows_unlike_the_months_are_pointed_out(determined):
    """On stderr, and the counts are used as they stand."""
    ended = determined(total_windows=8900, error_windows=0, window_minutes=5)
    assert ended.code == 0
    assert "total_windows is 8900; 2026-05 in UTC has 8928 windows of 5 min" in ended.err


def test_a_ladder_may_stand_in_a_file(determined, tmp_path):
    """99.5 % promised, 5 % for missing it."""
    ladder = tmp_path / "own.yaml"
    ladder.write_text("kind: single_threshold\ncommitment_percent: 99.5\ncredit_percent: 5\n")
    answer = determined("--fee", "200", ladder=ladder, uptime_percent=99.4).document
    assert answer["credit_amount"] == "10.00"


def test_days_of_service_are_days(determined):
    """7 days, no percent and, since they stay days, no money."""
    given = {"ladder": "google-workspace", "uptime_percent": 98.5}
    answer = determined("--fee", "100", **given).document
    assert (answer["credit_days"], answer["credit_percent"]) == ("7", None)
    assert answer["credit_amount"] == "0.00"


def test_a_person_reads_the_steps(tmp_path):
    """The amount first, then how it came about."""
    payload = tmp_path / "payload.json"
    payload.write_text(json.dumps({"month": "2026-05", "uptime_percent": "99.5"}))
    command = ("determine", "--ladder", "aws-s3-standard", "--payload", payload)
    assert makegood(*command, "--fee", "100").out.startswith("10.00 USD\n  1. uptime is 99.5 %")
    assert makegood(*command).out.startswith("10 % of a fee that was not given\n  1. uptime is")


def test_the_catalog_is_listed_and_shown():
    """Every ladder of the list can be shown, and says where it was seen."""
    listed = makegood("ladders", "list", "--json").document["ladders"]
    assert len(listed) >= 40
    shown = makegood(*SHOW, listed[0]["id"], "--json").document
    assert {name: shown[name] for name in listed[0]} == listed[0]
    assert "aws-s3-standard" in makegood("ladders", "list").out
    assert "credit_ladder:\n  kind: uptime_brackets" in makegood(*SHOW, "aws-s3-standard").out


@pytest.mark.parametrize(
    "name", ["aws-s3-standard", "algolia", "google-workspace", "starlink-priority"]
)
def test_the_terms_that_are_shown_are_a_ladder_file(determined, tmp_path, name):
    """Copied into a file, they give the answer that the catalog's ladder gives."""
    copied = tmp_path / "copied.json"
    copied.write_text(json.dumps(makegood(*SHOW, name, "--json").document["terms"]))
    figures = {"outages_seconds": [9000, 4000], "billable_amount": 500}
    ours = determined(ladder=copied, **figures).document
    assert ours == determined(ladder=name, **figures).document


def test_a_right_is_told_beside_a_credit_of_nothing(determined):
    """Datadog: no money, and what may be done instead."""
    ended = determined("--fee", "1000", ladder="datadog", uptime_percent=99)
    assert ended.document["credit_amount"] == "0.00"
    assert ended.document["breached"] is True
    assert len(ended.document["rights"]) == 1
    assert "rights" not in determined(ladder="datadog", uptime_percent=100).document


def test_what_is_too_small_is_carried_and_told(determined, tmp_path):
    """10.00 of at least 1,000.00."""
    terms = tmp_path / "ladder.yaml"
    terms.write_text(
        "credit_ladder: {kind: single_threshold, commitment_percent: 99.9, credit_percent: 10}\n"
        "minimum_payout: {at_least: 1000, otherwise: carried}\n"
        "form: {instrument: renewal}\n"
    )
    found = determined("--fee", "100", ladder=terms, uptime_percent=99).document
    assert (found["credit_amount"], found["carried_amount"]) == ("0.00", "10.00")
    assert "form" not in found


def test_counted_requests_and_outages_with_times_are_payloads(determined):
    """Half of one interval's requests of four fail: 87.5 % on average; a clock hour is free."""
    counts = [[10, 5], [10, 0], [0, 0], [10, 0]]
    found = determined(requests={"interval_minutes": 5, "counts": counts}).document
    assert (found["uptime_percent"], found["credit_percent"]) == ("87.500000", "100")
    down = [{"start": "2026-05-01T10:00Z", "end": "2026-05-01T10:07Z"}]
    hours = determined("--fee", "744", ladder="aws-ec2-2018-hourly", outages=down).document
    assert hours["credit_amount"] == "1.00"

"""`makegood calc`: what people ask before there is a contract, as lines and as documents."""

from decimal import Decimal

import pytest

from tests.cli.test_documents import validated
from tests.command import makegood

FIRST = (
    *("--revenue", "1850000", "--commitment", "99.9", "--actual", "99.1"),
    *("--multiplier", "2", "--impacted", "65"),
)


def test_an_allowance_is_a_document():
    """0.05 % of 30 days is 1,296 seconds; of one second it is half a millisecond, cut to none."""
    document = validated(
        "calc-downtime", makegood("calc", "downtime", "99.95", "--over", "30d", "--json")
    )
    assert document["allowances"] == [
        {
            "over": "30d",
            "window_seconds": 2_592_000,
            "downtime_seconds": 1296,
            "downtime_exact_seconds": {"numerator": 1296, "denominator": 1},
        }
    ]
    (tiny,) = makegood("calc", "downtime", "99.95%", "--over", "1s", "--json").document[
        "allowances"
    ]
    assert tiny["downtime_seconds"] == 0
    assert tiny["downtime_exact_seconds"] == {"numerator": 1, "denominator": 2000}


def test_without_a_window_the_usual_ones_are_told():
    """The average month allows 43 min 49.8 s at 99.9 %."""
    ended = makegood("calc", "downtime", "99.9")
    assert "│ month   │     43 min 49.8 s │   43.83 │" in ended.out
    overs = [
        a["over"] for a in makegood("calc", "downtime", "99.9", "--json").document["allowances"]
    ]
    assert overs == ["day", "week", "30d", "month", "quarter", "year"]


def test_an_uptime_is_a_document():
    """22 of 44,640 minutes of October; in Berlin the month has an hour more."""
    asked = ("calc", "uptime", "22m", "--over", "2026-10")
    document = validated("calc-uptime", makegood(*asked, "--json"))
    assert document["uptime_percent"] == "99.950716"
    assert document["window_seconds"] == 744 * 3600
    berlin = makegood(*asked, "--time-zone", "Europe/Berlin", "--json").document
    assert (berlin["window_seconds"], berlin["uptime_percent"]) == (745 * 3600, "99.950782")
    assert makegood(*asked).out == "99.950716… % uptime\n22 min down of 2026-10, 744 h\n"


def test_an_uptime_is_never_rounded_up_to_a_threshold():
    """43.2001 of 43,200 minutes misses 99.9 %, and says so."""
    ended = makegood("calc", "uptime", "2592.006s", "--over", "30d", "--json")
    assert ended.document["uptime_percent"] == "99.899999"
    assert ended.document["downtime_seconds"] == Decimal("2592.006")


def test_a_liability_is_a_document():
    """The first published example, to the cent, beside what other formulas give."""
    document = validated("calc-liability", makegood("calc", "liability", *FIRST, "--json"))
    assert document == {
        "formula": "relative",
        "currency": "USD",
        "over": "month",
        "downtime_minutes": "394.47",
        "shortfall_percent": "0.800800",
        "credit_percent": "1.601601",
        "capped": False,
        "eligible_revenue": "1202500.00",
        "credit_amount": "19259.26",
        "net_revenue": "1830740.74",
        "by_formula": [
            {"formula": "relative", "credit_amount": "19259.26"},
            {"formula": "points", "credit_amount": "19240.00"},
            {"formula": "downtime", "credit_amount": "21645.00"},
        ],
    }


def test_the_second_published_example():
    """Defaults: once, all of the revenue; a kept promise costs nothing."""
    ended = makegood(
        "calc",
        "liability",
        "--revenue",
        "420000",
        "--commitment",
        "99.5",
        "--actual",
        "99.62",
        "--json",
    )
    assert ended.document["credit_amount"] == "0.00"
    assert ended.document["net_revenue"] == "420000.00"
    assert ended.document["downtime_minutes"] == "166.554"


def test_a_person_reads_lines():
    """The figures that the published page shows, none of them rounded up."""
    assert makegood("calc", "liability", *FIRST).out.splitlines() == [
        "Downtime                          394.47 min",
        "Shortfall (relative)               0.8008… %",
        "Credit after multiplier            1.6016… %",
        "Eligible revenue              1202500.00 USD",
        "Credit liability                19259.26 USD",
        "Revenue after credits         1830740.74 USD",
        "By the other formulas: points 19240.00, downtime 21645.00 USD.",
    ]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("downtime", "101"), "PERCENT: is '101'; a percentage from 0 to 100."),
        (("downtime", "99,9"), "PERCENT: is '99,9'; a plain number of 0 or more"),
        (("downtime", "99.9", "--over", "1M"), "--over: is '1M'; a window: month, 30d,"),
        (
            ("downtime", "99.9", "--over", "2026-10", "--time-zone", "Berlin"),
            "--time-zone: is 'Berlin'",
        ),
        (("uptime", "22"), "LENGTH: is '22'; a length of time such as 22m"),
        (("uptime", "2d", "--over", "day"), "LENGTH: is '2d', more than day;"),
        (("liability", *FIRST, "--impacted", "120"), "--impacted: is '120'; a percentage"),
        (
            ("liability", *FIRST, "--commitment", "0"),
            "--commitment: is '0'; an uptime of more than 0 %",
        ),
        (("liability", *FIRST, "--currency", "EURO"), "--currency: is 'EURO'"),
    ],
)
def test_what_cannot_be_calculated_is_refused_in_a_sentence(asked, says):
    """With the value, what was expected, and exit code 2."""
    ended = makegood("calc", *asked)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(says)

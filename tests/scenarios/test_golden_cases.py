"""The cases with known answers: published examples, real outages, boundaries, deadlines.

The answers come from `data/golden.yaml` beside the project. Every case of that file is either
checked here or named in `NOT_COVERED` with the reason, so that a forgotten case fails.
"""

import ast
import re
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from models.catalog import determine_payload
from models.claims.deadline import Deadline, Occasion, dues
from models.claims.terms import ClaimTerms
from models.contract import CreditTerms
from models.intervals import MINUTE_MS, Interval, instant, utc_text
from models.kinds.single_threshold import SingleThreshold
from models.payload import CalculatorPayload
from models.period import ServiceMonth
from models.printing import duration_text
from models.service_period import PeriodTerms
from tests.models.ladders.months import month
from tests.models.ladders.sheets import SHARED, exact_yaml, sheet

FILE = SHARED / "data" / "golden.yaml"
GOLDEN = exact_yaml(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
pytestmark = pytest.mark.skipif(not GOLDEN, reason="the golden cases are not at hand")

ONE_MILLIONTH = Fraction(1, 10**6)

MEASURING = "a matter of measuring, which has its own tests"
AVERAGE_MONTH = "an average month is no service month"

NOT_COVERED = {
    "seeds/seed002-ex1-downtime": AVERAGE_MONTH,
    "seeds/seed001-dispute": "disputes come later",
    "seeds/seed001-trend": "trends over months come later",
    "seeds/seed004-noise": "drafting incidents comes later",
    "published_examples/pub-upptime-tool": MEASURING,
    "real_outages/out-gitlab-2017/2": "a wrong answer, kept as a warning",
    "real_outages/out-leapsecond-2017/1": MEASURING,
    "calculators/published_claims": AVERAGE_MONTH,
}


def cases_of(section):
    """Key and content of every case in a section of the file."""
    for entry in GOLDEN.get(section, []):
        name = entry.get("id") or entry.get("ladder") or entry.get("rule")
        if section != "real_outages":
            yield f"{section}/{name}", entry
        for number, case in enumerate(entry["cases"] if section == "real_outages" else []):
            yield f"{section}/{name}/{number}", {"outage": entry, **case}


def case(key):
    """The content of one case."""
    section, name = key.split("/")[:2]
    return GOLDEN[section][name] if section == "calculators" else dict(cases_of(section))[key]


def every_key():
    """All cases of the file."""
    listed = [s for s, entries in GOLDEN.items() if isinstance(entries, list)]
    keys = {key for section in listed for key, _ in cases_of(section)}
    return keys | {f"calculators/{name}" for name in GOLDEN.get("calculators", {})}


def paid(terms, *, fee="10000.00", currency="USD", **payload):
    """What a payload earns; the ladder may be named by its sheet."""
    credit = sheet(terms).credit if isinstance(terms, str) else terms
    read = CalculatorPayload.model_validate({"month": "2026-06", **payload})
    return determine_payload(
        terms=credit, payload=read, billable=Decimal(str(fee)), currency=currency
    )


def own(ladder, **others):
    """Credit terms of one's own."""
    return CreditTerms.model_validate({"ladder": ladder, **others})


def brackets(commitment, *rows):
    """A table of (below, credit percent)."""
    listed = [{"below": below, "credit_percent": credit} for below, credit in rows]
    return {"kind": "uptime_brackets", "commitment_percent": commitment, "brackets": listed}


def pro_rata(basis, **others):
    """A credit in proportion, twice, as the seed's calculator has it."""
    return own({"kind": "pro_rata", "basis": basis, "multiplier": 2, **others})


def four_places(ratio):
    """A ratio as a percent with four places, rounded as the seeds do."""
    return f"{Decimal(round(ratio * 10**6)).scaleb(-4):.4f}"


def near(ratio, printed):
    """The printed percent is the exact one, to one unit in its sixth place."""
    return abs(ratio * 100 - Fraction(str(printed))) <= ONE_MILLIONTH


# --- Real outages: the customer was down for the whole published window --------------------------

LADDERS = {
    "99.9/99/95 -> 10/25/100 (hypothetical)": "aws-s3-standard",
    "fastly-style 100 target ladder": "fastly-network",
    "99.9 ladder 10/25/50": "atlassian-premium",
    "supabase ladder": "supabase",
}
IN_THE_USUAL_FORM = [
    "real_outages/out-s3-2017/0",
    "real_outages/out-s3-2017/1",
    "real_outages/out-ddb-2025/0",
    "real_outages/out-ddb-2025/1",
    "real_outages/out-lambda-2023/0",
    "real_outages/out-elb-2012/0",
    "real_outages/out-cf-2019/2",
    "real_outages/out-fastly-2021/0",
    "real_outages/out-fastly-2021/1",
    "real_outages/out-fastly-2021/2",
    "real_outages/out-atlassian-2022/0",
    "real_outages/out-datadog-2023/2",
    "real_outages/out-gcp-2025/0",
    "real_outages/out-honeycomb-2023/0",
]


@pytest.mark.parametrize("key", IN_THE_USUAL_FORM)
def test_a_real_outage_earns_what_its_ladder_says(key):
    """Uptime, percent and amount, on a fee that was made up."""
    found = case(key)
    expected = found.get("contrast", found)
    name = LADDERS.get(expected["ladder"], expected["ladder"].split(" ")[0])
    minutes = re.search(r"(\d+) min", expected["ladder"])
    down = Decimal(minutes[1] if minutes else found["outage"]["minutes"])
    answer = paid(
        name, month=expected["period"], down_seconds=down * 60, fee=expected["assumed_fee"]
    )
    assert near(answer.uptime, expected["uptime_pct"])
    assert answer.credit_percent == str(expected["credit_pct"])
    assert str(answer.amount) == f"{expected['credit']} USD"


@pytest.mark.parametrize(
    ("key", "name", "period"),
    [
        ("real_outages/out-s3-2017/2", "aws-s3-standard", "2017-02"),
        ("real_outages/out-ddb-2025/2", "aws-dynamodb-standard", "2025-10"),
    ],
)
def test_a_real_outage_in_counted_windows_earns_the_same_tier(key, name, period):
    """Windows that the outage touched at all."""
    expected = case(key)
    answer = paid(
        name,
        month=period,
        window_minutes=5,
        total_windows=expected["windows_total"],
        error_windows=expected["windows_bad"],
    )
    assert near(answer.uptime, expected["uptime_pct"])
    assert answer.credit_percent == str(expected["credit_pct"])


@pytest.mark.parametrize(
    ("key", "period", "minutes", "fee"),
    [
        ("real_outages/out-cf-2019/0", "2019-07", 27, "200.00"),
        ("real_outages/out-cf-2019/1", "2019-07", 27, "200.00"),
        ("real_outages/out-cf-2025/0", "2025-11", 346, "5000.00"),
        ("real_outages/out-cf-2025/1", "2025-11", 190, "5000.00"),
    ],
)
def test_cloudflare_pays_for_the_time_that_was_lost(key, period, minutes, fee):
    """Fee x minutes x affected share / minutes of the month."""
    expected = case(key)
    assert expected["assumed_fee"] == fee
    answer = paid(
        "cloudflare-business",
        month=period,
        down_seconds=minutes * 60,
        affected_percent=Decimal(str(expected["ratio"])) * 100,
        fee=fee,
    )
    assert str(answer.amount) == f"{expected['credit']} USD"
    assert near(answer.credit_share, expected.get("credit_pct", answer.credit_share * 100))


def by_the_quarter(name, **period):
    """The terms of a sheet, judging quarters."""
    return sheet(name).credit.model_copy(
        update={"period": PeriodTerms.model_validate({"kind": "quarter", **period})}
    )


def test_github_pays_for_the_quarter():
    """1,451 of 132,480 minutes: 98.904740 %, 25 % of the quarter's fee, made up as 30,000.00."""
    expected = case("real_outages/out-github-2018/0")
    fee = expected["assumed_fee"].removeprefix("quarter ")
    down = case("real_outages/out-github-2018/0")["outage"]["minutes"]
    terms = by_the_quarter("github-legacy")
    answer = paid(terms, month="2018-12", down_seconds=Decimal(down) * 60, fee=fee)
    assert near(answer.uptime, expected["uptime_pct"])
    assert answer.credit_percent == str(expected["credit_pct"])
    assert str(answer.amount) == f"{expected['credit']} USD"


def test_a_fiscal_quarter_is_not_the_calendars():
    """Slack's November to January has 92 days, the calendar's first quarter of 2021 has 90."""
    fiscal, calendar = case("real_outages/out-slack-2021/0"), case("real_outages/out-slack-2021/1")
    for expected, begins in ((fiscal, 2), (calendar, 1)):
        terms = by_the_quarter("slack-2024", starts_in_month=begins)
        answer = paid(terms, month="2021-01", down_seconds=220 * 60)
        printed = expected.get("uptime_pct") or expected["contrast"]["uptime_pct"]
        assert near(answer.uptime, printed)
    assert paid("slack-2019", month="2021-01", down_seconds=220 * 60).breached


def test_the_same_outage_in_its_month_is_another_figure():
    """GitHub's outage over October alone, under the S3 table."""
    expected = case("real_outages/out-github-2018/1")
    answer = paid("aws-s3-standard", month="2018-10", down_seconds=1451 * 60)
    assert near(answer.uptime, expected["uptime_pct"])
    assert answer.credit_percent == str(expected["s3_style_credit_pct"])


@pytest.mark.parametrize(
    ("key", "minutes"),
    [("real_outages/out-datadog-2023/0", 1615), ("real_outages/out-datadog-2023/1", 190)],
)
def test_datadog_owes_a_right_and_no_credit(key, minutes):
    """The commitment is missed, and the amount is 0.00."""
    expected = case(key)
    answer = paid("datadog", month="2023-03", down_seconds=minutes * 60)
    assert near(answer.uptime, expected["uptime_pct"])
    assert answer.breached == expected["breach"]
    assert str(answer.amount) == f"{expected['credit']} USD"


def test_slack_pays_a_hundred_or_ten_times():
    """220 minutes, and 135, of January 2021, on 1,250.00 a month; the gate is missed by far."""
    long, short = case("real_outages/out-slack-2021/0"), case("real_outages/out-slack-2021/2")
    fee = long["multiplier_100x"]["assumed_fee_month"]
    for name, minutes, credit in (
        ("slack-plus-legacy", 220, long["multiplier_100x"]["credit"]),
        ("slack-2024", 220, long["multiplier_10x"]["credit"]),
        ("slack-plus-legacy", 135, short["credit_100x"]),
    ):
        answer = paid(name, month="2021-01", down_seconds=minutes * 60, fee=fee)
        assert str(answer.amount) == f"{credit} USD"


def test_google_workspace_pays_days():
    """447 minutes are 7 days; the mini report's 180 are 3, and 10 % under Compute Engine."""
    whole, mini = case("real_outages/out-gcp-2025/1"), case("real_outages/out-gcp-2025/2")
    answer = paid("google-workspace", month="2025-06", down_seconds=447 * 60)
    assert near(answer.uptime, whole["uptime_pct"])
    assert answer.days == whole["credit_days"]
    shorter = {"month": "2025-06", "down_seconds": 180 * 60}
    assert paid("google-workspace", **shorter).days == mini["workspace_days"]
    compute = paid("gcp-compute", **shorter, fee=mini["gcp"]["assumed_fee"])
    assert near(compute.uptime, mini["gcp"]["uptime_pct"])
    assert str(compute.amount) == f"{mini['gcp']['credit']} USD"


@pytest.mark.parametrize(
    "key", ["real_outages/out-gitlab-2017/0", "real_outages/out-gitlab-2017/1"]
)
def test_an_outage_over_the_months_end_is_judged_in_each_month(key):
    """GitLab, 30 minutes of January and 1,080 of February 2017."""
    expected = case(key)
    seen = {"month": expected["period"], "down_seconds": expected["down"] * 60}
    answer = paid("gitlab-ultimate", **seen)
    assert near(answer.uptime, expected["uptime_pct"])
    assert answer.credit_percent == str(expected["credit_pct_gitlab_ladder"])
    s3_style = paid("aws-s3-standard", **seen).credit_percent
    assert s3_style == str(expected.get("credit_pct_s3_ladder", 0))


def test_the_leap_second_is_no_time():
    """405 minutes of January 2017 are its share of 44,640, whatever December had."""
    expected = case("real_outages/out-leapsecond-2017/0")
    answer = paid("cloudflare-business", month=expected["period"], down_seconds=405 * 60)
    assert near(answer.uptime, expected["uptime_pct"])
    assert near(answer.credit_share, expected["pro_rata_pct"])


# --- Published examples ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "terms", "currency"),
    [
        (
            "published_examples/pub-calcbee",
            own(brackets("99.95", ("99.95", 10), ("99.0", 25))),
            "USD",
        ),
        (
            "published_examples/pub-techimpact",
            own(brackets("99.9", ("99.9", 10), ("99.0", 25))),
            "EUR",
        ),
        ("published_examples/pub-s3-98", "aws-s3-standard", "USD"),
    ],
)
def test_a_published_percent_of_a_fee(key, terms, currency):
    """Fee, uptime and credit as published."""
    expected = case(key)
    fee = str(expected["input"]["fee"]).split(" ")[0]
    answer = paid(terms, uptime_percent=expected["input"]["uptime"], fee=fee, currency=currency)
    assert str(answer.amount) == f"{expected['published']} {currency}"


def test_atlassians_own_example():
    """An hour of 43,200 minutes: 99.861111 %, 10 %; the published 99.86 is its rounding."""
    expected = case("published_examples/pub-atlassian")["computed"]
    answer = paid("atlassian-premium", month="2024-09", down_seconds=3600)
    assert near(answer.uptime, expected["uptime"])
    assert near(1 - answer.uptime, expected["down_pct"])
    assert answer.credit_percent == str(expected["credit_pct"])


def test_slacks_published_example():
    """An hour of 720, a hundred times, on 1,250.00."""
    expected = case("published_examples/pub-slack-100x")
    answer = paid("slack-plus-legacy", down_seconds=3600, fee=expected["input"]["fee"])
    assert str(answer.amount) == f"{expected['computed']} USD"


def test_a_small_instance_earns_small_credits():
    """3.00 a month under the three tiers of the instance ladder."""
    expected = case("published_examples/pub-t4g-nano")
    for uptime, credit in expected["computed"].items():
        answer = paid("aws-ec2-instance", uptime_percent=uptime, fee=expected["input"]["fee"])
        assert str(answer.amount) == f"{credit} USD"


def test_an_answer_without_a_denominator_is_withheld():
    """Nothing counted is neither 0 % nor 100 %, and makes no credit."""
    assert case("published_examples/pub-datadog-nodata")["expected"].startswith("no data")
    answer = paid("aws-s3-standard", total_windows=0, error_windows=0)
    assert (answer.amount, answer.uptime) == (None, None)
    assert answer.withheld == "there are no windows, so no time was measurable"


def test_a_tenth_of_a_percent_of_thirty_days():
    """43.2 minutes."""
    expected = Decimal(case("published_examples/pub-gworkspace-432")["computed"])
    allowed = sheet("google-workspace").credit.ladder.allowance(month())
    assert allowed == Fraction(expected) * 60


# --- The numbers of the seeds, checked ------------------------------------------------------------


def test_three_formulas_go_by_the_name_of_pro_rata():
    """1,850,000 of which 65 % are affected, 99.1 against 99.9, twice."""
    expected = case("seeds/seed002-ex1-credit")["expected"]
    for basis, credit in (
        ("percentage_points", expected["percentage_point_shortfall"]),
        ("relative_shortfall", expected["relative_shortfall"]),
        ("downtime", expected["prorated_downtime_2x"]),
    ):
        answer = paid(
            pro_rata(basis, commitment_percent="99.9"),
            uptime_percent="99.1",
            affected_percent=65,
            fee="1850000",
        )
        assert answer.amount.text == credit


def test_a_met_commitment_owes_nothing():
    """99.62 against 99.5 on 420,000."""
    expected = case("seeds/seed002-ex2")["expected"]["credit"]
    terms = pro_rata("relative_shortfall", commitment_percent="99.5")
    assert paid(terms, uptime_percent="99.62", fee="420000").amount.text == expected


def test_downtime_of_a_percentage_depends_on_the_month():
    """99.5 % of March is 3 h 43 min 12 s, and 94.8 % is 38.688 hours."""
    expected = case("seeds/seed003-2h11")["expected"]
    march = CalculatorPayload.model_validate({"month": "2026-03", "uptime_percent": "99.5"})
    april = CalculatorPayload.model_validate({"month": "2026-04", "uptime_percent": "99.5"})
    for read, words in ((march, "march_31d_99.5"), (april, "april_30d_99.5")):
        measured, _ = read.measured()
        assert measured is not None
        assert duration_text(measured.down_seconds) in expected[words]
    allowed = duration_text(sheet("aws-s3-standard").credit.ladder.allowance(month(days=31)))
    assert allowed in expected["march_allowance_99.9"]
    hours = case("seeds/seed003-948")["expected"]
    for name, length in (("march_hours", 31), ("30d_hours", 30)):
        assert month(uptime="94.8", days=length).down_seconds == Fraction(hours[name]) * 3600


SEED_TABLE = brackets("99.9", ("99.9", 10), ("99.0", 25), ("95.0", 50))


@pytest.mark.parametrize("key", ["seeds/seed003-tiers", "seeds/seed001-loop"])
def test_the_seeds_table_pays_the_tier_that_applies(key):
    """10, 25 and 50 % of 2,000; the bound belongs to the milder tier."""
    for uptime, words in case(key)["expected"].items():
        answer = paid(own(SEED_TABLE), uptime_percent=uptime, fee="2000")
        amounts = re.findall(r"\d+\.\d\d", str(words)) or ["0.00"]
        assert answer.amount.text == amounts[0]


def test_ec2_is_not_capped_at_30_percent():
    """Under 95 % the whole month's charge is credited."""
    expected = case("seeds/seed003-ec2cap")["expected"]["lt_95"]
    answer = paid("aws-ec2-region", uptime_percent="94.9")
    assert (answer.credit_percent, answer.capped) == (str(expected), False)


def test_exactly_the_cap_is_not_cut_to_it():
    """A tier of 50 % under a cap of 50 % is whole, a tier of 100 % is cut."""
    assert set(case("seeds/seed001-capflag")["expected"]) == {
        "94.8% with a 50% tier",
        "94.8% with a 100% tier",
    }
    half = {"cap": {"percent": 50}}
    assert not paid(own(SEED_TABLE, **half), uptime_percent="94.8").capped
    whole = brackets("99.9", ("99.9", 10), ("99.0", 25), ("95.0", 100))
    assert paid(own(whole, **half), uptime_percent="94.8").capped


def test_allowances_of_the_seeds_table():
    """99.9, 99 and 95 % of months of 30, 31 and 28 days, in minutes and hours."""
    for length, words in case("seeds/seed001-practical")["expected"].items():
        minutes, *hours = (Fraction(number) for number in re.findall(r"[\d.]+", words))
        expected = [minutes * 60, *(hour * 3600 for hour in hours)]
        assert expected == [
            promise(percent).allowance(month(days=int(length[:-1])))
            for percent in ("99.9", "99", "95")
        ]


def promise(percent):
    """A ladder that promises this much."""
    return SingleThreshold(commitment_percent=Decimal(percent), credit_percent=Decimal(10))


def test_the_seeds_formula_holds_for_errors_outside_exclusions():
    """8,928 windows of May, 6 excluded, 2 errors outside them; all excluded is no data."""
    expected = case("seeds/seed004-uptime-formula")["expected"]
    counts = {"month": "2026-05", "total_windows": 8928, "excluded_windows": 6}
    answer = paid("aws-s3-standard", **counts, error_windows=2)
    assert four_places(answer.uptime) == expected["2 errors outside maintenance"]
    inside = paid("aws-s3-standard", **counts, error_windows=0)
    words = "same, errors first intersected with exclusions"
    assert four_places(inside.uptime) == expected[words]
    assert paid("aws-s3-standard", total_windows=6, excluded_windows=6, error_windows=0).withheld


def test_the_tier_is_chosen_before_rounding():
    """99.89999 shows as 99.90, and is a breach."""
    expected = case("seeds/seed004-rounding")["expected"]
    assert expected["99.89999 exact"] == "breach 10%"
    answer = paid("aws-s3-standard", uptime_percent="99.89999")
    assert (answer.breached, answer.credit_percent) == (True, "10")


def test_a_claim_is_in_time_through_its_last_day():
    """May 2026: Twilio through 30 June, AWS through 31 July."""
    expected = case("seeds/seed004-claimby")["expected"]["May 2026, M=4"]
    twilio = paid("twilio-apis", month="2026-05", uptime_percent="99")
    aws = paid("aws-s3-standard", month="2026-05", uptime_percent="99")
    rule = "twilio_rule_within_30_days_from_last_day"
    assert expected[rule].startswith(f"through {twilio.claim_by}")
    assert expected["aws_rule_end_of_second_cycle_after"] == f"through {aws.claim_by}"


def test_the_seeds_ladders_are_the_catalogs():
    """Twilio 10; S3 10, 25, 100; Atlassian 10, 25, 50."""
    assert case("seeds/seed004-ladders")["right"] is True
    for name, uptimes, percents in (
        ("twilio-apis", ("99.95", "99.94", "0"), ("0", "10", "10")),
        ("aws-s3-standard", ("99.5", "98", "90"), ("10", "25", "100")),
        ("atlassian-premium", ("99.5", "98", "90"), ("10", "25", "50")),
    ):
        found = [paid(name, uptime_percent=uptime).credit_percent for uptime in uptimes]
        assert tuple(found) == percents


def test_an_hour_earns_ten_percent():
    """In months of 30, 31 and 28 days."""
    expected = case("seeds/seed000-1h")["expected"]
    for length, name in (("30d", "2026-06"), ("31d", "2026-05"), ("28d", "2026-02")):
        answer = paid("atlassian-premium", month=name, down_seconds=3600)
        assert near(answer.uptime, expected[length])
        assert answer.credit_percent == str(expected["credit"])


# --- Boundaries -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("boundaries/aws-s3-standard", "aws-s3-standard"),
        ("boundaries/aws-ec2-region", "aws-ec2-region"),
        ("boundaries/google-workspace (days)", "google-workspace"),
        ("boundaries/auth0-public", "auth0-public"),
    ],
)
def test_every_boundary_belongs_to_its_tier(key, name):
    """On the bound, and a hair below it; a value in no row is withheld."""
    for uptime, expected in case(key)["cases"].items():
        answer = paid(name, uptime_percent=uptime)
        if expected == "NO ROW":
            assert (answer.amount, answer.breached) == (None, True)
        elif name == "google-workspace":
            assert (answer.days or 0) == expected
        else:
            assert answer.credit_percent == str(expected)


def test_algolias_multiplier_gate_and_cap():
    """100 x 1,000 x minutes / 43,200, once 99.99 is missed, at most 250.00."""
    for words, expected in case("boundaries/algolia 100x, 30-day month, price 1000")[
        "cases"
    ].items():
        minutes = Decimal(words.split(" ")[0])
        answer = paid("algolia", down_seconds=minutes * 60, fee="1000")
        assert answer.amount.text == str(expected).split(" ")[0]
        assert answer.capped == (minutes > 108)


def test_rackspaces_blocks_rounded_down_and_up():
    """5 % for each 30 minutes, or part."""
    down = sheet("rackspace-network").credit
    up = down.model_copy(update={"ladder": sheet("arcustech").credit.ladder})
    for minutes, expected in case("boundaries/rackspace 5% per 30 min")["cases"].items():
        percents = re.findall(r"\d+", str(expected))
        for terms, percent in ((down, percents[0]), (up, percents[-1])):
            assert paid(terms, down_seconds=int(minutes) * 60).credit_percent == percent


def test_starlinks_allowance_is_met_to_the_second():
    """2,592 s of 30 days are exactly 0.1 %; what counts as an outage was measured before."""
    cases = case("boundaries/starlink 60-s rule, 30-day period (allowance 43.2 min)")["cases"]
    counted = {
        "59 s repeated 100 times": 0,
        "60 s once": 60,
        "one outage of 2592 s (43.2 min)": 2592,
        "one outage of 2593 s": 2593,
    }
    assert set(counted) == set(cases)
    for words, seconds in counted.items():
        percent = "20" if str(cases[words]) == "20" else "0"
        assert paid("starlink-priority", down_seconds=seconds).credit_percent == percent


def test_aws_issues_credits_above_one_dollar():
    """1.00 is not issued, 1.01 is."""
    for credit, words in case("boundaries/aws minimum credit")["cases"].items():
        answer = paid("aws-s3-standard", uptime_percent="99.5", fee=Decimal(credit) * 10)
        assert answer.amount.text == ("0.00" if words.startswith("not issued") else credit)


@pytest.mark.parametrize(
    ("key", "name"),
    [("boundaries/8x8", "8x8")],
)
def test_a_table_that_goes_on_linearly(key, name):
    """30 % and 5 % for each whole 0.1 below 99, at most 50 %; gaps are withheld."""
    for uptime, expected in case(key)["cases"].items():
        answer = paid(name, uptime_percent=uptime)
        if expected == "NO ROW":
            assert (answer.amount, answer.breached) == (None, True)
        else:
            percent = re.findall(r"\d+", str(expected).rpartition("=")[2])[0]
            assert answer.credit_percent == percent


def test_vultrs_table_of_single_outages():
    """Hours of service by the minutes of one outage; 9, 9.5 and 59.5 are in no row."""
    for minutes, expected in case("boundaries/vultr (single outage minutes -> hours)")[
        "cases"
    ].items():
        answer = paid("vultr", outages_seconds=[Decimal(minutes) * 60])
        hours = None if answer.days is None else answer.days * 24
        assert hours == (None if str(expected).startswith("NO ROW") else expected)


def test_coupa_pays_the_greater_of_two():
    """10 % or the unavailability, at most the fee."""
    cases = case("boundaries/coupa greater-of, fee 1000")["cases"]
    assert set(cases) == {"99.7 (0.3% down)", "85 (15% down)", "cap"}
    assert paid("coupa", uptime_percent="99.7", fee="1000").amount.text == "100.00"
    for uptime, words in (("85", "85 (15% down)"), ("0", "cap")):
        assert paid("coupa", uptime_percent=uptime, fee="1000").amount.text == cases[words]


def test_cornerstone_pays_by_started_steps():
    """1/365 of 36,500.00 for each 0.3 points or portion below 99.5."""
    key = "boundaries/cornerstone 1/365 annual per 0.3% or portion below 99.5, annual 36500"
    for uptime, expected in case(key)["cases"].items():
        assert paid("cornerstone", uptime_percent=uptime, fee="36500").amount.text == expected


def test_hubspot_pays_from_the_second_month_in_a_row_on():
    """January missed and February met owes nothing; both missed pays February's downtime."""
    cases = case("boundaries/hubspot consecutive months (target 99.95)")["cases"]
    assert cases["Jan 99.90, Feb 99.99"] == "0"
    missed = [{"month": "2026-01", "uptime_percent": "99.90"}]
    for uptime, amount in (("99.99", "0.00"), ("99.90", "10.00")):
        answer = paid("hubspot", month="2026-02", uptime_percent=uptime, history=missed)
        assert answer.amount.text == amount  # 0.1 % of 10,000.00
    met = [{"month": "2026-01", "uptime_percent": "99.95"}]
    first = paid("hubspot", month="2026-02", uptime_percent="99.90", history=met)
    assert first.amount.text == "0.00"


def test_part_of_a_month_is_a_share_of_itself_or_of_all_of_it():
    """Common Paper's active days, Starlink's full denominator."""
    for words, expected in case("boundaries/common-paper partial month")["cases"].items():
        name = "starlink-priority" if "Starlink" in words else "common-paper"
        answer = paid(
            name,
            active_from="2026-06-16",
            amounts={"subscription_fees": 100000},
            outages=[{"start": "2026-06-20T10:00Z", "end": "2026-06-20T11:00Z"}],
        )
        assert near(answer.uptime, expected)


def test_minutes_of_users_are_weighed():
    """10 of 100 users for 600 minutes are all of them for 60."""
    cases = case("boundaries/user-minutes (Microsoft), 100 users, 30 days")["cases"]
    for hours, share, words in (
        (10, "10/100", "600 min hitting 10 users"),
        (1, "1", "60 min hitting all"),
    ):
        told = {"start": "2026-06-01T00:00Z", "end": f"2026-06-01T{hours:02d}:00Z"}
        answer = paid("microsoft-365", outages=[told | {"affected_share": share}])
        assert near(answer.uptime, cases[words])


def test_a_minute_is_down_above_the_error_rate():
    """10 of 100 is a Downtime Minute, 1 of 100 and exactly 5 % are not, a total outage is."""
    expected = case("published_examples/pub-atlassian-errorrate")
    assert expected["rule"].startswith("strictly greater than 5%")
    published = {10: expected["published"]["10%"], 1: expected["published"]["1%"]}
    for errors, is_down in ((10, True), (1, False), (5, False), (100, True)):
        told = {"interval_minutes": 1, "counts": [[100, errors]]}
        answer = paid("atlassian-premium", requests=told)
        assert answer.breached == is_down
        assert published.get(errors, "Downtime Minute" if is_down else "not") == (
            "Downtime Minute" if is_down else "not"
        )


# --- Deadlines, months and zones ------------------------------------------------------------------


def due(month, rule, *outages, **facts):
    """The deadline that one rule makes for a month, or for its outages of one minute."""
    begun = (instant(datetime.fromisoformat(outage)) for outage in outages)
    stretches = tuple(Interval(at, at + MINUTE_MS) for at in begun)
    when = Occasion(month=ServiceMonth.parse(month), outages=stretches, **facts)
    (found,) = dues([Deadline.model_validate(rule)], when)
    return found


DEADLINES = {
    "claim_deadlines/AWS: end of second billing cycle after the incident": lambda expected: due(
        "2026-01",
        {"by_end_of": "billing_cycle", "number": 2, "after": "incident_start"},
        f"{expected['incident']}T12:00Z",
    ),
    "claim_deadlines/Twilio: 30 days from last day of the month": lambda expected: due(
        expected["month"], {"within": "30 days"}
    ),
    "claim_deadlines/Atlassian: 15 days after month end": lambda expected: due(
        expected["month"], {"within": "15 days"}
    ),
    "claim_deadlines/Splunk: 5 days after quarter end": lambda expected: due(
        {"2026-Q2": "2026-05"}[expected["quarter"]], {"within": "5 days", "after": "quarter_end"}
    ),
    "claim_deadlines/Snowflake: 21 days after the month": lambda expected: due(
        expected["month"], {"within": "21 days"}
    ),
    "claim_deadlines/Auth0: 5 business days of the event": lambda expected: due(
        "2026-11",
        {"within": "5 business days", "after": "incident_start"},
        f"{expected['incident'][:10]}T12:00Z",
    ),
}


@pytest.mark.parametrize("key", DEADLINES)
def test_a_claim_deadline(key):
    """The last day on which a claim is in time."""
    expected = case(key)
    assert DEADLINES[key](expected).last_day == date.fromisoformat(expected["last_day"])


def test_a_holiday_is_no_business_day_where_the_contract_says_so():
    """Auth0's five business days with Thanksgiving, as the note has them."""
    expected = case("claim_deadlines/Auth0: 5 business days of the event")
    rule = {"within": "5 business days", "after": "incident_start"}
    found = due("2026-11", rule, f"{expected['incident'][:10]}T12:00Z", holidays="US")
    assert expected["note"].endswith(f"with it {found.last_day}")


def test_a_claim_in_two_stages_has_two_deadlines():
    """MongoDB: a ticket within a day of knowing, and the claim by the end of the next month."""
    expected = case(
        "claim_deadlines/MongoDB: ticket within 24 h of awareness, claim by end of next month"
    )
    aware = instant(datetime.fromisoformat(expected["aware"]))
    ticket = due("2026-05", {"within": "24 hours", "after": "awareness"}, aware_at=aware)
    claim = due("2026-05", {"by_end_of": "calendar_month", "number": 1})
    assert ticket.until == instant(datetime.fromisoformat(expected["ticket_by"]))
    assert claim.last_day == date.fromisoformat(expected["claim_by"])


def test_days_may_end_at_the_time_of_day_of_the_outage():
    """Webflow: seven calendar days from the initial time."""
    expected = case("claim_deadlines/Webflow: 7 calendar days from the initial time of downtime")
    rule = {"within": "7 days", "after": "incident_start", "last_day": "same_time"}
    found = due("2026-06", rule, expected["start"])
    assert found.until == instant(datetime.fromisoformat(expected["by"]))


def test_vendors_differ_in_days_after_the_month():
    """ServiceNow has 30, HubSpot 20, Datadog no limit."""
    expected = case("claim_deadlines/ServiceNow: 30 days after month end; HubSpot 20; Datadog none")
    for name, days in (("servicenow", 30), ("hubspot", 20)):
        found = due(expected["month"], {"within": f"{days} days"})
        assert found.last_day == date.fromisoformat(expected[name])
    assert ClaimTerms().last_day(ServiceMonth.parse(expected["month"])) is None


def test_the_seeds_claim_dates_are_last_days_and_not_midnights():
    """The seed's code answers midnights: a claim is in time until the day after begins."""
    expected = case("seeds/seed004-claimby")["expected"]
    for words, period in (("May 2026, M=4", "2026-05"), ("January 2026, M=0", "2026-01")):
        twilio = due(period, {"within": "30 days"})
        aws = due(period, {"by_end_of": "billing_cycle", "number": 2})
        assert expected[words]["twilio_code"] == f"{twilio.last_day}T00:00Z"
        assert utc_text(aws.until) == expected[words]["aws_code"].replace("Z", ":00Z")
        assert expected[words]["monthEnd"][:10] == str(ServiceMonth.parse(period).last_day)


def test_allowances_of_every_month_length():
    """Seven targets in months of 28 to 31 days; weeks and average months are no service months."""
    for entry in case("calculators/allowances"):
        ladder = promise(entry["target"])
        for length in (28, 29, 30, 31):
            allowed = ladder.allowance(month(days=length))
            assert allowed == Fraction(entry["allowed_down_seconds"][f"{length}d"])


def test_the_zone_decides_which_month_an_outage_falls_into():
    """One real monitor in April and May 2026, seen from UTC and from Berlin."""
    entry = case("timezone_and_month/tz-ernte-union-ost-euo")
    for name, expected in entry["by_zone"].items():
        zone, period = name.split(" ")
        answer = paid(
            "aws-s3-standard", month=period, time_zone=zone, down_seconds=expected["down_seconds"]
        )
        assert near(answer.uptime, expected["uptime_pct"])
        assert answer.credit_percent == str(expected["s3_std_pct"])


def test_months_have_the_length_that_their_zone_gives_them():
    """743, 745 and 721 hours where clocks change."""
    for words, expected in case("timezone_and_month/tz-dst-lengths").items():
        zone, _, rest = words.partition(" ")
        if rest.endswith("seconds"):
            read = {"month": rest.split(" ")[0], "time_zone": zone, "uptime_percent": 100}
            assert CalculatorPayload.model_validate(read).period_seconds() == expected
    assert month(days=31).period_seconds == 2_678_400


def test_every_case_of_the_file_is_checked_or_named():
    """A case that is added to the file fails here until somebody decides about it."""
    module = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    listed = next(
        node.value
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NOT_COVERED"
    )
    named = {node.value for node in ast.walk(module) if isinstance(node, ast.Constant)}
    excused = {node.value for node in ast.walk(listed) if isinstance(node, ast.Constant)}
    checked = (named - excused) & every_key()
    assert set(NOT_COVERED) <= every_key()
    assert sorted(checked | set(NOT_COVERED)) == sorted(every_key())

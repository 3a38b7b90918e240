"""Every sheet of the catalog is valid, agrees with what was collected, and proves its example."""

import csv
from decimal import Decimal

import pytest
from pydantic import ValidationError

from models.catalog import CatalogSheet, MeasuredOver, determine_payload
from models.findings import Severity
from models.payload import CalculatorPayload
from tests.models.ladders.sheets import PATHS, SHARED, sheet

CREDITS = SHARED / "data" / "upptime" / "expected_credits.csv"
NAMES = [path.stem for path in PATHS]

# Warnings that a sheet lives with, by the fields they name.
ACCEPTED_WARNINGS = {
    "8x8": {f"credit.ladder.brackets[{row}].at_most" for row in range(3)},
    "auth0-public": {"credit.ladder.brackets[0].at_most", "credit.ladder.brackets[1].at_most"},
    "github-legacy": {
        "credit.ladder.brackets[0].at_most",
        "credit.ladder.brackets[1].below",
        "measured_over",
    },
    "google-apps-isp": {"credit.ladder.brackets[1]"},
    "slack-2019": {"credit.cap"},
    "slack-2024": {"credit.cap", "measured_over"},
    "slack-plus-legacy": {"credit.cap"},
    "snowflake": {"credit.cap"},
    "splunk-cloud": {f"credit.ladder.brackets[{row}].at_most" for row in range(5)},
    "vultr": {f"credit.ladder.rows[{row}]" for row in range(1, 6)},
}


@pytest.mark.parametrize("name", NAMES)
def test_a_sheet_is_named_after_its_file_and_has_no_errors(name):
    """The id is the file's name, and only known defects of the published table remain."""
    found = sheet(name).findings(f"{name}.yaml")
    assert sheet(name).id == name
    assert [str(f) for f in found if f.severity is Severity.ERROR] == []
    assert {f.field for f in found} == ACCEPTED_WARNINGS.get(name, set())


@pytest.mark.parametrize("name", NAMES)
def test_a_sheet_survives_being_written_and_read(name):
    """Its record holds strings and whole numbers alone and means the same again."""
    original = sheet(name)
    assert CatalogSheet.model_validate(original.model_dump(mode="json")) == original


@pytest.mark.parametrize("name", NAMES)
def test_every_sheet_proves_itself_by_an_example(name):
    """A published answer, a real outage, or made-up figures with their arithmetic in words."""
    example = sheet(name).worked_example
    assert example is not None
    assert len(example.says) > 20


def test_an_example_that_the_terms_do_not_give_is_a_finding():
    """25 % of 100 is 25.00, not 26.00."""
    document = sheet("aws-s3-standard").model_dump(mode="json")
    document["worked_example"]["credit_amount"] = "26.00"
    (finding,) = CatalogSheet.model_validate(document).findings("aws-s3-standard.yaml")
    assert str(finding) == (
        "aws-s3-standard.yaml: worked_example.credit_amount is 26, but the terms give 25.00; "
        "the terms reproduce the example. Correct the terms or the example."
    )


def test_an_example_in_days_is_compared_in_days():
    """98.965278 % earns 7 days, not 6."""
    document = sheet("google-workspace").model_dump(mode="json")
    document["worked_example"]["credit_days"] = "6"
    (finding,) = CatalogSheet.model_validate(document).findings("google-workspace.yaml")
    assert "is 6, but the terms give 7" in str(finding)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"payload": {"month": "2023-11", "uptime_percent": 98}}, "billable_amount and currency"),
        ({"credit_amount": None}, "credit_amount or credit_days"),
    ],
)
def test_an_example_without_fee_or_answer_is_refused(change, message):
    """Nothing could be compared with it."""
    document = sheet("aws-s3-standard").model_dump(mode="json")
    document["worked_example"] |= change
    with pytest.raises(ValidationError, match=message):
        CatalogSheet.model_validate(document)


def real_months():
    """Downtime of real monitors and what twelve public ladders pay for it, computed elsewhere."""
    if not CREDITS.is_file():
        return []
    with CREDITS.open(newline="") as text:
        return list(csv.DictReader(text))


@pytest.mark.skipif(not CREDITS.is_file(), reason="the real months are not at hand")
@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("s3_std_pct", "aws-s3-standard"),
        ("ec2_region_pct", "aws-ec2-region"),
        ("atlassian_premium_pct", "atlassian-premium"),
        ("supabase_pct", "supabase"),
        ("fastly_pct", "fastly-network"),
        ("ovh_kms_pct_whole_hours", "ovh-kms"),
        ("algolia_100x_cap25_credit_on_1000", "algolia"),
        ("slack_10x_credit_on_1000", "slack-2024"),
        ("dreamobjects_credit_on_1000", "dreamobjects"),
        ("hostingking_10x_excess_credit_on_1000", "hostingking-10x"),
    ],
)
def test_real_months_earn_what_they_should(column, name):
    """140 months of real monitors, each on a fee of 1,000.00; percents are of that fee."""
    terms = sheet(name).credit
    for month in real_months():
        found = determine_payload(terms=terms, payload=real_payload(month))
        wanted = Decimal(month[column]) * (1 if "1000" in column else 10)
        assert str(found.amount) == f"{wanted:.2f} USD", (month["site"], month["month_utc"])


@pytest.mark.skipif(not CREDITS.is_file(), reason="the real months are not at hand")
def test_real_months_earn_days_of_google_workspace():
    """The same months under the ladder that pays in days of service."""
    terms = sheet("google-workspace").credit
    for month in real_months():
        found = determine_payload(terms=terms, payload=real_payload(month))
        assert (found.days or 0) == int(month["google_workspace_days"])


def real_payload(month):
    """A row of the real months as a calculator's payload."""
    return CalculatorPayload.model_validate(
        {
            "month": month["month_utc"],
            "down_seconds": month["down_seconds"],
            "billable_amount": "1000.00",
            "currency": "USD",
        }
    )


def test_sheets_that_are_not_measured_by_the_month_say_so():
    """Two vendors judge quarters; using their sheets on a month is a warning."""
    quarterly = {name for name in NAMES if sheet(name).measured_over is MeasuredOver.QUARTER}
    assert quarterly == {"github-legacy", "slack-2024"}


def told(name, *outages, **facts):
    """What a sheet earns for outages by start and end, on a fee of 1,000 USD."""
    times = [{"start": start, "end": end} for start, end in outages]
    payload = CalculatorPayload.model_validate({"month": "2026-06", "outages": times, **facts})
    terms = sheet(name).credit
    return determine_payload(terms=terms, payload=payload, billable=Decimal(1000), currency="USD")


@pytest.mark.parametrize(("end", "amount"), [("10:05:00", "0.00"), ("10:05:00.001", "1000.00")])
def test_a_droplet_is_down_after_more_than_five_minutes(end, amount):
    """Five minutes of 43,200 are 99.988 %, under 99.99, and no outage yet."""
    found = told("digitalocean-droplet", ("2026-06-01T10:00:00Z", f"2026-06-01T{end}Z"))
    assert found.amount is not None
    assert found.amount.text == amount


def test_downtime_that_earned_a_credit_in_ec2s_first_agreement_is_used_up():
    """300 minutes of April were credited in May; the 10 of June are 99.998 % of 365 days."""
    april = ("2026-04-10T10:00Z", "2026-04-10T15:00Z")
    june = ("2026-06-10T10:00Z", "2026-06-10T10:10Z")
    credited = {"month": "2026-05", "breached": True, "credit_amount": 100}
    once = told("aws-ec2-2008-annual", april, june, history=[credited])
    again = told("aws-ec2-2008-annual", april, june)
    assert [one.amount and one.amount.text for one in (once, again)] == ["0.00", "100.00"]


def test_starlinks_credit_comes_by_itself_and_expires():
    """After 24 months; what is left at the end is refunded."""
    found = told("starlink-priority", ("2026-06-10T10:00Z", "2026-06-10T10:44Z"))
    assert found.form == (
        "as a credit against future fees, gone after 24 months, refunded when the contract ends, "
        "without being asked for"
    )

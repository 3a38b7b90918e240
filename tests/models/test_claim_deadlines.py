"""Vendors' claim rules, to the day or to the instant: a table worked out by hand, and laws."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.claims.deadline import (
    Anchor,
    Deadline,
    LastDay,
    Occasion,
    Stretch,
    claim_due,
    dues,
    undated,
)
from models.claims.terms import ClaimChannel, ClaimTerms
from models.intervals import MINUTE_MS, Interval, instant, utc_text
from models.period import ServiceMonth, end_of_day
from tests.models.ladders.sheets import PATHS, sheet

COLLECTION = Path(__file__).resolve().parents[3] / "shared/data/vendor-ladders.yaml"


def at(text):
    """An instant from ISO 8601; without an offset it is UTC."""
    read = datetime.fromisoformat(text)
    return instant(read if read.tzinfo else read.replace(tzinfo=UTC))


def outage(start, minutes=90):
    """An outage of an hour and a half."""
    return Interval(at(start), at(start) + minutes * MINUTE_MS)


def occasion(month, *outages, **facts):
    """A service month with outages by their start."""
    return Occasion(month=ServiceMonth.parse(month), outages=tuple(map(outage, outages)), **facts)


def the_claim_s(found):
    """The deadline of the claim itself, which there is."""
    due = claim_due(found)
    assert due is not None
    return due


TUESDAY = "2026-05-12T10:00"
"""An outage until 11:30 on a Tuesday."""

CALENDAR = {"by_end_of": "calendar_month", "number": 1}
CYCLES = {"by_end_of": "billing_cycle", "number": 2}


def days(number, after="month_end"):
    """So many days after an anchor."""
    return {"within": f"{number} days", "after": after}


RULES = [
    # The id of the vendor's agreement in the collection of ladders, its rule, and when; then the
    # last day, or the instant. Where a text does not say from when, the anchor is our reading.
    # Whatever began later in the month waits for no other date: the first outage binds.
    ("aws-s3-standard", {**CYCLES, "after": "first_outage"},
     occasion("2026-05", TUESDAY, "2026-05-20T10:00", billing_day=15), "2026-07-14"),
    # It went on from April: in May it was there on the 1st, in the cycle from 15 April.
    ("aws-s3-standard", {**CYCLES, "after": "first_outage"},
     occasion("2026-05", "2026-04-10T10:00", billing_day=15), "2026-07-14"),
    # No outage is known: the month's first day may have been the one.
    ("aws-s3-standard", {**CYCLES, "after": "first_outage"},
     occasion("2026-05", billing_day=15), "2026-07-14"),
    # January 15 lies in cycle 0; February is 1, March 2.
    ("aws-s3-standard", {**CYCLES, "after": "incident_start"},
     occasion("2026-01", "2026-01-15T08:00"), "2026-03-31"),
    # Cycles from the 15th: Apr 15 - May 14 holds the outage, May 15 - Jun 14, Jun 15 - Jul 14.
    ("aws-s3-standard", {**CYCLES, "after": "incident_start"},
     occasion("2026-05", TUESDAY, billing_day=15), "2026-07-14"),
    # From the 31st: Jan 31 - Feb 28, Feb 29 - Mar 30, Mar 31 - Apr 29 (April begins its own on 30).
    ("aws-s3-standard", {**CYCLES, "after": "incident_start"},
     occasion("2024-01", "2024-01-31T08:00", billing_day=31), "2024-04-29"),
    # 31 May + 30.
    ("gcp-compute", days(30, "eligibility"), occasion("2026-05"), "2026-06-30"),
    # 31 January + 29 is 29 February in a leap year, + 30 is 1 March.
    ("google-workspace", days(30, "eligibility"), occasion("2024-01"), "2024-03-01"),
    # 31 December and two months: there is no 31 February.
    ("azure-vm-zones", {"within": "2 months", "after": "billing_cycle_end"},
     occasion("2025-12"), "2026-02-28"),
    # The other source: 12 May + 19 is 31 May, + 30 is 30 June, + 11 is 11 July: 60.
    ("azure-vm-zones", days(60, "incident_start"), occasion("2026-05", TUESDAY), "2026-07-11"),
    ("microsoft-365", {**CALENDAR, "after": "incident_start"},
     occasion("2026-01", "2026-01-31T23:59"), "2026-02-28"),
    # The same instant is 1 February in Tokyo, and the month after it is March.
    ("microsoft-365", {**CALENDAR, "after": "incident_start"},
     occasion("2026-01", "2026-01-31T23:59", time_zone="Asia/Tokyo"), "2026-03-31"),
    # Wed 13, Thu 14, Fri 15, Mon 18, Tue 19.
    ("cloudflare-business", {"within": "5 business days", "after": "incident_start"},
     occasion("2026-05", TUESDAY), "2026-05-19"),
    ("cloudflare-business", {"by_end_of": "billing_cycle", "number": 1},
     occasion("2026-05", TUESDAY), "2026-06-30"),
    # From the outage, not from the month: 10 February + 18 is the 28th, + 12.
    ("fastly-network", days(30, "incident_start"),
     occasion("2026-02", "2026-02-10T10:00"), "2026-03-12"),
    ("twilio-apis", days(30), occasion("2026-05"), "2026-06-30"),
    # 31 January + 28 is 28 February, + 2.
    ("twilio-apis", days(30), occasion("2026-01"), "2026-03-02"),
    ("twilio-apis", days(30), occasion("2028-01"), "2028-03-01"),
    ("atlassian-premium", days(15), occasion("2026-02"), "2026-03-15"),
    # The second quarter ends on 30 June; + 30.
    ("github-legacy", days(30, "quarter_end"), occasion("2026-05"), "2026-07-30"),
    ("gitlab-ultimate", days(30), occasion("2025-11"), "2025-12-30"),
    ("zoom-2025", {"by_end_of": "outage"}, occasion("2026-05", TUESDAY), "2026-05-12T11:30:00Z"),
    ("docusign", {"by_end_of": "term"},
     occasion("2026-05", term_ends_on=date(2026, 12, 31)), "2026-12-31"),
    # Friday: Mon 23 to Fri 27, and with Thanksgiving on Thu 26 the next Monday.
    ("auth0-public", {"within": "5 business days", "after": "incident_start"},
     occasion("2026-11", "2026-11-20T15:00"), "2026-11-27"),
    ("auth0-public", {"within": "5 business days", "after": "incident_start"},
     occasion("2026-11", "2026-11-20T15:00", holidays="US"), "2026-11-30"),
    ("snowflake", days(21), occasion("2026-05"), "2026-06-21"),
    ("splunk-cloud", days(5, "quarter_end"), occasion("2026-05"), "2026-07-05"),
    ("supabase", days(30), occasion("2026-04"), "2026-05-30"),
    ("mongodb-atlas", {"within": "24 hours", "after": "awareness"},
     occasion("2026-05", "2026-05-31T23:10", aware_at=at("2026-05-31T23:30")),
     "2026-06-01T23:30:00Z"),
    ("mongodb-atlas", CALENDAR, occasion("2026-05"), "2026-06-30"),
    # Nobody recorded when it was known: the outage's start is the safe reading.
    ("neon", {"within": "24 hours", "after": "awareness"},
     occasion("2026-05", TUESDAY), "2026-05-13T10:00:00Z"),
    ("neon", CALENDAR, occasion("2026-12"), "2027-01-31"),
    ("vercel", days(30), occasion("2026-08"), "2026-09-30"),
    # Tue 30 June: Jul 1, 2, 3, 6, 7, 8, 9, 10, 13, 14.
    ("hashicorp", {"within": "10 business days", "after": "quarter_end"},
     occasion("2026-05"), "2026-07-14"),
    # 4 July 2026 is a Saturday, observed on Friday 3: one day more.
    ("hashicorp", {"within": "10 business days", "after": "quarter_end"},
     occasion("2026-05", holidays="US"), "2026-07-15"),
    # 30 November and three months: there is no 30 February.
    ("digitalocean-droplet", {"within": "3 months", "after": "billing_cycle_end"},
     occasion("2025-11"), "2026-02-28"),
    # With cycles from the 10th the cycle of 30 November ends on 9 December: 9 March.
    ("digitalocean-droplet", {"within": "3 months", "after": "billing_cycle_end"},
     occasion("2025-11", billing_day=10), "2026-03-09"),
    ("digitalocean-app", CYCLES, occasion("2026-12"), "2027-02-28"),
    ("upcloud", days(15, "incident_end"), occasion("2026-05", TUESDAY), "2026-05-27"),
    # It began on the 31st, and ended after midnight: + 14.
    ("dreamobjects", days(14, "incident_start"),
     occasion("2026-05", "2026-05-31T23:00"), "2026-06-14"),
    ("rcpnet", {"within": "72 hours", "after": "incident_start"},
     occasion("2026-05", TUESDAY), "2026-05-15T10:00:00Z"),
    # 12 December + 19 is the 31st, + 31 is 31 January, + 10.
    ("ovh-kms", days(60, "incident_start"),
     occasion("2025-12", "2025-12-12T10:00"), "2026-02-10"),
    ("airtable", days(30), occasion("2026-06"), "2026-07-30"),
    ("servicenow", days(30), occasion("2026-02"), "2026-03-30"),
    # Sun 31 May; six whole weeks of five: Mon 1 June to Fri 10 July.
    ("sap", {"within": "30 business days"}, occasion("2026-05"), "2026-07-10"),
    # Without Fri 19 June and Fri 3 July: Mon 13 and Tue 14 July.
    ("sap", {"within": "30 business days"}, occasion("2026-05", holidays="US"), "2026-07-14"),
    # 3 March + 28 is the 31st, + 2.
    ("cornerstone", days(30, "incident_start"),
     occasion("2026-03", "2026-03-03T10:00"), "2026-04-02"),
    # Friday 15 May: Mon 18, Tue 19.
    ("8x8", {"within": "2 business days", "after": "incident_start"},
     occasion("2026-05", "2026-05-15T10:00"), "2026-05-19"),
    ("8x8", days(30, "incident_start"), occasion("2026-05", "2026-05-15T10:00"), "2026-06-14"),
    # Hours pass alike where clocks change on the 29th.
    ("notion", {"within": "72 hours", "after": "incident_start"},
     occasion("2026-03", "2026-03-27T12:00", time_zone="Europe/Berlin"), "2026-03-30T12:00:00Z"),
    ("webflow", {**days(7, "incident_start"), "last_day": "same_time"},
     occasion("2026-06", "2026-06-01T10:00"), "2026-06-08T10:00:00Z"),
    # 10:00 in winter time, and seven days later 10:00 in summer time.
    ("webflow", {**days(7, "incident_start"), "last_day": "same_time"},
     occasion("2026-03", "2026-03-25T09:00", time_zone="Europe/Berlin"), "2026-04-01T08:00:00Z"),
    ("palo-cortex", {"within": "24 hours", "after": "incident_start"},
     occasion("2026-05", TUESDAY), "2026-05-13T10:00:00Z"),
    ("hubspot", days(20), occasion("2026-02"), "2026-03-20"),
    # 5 January + 26 is the 31st, + 28 is 28 February, + 6.
    ("workday", days(60, "incident_start"),
     occasion("2026-01", "2026-01-05T10:00"), "2026-03-06"),
    # 25 December + 6 is 31 December, + 8.
    ("starlink-priority", days(14, "incident_start"),
     occasion("2026-12", "2026-12-25T10:00"), "2027-01-08"),
    ("common-paper", days(7), occasion("2026-12"), "2027-01-07"),
]  # fmt: skip


@pytest.mark.parametrize(("vendor", "rule", "when", "until"), RULES)
def test_a_vendor_s_rule(vendor, rule, when, until):
    """A day counts whole, in the contract's zone; an instant is the first that is too late."""
    (due,) = dues([Deadline.model_validate(rule)], when)
    if "T" in until:
        assert (utc_text(due.until), due.to_the_minute) == (until, True), vendor
    else:
        assert (due.last_day.isoformat(), due.to_the_minute) == (until, False), vendor
        assert due.until == end_of_day(due.last_day, when.time_zone)


def test_the_table_holds_forty_rules():
    """Fewer would prove little."""
    assert len({(vendor, str(rule)) for vendor, rule, *_ in RULES}) >= 40


NO_DEADLINE = {"slack-2024", "vultr"}
"""Agreements that say how to claim, and not until when."""


def test_every_claim_rule_of_the_collection_is_in_the_table():
    """A rule that is added there fails here until somebody works out a date for it."""
    if not COLLECTION.is_file():
        pytest.skip("the collection of published ladders is not beside this project")
    listed = yaml.safe_load(COLLECTION.read_text(encoding="utf-8"))["ladders"]
    with_a_rule = {ladder["id"] for ladder in listed if ladder.get("claim")}
    assert with_a_rule - NO_DEADLINE <= {vendor for vendor, *_ in RULES}


SHEETS = [
    # 12 May lies in the cycle of May, or in the one from 15 April; two cycles on end that of July.
    ("aws-lambda", 1, ["claim 2026-07-31"]),
    ("aws-lambda", 15, ["claim 2026-07-14"]),
    ("digitalocean-app", 15, ["claim 2026-07-14"]),
    ("firebase", 1, ["claim 2026-07-31"]),
    # One cycle after that of 12 May; five business days are 13, 14, 15, 18, 19.
    ("cloudflare-business", 1, ["notice 2026-05-19", "claim 2026-06-30"]),
    ("cloudflare-business", 15, ["notice 2026-05-19", "claim 2026-06-14"]),
    ("auth0-public", 1, ["claim 2026-05-19"]),
    # 12 May + 30, + 14, + 60.
    ("fastly-network", 1, ["claim 2026-06-11"]),
    ("dreamobjects", 1, ["claim 2026-05-26"]),
    ("starlink-priority", 1, ["ticket 2026-05-26"]),
    ("ovh-kms", 1, ["claim 2026-07-11"]),
    # 31 May + 15, + 30.
    ("atlassian-premium", 1, ["claim 2026-06-15"]),
    ("twilio-apis", 1, ["claim 2026-06-30"]),
    ("sendgrid", 1, ["claim 2026-06-30"]),
    ("gitlab-ultimate", 1, ["claim 2026-06-30"]),
    ("supabase", 1, ["claim 2026-06-30"]),
    ("gcp-compute", 1, ["claim 2026-06-30"]),
    ("gcp-storage", 1, ["claim 2026-06-30"]),
    ("gcp-functions", 1, ["claim 2026-06-30"]),
    ("google-workspace", 1, ["claim 2026-06-30"]),
    ("microsoft-365", 1, ["claim 2026-06-30"]),
    # Two months after 31 May; cycles from the 10th end on 9 June.
    ("azure-vm-zones", 1, ["claim 2026-07-31"]),
    ("azure-vm-zones", 10, ["claim 2026-08-09"]),
    # 30 June + 30.
    ("github-legacy", 1, ["claim 2026-07-30"]),
]


@pytest.mark.parametrize(("name", "billing_day", "until"), SHEETS)
def test_a_sheet_of_the_catalog_has_its_vendor_s_dates(name, billing_day, until):
    """What a contract gets that names the sheet and says nothing of its own."""
    when = occasion("2026-05", TUESDAY, billing_day=billing_day)
    found = dues(sheet(name).credit.claim.rules, when)
    assert [f"{due.stage} {due.last_day}" for due in found] == until


def test_no_sheet_keeps_quiet_about_a_limit_that_was_collected():
    """A claim would be listed as one without a deadline, and be lost."""
    if not COLLECTION.is_file():
        pytest.skip("the collection of published ladders is not beside this project")
    listed = yaml.safe_load(COLLECTION.read_text(encoding="utf-8"))["ladders"]
    with_a_rule = {ladder["id"] for ladder in listed if ladder.get("claim")} - NO_DEADLINE
    shipped = with_a_rule & {path.stem for path in PATHS}
    assert [name for name in sorted(shipped) if not sheet(name).credit.claim.rules] == []


def test_a_rule_whose_fact_is_not_known_is_named():
    """It makes no deadline, and is not forgotten."""
    rules = [
        Deadline(within="5 business days", after=Anchor.INCIDENT_START),
        Deadline(within="30 days"),
        Deadline(by_end_of=Stretch.TERM),
    ]
    assert undated(rules, occasion("2026-05")) == (rules[0], rules[2])
    assert undated(rules, occasion("2026-05", TUESDAY, term_ends_on=date(2026, 12, 31))) == ()


def test_the_last_day_ends_where_the_vendor_is():
    """30 June in Los Angeles goes on until 07:00 UTC of 1 July."""
    (due,) = dues(
        [Deadline(within="30 days")], occasion("2026-05", time_zone="America/Los_Angeles")
    )
    assert (due.says, utc_text(due.until)) == ("through 2026-06-30", "2026-07-01T07:00:00Z")


# --- Several stages and several outages ----------------------------------------------------------

TWO_STAGES = (
    Deadline(stage="ticket", within="24 hours", after=Anchor.AWARENESS),
    Deadline(by_end_of=Stretch.CALENDAR_MONTH, number=1),
)


def test_each_stage_has_its_deadline_and_the_claim_its_own():
    """The ticket comes first, and the claim's date is the claim's."""
    found = dues(TWO_STAGES, occasion("2026-05", TUESDAY))
    assert [(due.stage, due.says) for due in found] == [
        ("ticket", "before 2026-05-13T10:00:00Z"),
        ("claim", "through 2026-06-30"),
    ]
    assert the_claim_s(found).last_day == date(2026, 6, 30)


def test_each_outage_has_its_own_ticket():
    """Two outages are two tickets; the claim of the month is one."""
    found = dues(TWO_STAGES, occasion("2026-05", TUESDAY, "2026-05-20T10:00"))
    assert [due.stage for due in found] == ["ticket", "ticket", "claim"]
    assert [due.outage_at for due in found] == [at(TUESDAY), at("2026-05-20T10:00"), None]


def test_deadlines_that_fall_together_are_one():
    """Two outages on one day are claimed by the same evening."""
    rule = Deadline(within="5 business days", after=Anchor.INCIDENT_START)
    found = dues([rule], occasion("2026-05", TUESDAY, "2026-05-12T15:00"))
    assert [due.last_day for due in found] == [date(2026, 5, 19)]


def test_a_rule_about_a_fact_that_is_not_known_makes_no_deadline():
    """Neither outages nor the end of the term are invented."""
    rules = [Deadline(by_end_of=Stretch.TERM), Deadline(by_end_of=Stretch.OUTAGE)]
    assert dues(rules, occasion("2026-05")) == ()
    assert claim_due(()) is None


def test_without_a_stage_named_claim_the_earliest_deadline_is_the_claim_s():
    """A rule with a notice alone is a claim by another name."""
    rules = [
        Deadline(stage="notice", within="30 days"),
        Deadline(stage="ticket", within="15 days"),
    ]
    assert the_claim_s(dues(rules, occasion("2026-05"))).last_day == date(2026, 6, 15)


# --- What people write ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("30 days", "30 days"),
        ("1 days", "1 day"),
        ("5  Business  Days", "5 business days"),
        ("72 hours", "72 hours"),
        ("2 months", "2 months"),
    ],
)
def test_a_length_has_one_spelling(written, read):
    """However it was typed, terms that mean the same have one digest."""
    assert Deadline(within=written).within == read


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"within": "30 days", "by_end_of": "term"},
        {"within": "0 days"},
        {"within": "367 days"},
        {"within": "13 months"},
        {"within": "soon"},
        {"within": 30},
        {"by_end_of": "billing_cycle"},
        {"by_end_of": "outage", "number": 1},
        {"by_end_of": "calendar_month", "number": 13},
        {"within": "30 days", "after": "christmas"},
        {"within": "30 days", "last_day": "same_time"},
        {"within": "72 hours", "after": "incident_start", "last_day": "same_time"},
    ],
)
def test_a_rule_that_means_nothing_is_refused(wrong):
    """No rule, two rules, lengths beyond a year, numbers where none belong."""
    with pytest.raises(ValidationError):
        Deadline.model_validate(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"within_days": 30, "deadlines": [{"within": "30 days"}]},
        {"billing_cycles": 2, "deadlines": [{"within": "30 days"}]},
        {"billing_day": 0},
        {"billing_day": 32},
        {"holidays": "Atlantis"},
        {"holidays": "US-ZZ"},
    ],
)
def test_claim_terms_that_contradict_themselves_are_refused(wrong):
    """One way to say until when, a day that months have, a country that is one."""
    with pytest.raises(ValidationError):
        ClaimTerms.model_validate(wrong)


def test_the_short_forms_are_rules():
    """`within_days` and `billing_cycles` mean what the long form says."""
    assert ClaimTerms(within_days=30).rules == (Deadline(within="30 days"),)
    assert ClaimTerms(within_days=0).last_day(ServiceMonth.parse("2026-02")) == date(2026, 2, 28)
    assert ClaimTerms(billing_cycles=2).rules == (
        Deadline(by_end_of=Stretch.BILLING_CYCLE, number=2, after=Anchor.FIRST_OUTAGE),
    )


@pytest.mark.parametrize(
    ("begins", "last", "following"),
    [(1, "2021-03-31", "2021-06-30"), (2, "2021-01-31", "2021-04-30"),
     (3, "2021-02-28", "2021-05-31"), (11, "2021-01-31", "2021-04-30")],
)  # fmt: skip
def test_a_quarter_is_the_fiscal_one_where_the_period_is(begins, last, following):
    """January 2021 closes a quarter that began in November, where years begin in February."""
    rules = [
        Deadline(by_end_of=Stretch.QUARTER, number=0),
        Deadline(by_end_of=Stretch.QUARTER, number=1),
    ]
    found = dues(rules, occasion("2021-01", quarters_from=begins))
    assert [due.last_day.isoformat() for due in found] == [last, following]
    (due,) = dues([Deadline(within="5 days", after=Anchor.QUARTER_END)],
                  occasion("2021-01", quarters_from=begins))  # fmt: skip
    assert due.last_day == date.fromisoformat(last) + timedelta(days=5)


def test_after_may_be_written_from():
    """Both read well, and mean one rule with one digest."""
    written = Deadline.model_validate({"within": "30 days", "from": "quarter_end"})
    assert written == Deadline(within="30 days", after=Anchor.QUARTER_END)


def test_terms_without_the_new_fields_keep_their_digest():
    """What a contract said before there were rules is recorded as it was before."""
    assert ClaimTerms(within_days=30, channel=ClaimChannel.PORTAL).model_dump(mode="json") == {
        "within_days": 30,
        "billing_cycles": None,
        "channel": "portal",
        "address": None,
        "source": None,
    }


def test_a_contract_adds_its_own_to_the_sheet_s_rules():
    """Account and region are ours, the deadline is the vendor's; a deadline of ours replaces it."""
    sheet = ClaimTerms(
        within_days=30, channel=ClaimChannel.PORTAL, source="https://example.com/sla"
    )
    own = ClaimTerms(account="AC1", channel=ClaimChannel.TICKET).over(sheet)
    assert (own.within_days, own.account, own.channel, own.source) == (
        30,
        "AC1",
        "ticket",
        sheet.source,
    )
    stricter = ClaimTerms(deadlines=(Deadline(within="72 hours"),)).over(sheet)
    assert (stricter.within_days, stricter.rules) == (None, (Deadline(within="72 hours"),))


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"within": "30 days"}, "within 30 days after the end of the month"),
        (
            {"within": "72 hours", "after": "awareness"},
            "within 72 hours after we knew of the outage",
        ),
        (CALENDAR, "by the end of calendar month 1 after the service month"),
        ({"by_end_of": "outage"}, "during the outage"),
        ({"by_end_of": "term"}, "by the end of the term"),
    ],
)
def test_a_rule_in_words(rule, says):
    """What people read beside the date."""
    assert Deadline.model_validate(rule).says == says


# --- Laws ----------------------------------------------------------------------------------------

ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Africa/Cairo"]
)
MONTHS = st.builds(ServiceMonth, st.integers(1990, 2050), st.integers(1, 12))
LENGTHS = st.one_of(
    st.integers(1, 366).map(lambda n: f"{n} days"),
    st.integers(1, 40).map(lambda n: f"{n} business days"),
    st.integers(1, 12).map(lambda n: f"{n} months"),
    st.integers(1, 8784).map(lambda n: f"{n} hours"),
)
OF_THE_MONTH = st.sampled_from(
    [Anchor.MONTH_END, Anchor.QUARTER_END, Anchor.BILLING_CYCLE_END, Anchor.ELIGIBILITY]
)
MONTHLY_RULES = st.one_of(
    st.builds(Deadline, within=LENGTHS, after=OF_THE_MONTH),
    st.builds(
        Deadline,
        by_end_of=st.sampled_from([Stretch.BILLING_CYCLE, Stretch.CALENDAR_MONTH, Stretch.QUARTER]),
        number=st.integers(0, 12),
        after=OF_THE_MONTH,
    ),
)


@given(MONTHLY_RULES, MONTHS, ZONES, st.integers(1, 31))
def test_a_later_month_is_never_due_earlier(rule, month, zone, billing_day):
    """Whatever the rule, and across years, leap days and changes of the clock."""
    earlier, later = (
        the_claim_s(dues([rule], Occasion(month=m, time_zone=zone, billing_day=billing_day)))
        for m in (month, month.plus(1))
    )
    assert earlier.until <= later.until
    assert earlier.last_day <= later.last_day


@given(MONTHLY_RULES, MONTHS, ZONES, st.integers(1, 31))
def test_no_month_is_due_before_it_ends(rule, month, zone, billing_day):
    """Only a rule about an outage may end within the month."""
    due = the_claim_s(dues([rule], Occasion(month=month, time_zone=zone, billing_day=billing_day)))
    assert due.until >= month.bounds(zone).end
    assert due.last_day >= month.last_day


@given(LENGTHS, MONTHS, ZONES, st.integers(0, 40_000), st.integers(1, 3_000))
def test_no_outage_is_due_before_it_began(length, month, zone, start, minutes):
    """A rule from the start never ends before the start, one from the end never before the end."""
    begun = month.bounds(zone).start + start * MINUTE_MS
    when = Occasion(
        month=month, time_zone=zone, outages=(Interval(begun, begun + minutes * MINUTE_MS),)
    )
    (from_start,) = dues([Deadline(within=length, after=Anchor.INCIDENT_START)], when)
    (from_end,) = dues([Deadline(within=length, after=Anchor.INCIDENT_END)], when)
    assert begun < from_start.until <= from_end.until
    assert from_end.until > begun + minutes * MINUTE_MS


@given(st.integers(1, 366), MONTHS, ZONES)
def test_days_are_calendar_days_wherever_clocks_change(number, month, zone):
    """The last day is so many dates on, and ends at its local midnight."""
    (due,) = dues([Deadline(within=f"{number} days")], Occasion(month=month, time_zone=zone))
    assert due.last_day == month.last_day + timedelta(days=number)
    assert due.until == end_of_day(due.last_day, zone)


@given(st.integers(1, 8784), MONTHS, ZONES, st.integers(0, 40_000))
def test_hours_pass_alike_wherever_clocks_change(number, month, zone, start):
    """A rule in hours counts time, not the hands of a clock."""
    begun = month.bounds(zone).start + start * MINUTE_MS
    when = Occasion(month=month, time_zone=zone, outages=(Interval(begun, begun + MINUTE_MS),))
    (due,) = dues([Deadline(within=f"{number} hours", after=Anchor.INCIDENT_START)], when)
    assert due.until - begun == number * 60 * MINUTE_MS


@given(MONTHS, st.integers(1, 31), st.integers(0, 12), ZONES)
def test_billing_cycles_follow_each_other_without_gap(month, billing_day, number, zone):
    """The day after one cycle's end is in the next one, and never two of them end together."""
    one, two = (
        the_claim_s(
            dues(
                [Deadline(by_end_of=Stretch.BILLING_CYCLE, number=n)],
                Occasion(month=month, time_zone=zone, billing_day=billing_day),
            )
        )
        for n in (number, min(number + 1, 12))
    )
    assume(number < 12)
    assert 28 <= (two.last_day - one.last_day).days <= 31


@given(st.integers(1, 366), MONTHS, st.integers(0, 40_000), ZONES)
def test_the_same_time_of_day_lies_within_the_last_day(number, month, start, zone):
    """Cut off at the time of day, the deadline is on the same date and never later."""
    begun = month.bounds(zone).start + start * MINUTE_MS
    when = Occasion(month=month, time_zone=zone, outages=(Interval(begun, begun + MINUTE_MS),))
    cut, whole = (
        dues([Deadline(within=f"{number} days", after=Anchor.INCIDENT_START, last_day=how)], when)[
            0
        ]
        for how in (LastDay.SAME_TIME, LastDay.WHOLE)
    )
    assert cut.until <= whole.until
    assert whole.last_day - cut.last_day <= timedelta(days=1)

"""Contract files: the short forms mean what the long form says, and every fault is told at once."""

from datetime import date
from decimal import Decimal

import pytest

from models.claims.terms import ClaimTerms
from models.contract import (
    BillingTerms,
    Cap,
    CreditTerms,
    MinimumPayout,
    Payout,
    Role,
    TaxBasis,
)
from models.contract_file import read_contracts, read_credit_terms
from models.exclusion import ExclusionKind
from models.findings import Severity
from models.kinds.single_threshold import SingleThreshold
from models.kinds.uptime_brackets import UptimeBrackets
from models.money import Rounding
from models.period import ServiceMonth

CATALOG = {
    "example-cloud": CreditTerms(
        ladder=SingleThreshold(commitment_percent=Decimal("99.95"), credit_percent=Decimal(10)),
        cap=Cap(percent=Decimal(30)),
        minimum_payout=MinimumPayout(more_than=Decimal(1)),
        claim=ClaimTerms(within_days=30),
    )
}

ACME = """\
role: provider
client: {id: acme, name: Acme GmbH, email: ap@acme.example}
service: {id: api, name: Acme API}
currency: EUR
billable_amount: 2000
credit_ladder: {kind: single_threshold, commitment_percent: 99.9, credit_percent: 10}
"""
"""The shortest contract: one version, written at the top."""

LADDER = "{kind: single_threshold, commitment_percent: 99.9, credit_percent: 10}"
TABLE = """
  kind: uptime_brackets
  commitment_percent: 99.9
  brackets:
    - {below: 99.9, at_least: 99.0, credit_percent: 10}
    - {below: 98.0, credit_percent: 25}"""

VERSIONS = """\
role: customer
client: {id: example-cloud, name: Example Cloud}
service: {id: storage, name: Storage}
versions:
  - effective_on: 2025-01-01
    time_zone: Europe/Berlin
    currency: EUR
    billable_amount: 1000
    monitors: [eu-1, eu-2]
    measurement: {stale_after_minutes: 15, no_data: carry}
    exclusions: [{kind: maintenance, notice_hours: 48}]
    credit_ladder: {catalog: example-cloud}
    cap: {percent: 50}
    minimum_payout: {at_least: 5}
    rounding: down
    payout: refund
    release: {mode: automatic, up_to: 100}
  - effective_on: 2025-07-01
    ends_on: 2025-12-31
    currency: EUR
    billable_amount: 1200
    credit_ladder: {catalog: example-cloud}
"""


def faults(text: str) -> list[str]:
    """Everything that is wrong with, or odd about, a file of contracts."""
    read = read_contracts(text, name="acme.yaml", ladders=CATALOG)
    return [str(finding) for finding in read.findings]


def only(text: str):
    """The one contract of a text without findings."""
    read = read_contracts(text, name="acme.yaml", ladders=CATALOG)
    assert read.findings == ()
    (placed,) = read.contracts
    return placed.contract


def test_a_single_version_may_be_written_at_the_top():
    """Such a contract holds from the beginning of time, in UTC, measured by its service's name."""
    contract = only(ACME)
    (version,) = contract.versions
    assert (contract.id, contract.role) == ("acme/api", Role.PROVIDER)
    assert (version.effective_on, version.time_zone) == (date(1970, 1, 1), "UTC")
    assert version.monitors == ("api",)
    assert (version.billable_amount, version.currency) == (Decimal(2000), "EUR")
    assert version.credit.ladder.commitment_percent == Decimal("99.9")
    assert version.catalog == ""


def test_a_single_version_means_the_same_in_a_list():
    """The short form is a way of writing, no other contract."""
    above, below = ACME.split("currency")
    listed = f"{above}versions:\n- " + f"currency{below}".replace("\n", "\n  ").rstrip()
    assert only(listed) == only(ACME)
    assert only(listed).versions[0].digest == only(ACME).versions[0].digest


def test_each_version_says_all_of_its_terms():
    """Nothing is inherited from the version before; what is left out has its default."""
    first, second = only(VERSIONS).versions
    assert first.monitors == ("eu-1", "eu-2")
    assert first.exclusions[0].notice_hours == Decimal(48)
    assert (first.payout, first.release.up_to) == (Payout.REFUND, Decimal(100))
    assert (second.time_zone, second.monitors, second.exclusions) == ("UTC", ("storage",), ())
    assert second.ends_on == date(2025, 12, 31)


def test_a_contract_states_its_own_terms_over_those_of_the_catalog():
    """Cap, minimum and rounding are the contract's; ladder and claim stay the catalog's."""
    own, published = (version.credit for version in only(VERSIONS).versions)
    assert (own.cap, own.minimum_payout) == (
        Cap(percent=Decimal(50)),
        MinimumPayout(at_least=Decimal(5)),
    )
    assert own.rounding is Rounding.DOWN
    assert (own.ladder, own.claim) == (published.ladder, ClaimTerms(within_days=30))
    assert published == CATALOG["example-cloud"]


def test_the_catalog_is_named_in_the_resolved_terms():
    """The record of a decision says where its ladder came from."""
    assert [version.catalog for version in only(VERSIONS).versions] == ["example-cloud"] * 2


EDITIONS = {
    **CATALOG,
    "example-cloud@2024-05-01": CreditTerms(
        ladder=SingleThreshold(commitment_percent=Decimal(99), credit_percent=Decimal(5))
    ),
    "example-cloud@2025-02-01": CATALOG["example-cloud"],
}
EARLIER = VERSIONS.replace(
    "{catalog: example-cloud}", "{catalog: example-cloud, version: 2024-05-01}", 1
)


def test_a_contract_may_name_the_edition_that_it_agreed_to():
    """The first version keeps the text of May 2024, with its own cap; the second has the latest."""
    read = read_contracts(EARLIER, name="acme.yaml", ladders=EDITIONS)
    assert read.findings == ()
    first, second = read.contracts[0].contract.versions
    assert (first.catalog, first.credit.ladder.commitment_percent) == (
        "example-cloud@2024-05-01",
        Decimal(99),
    )
    assert first.credit.cap == Cap(percent=Decimal(50))
    assert (second.catalog, second.credit.claim.within_days) == ("example-cloud", 30)


def test_an_edition_that_is_not_in_the_catalog_is_told_with_those_that_are():
    """A contract is never judged by a text that it does not name."""
    text = EARLIER.replace("2024-05-01", "2023-01-01")
    (finding,) = read_contracts(text, name="acme.yaml", ladders=EDITIONS).findings
    assert str(finding) == (
        'acme.yaml:12: versions[0].credit_ladder.version is "2023-01-01"; a version of '
        "example-cloud in the catalog: 2024-05-01, 2025-02-01. Correct it, or write the terms of "
        "that version out in the contract."
    )


def test_versions_may_be_written_in_any_order():
    """They are sorted by their dates."""
    head, first, second = VERSIONS.replace("  - eff", "\x00  - eff").split("\x00")
    assert only(head + second + first) == only(VERSIONS)


def test_the_version_in_force_follows_from_the_dates():
    """The first of the month decides; after its last day a contract is over."""
    contract = only(VERSIONS)
    amounts = {
        month: version and version.billable_amount
        for month in ("2024-12", "2025-06", "2025-07", "2025-12", "2026-01")
        for version in [contract.in_force(ServiceMonth.parse(month))]
    }
    assert amounts == {
        "2024-12": None,
        "2025-06": Decimal(1000),
        "2025-07": Decimal(1200),
        "2025-12": Decimal(1200),
        "2026-01": None,
    }


def test_a_file_may_hold_several_contracts():
    """One per YAML document, each with its place."""
    second = ACME.replace("id: acme", "id: globex")
    read = read_contracts(f"{ACME}---\n{second}", name="all.yaml", ladders=CATALOG)
    assert [(one.contract.id, one.place) for one in read.contracts] == [
        ("acme/api", "all.yaml:1"),
        ("globex/api", "all.yaml:8"),
    ]


def test_one_wrong_contract_does_not_hide_the_others():
    """The sound ones are read, and the wrong one is told."""
    wrong = ACME.replace("EUR", "EURO")
    read = read_contracts(f"{ACME}---\n{wrong}", name="all.yaml", ladders=CATALOG)
    assert [one.contract.id for one in read.contracts] == ["acme/api"]
    assert [finding.place for finding in read.findings] == ["all.yaml:11"]


GALLERY = {
    "comma": (
        ACME.replace("2000", '"99,9"'),
        (
            'acme.yaml:5: billable_amount is "99,9"; a plain number with a decimal point, such as '
            "99.9. Write 99.9 with a decimal point."
        ),
    ),
    "thousands": (
        ACME.replace("2000", "2.000,50"),
        (
            'acme.yaml:5: billable_amount is "2.000,50"; a plain number with a decimal point, such '
            "as 99.9. Write 2000.50 with a decimal point."
        ),
    ),
    "separators": (
        ACME.replace("2000", "2_000"),
        (
            'acme.yaml:5: billable_amount is "2_000"; a plain number with a decimal point, such as '
            "99.9. Write 2000 without separators."
        ),
    ),
    "unit": (
        ACME.replace("2000", "2000 EUR"),
        (
            'acme.yaml:5: billable_amount is "2000 EUR"; a plain number with a decimal point, such '
            "as 99.9. Write 2000 alone."
        ),
    ),
    "percent sign": (
        ACME.replace("99.9", "99.9%"),
        (
            'acme.yaml:6: credit_ladder.commitment_percent is "99.9%"; a plain number with a '
            "decimal point, such as 99.9. Write 99.9 without the percent sign."
        ),
    ),
    "negative": (
        ACME.replace("2000", "-1"),
        "acme.yaml:5: billable_amount is -1; a number of at least 0. Write a number of at least 0.",
    ),
    "over a hundred": (
        ACME.replace("99.9", "999"),
        (
            "acme.yaml:6: credit_ladder.commitment_percent is 999; a number of at most 100. "
            "Write a number of at most 100."
        ),
    ),
    "not a number": (
        ACME.replace("2000", ".nan"),
        (
            'acme.yaml:5: billable_amount is ".nan"; a plain number with a decimal point, such as '
            "99.9. Write a finite number."
        ),
    ),
    "infinite": (
        ACME.replace("2000", "-.inf"),
        (
            'acme.yaml:5: billable_amount is "-.inf"; a plain number with a decimal point, such as '
            "99.9. Write a finite number."
        ),
    ),
    "astronomic": (
        ACME.replace("2000", "1e400"),
        (
            "acme.yaml:5: billable_amount is 1E+400; a number of at most 30 digits on each side of "
            "its point. Shorten it."
        ),
    ),
    "empty": (
        ACME.replace("2000", ""),
        (
            "acme.yaml:5: billable_amount is empty; a plain number with a decimal point, such as "
            "99.9. Fill it in, or remove the field."
        ),
    ),
    "missing": (
        ACME.replace("billable_amount: 2000\n", ""),
        (
            "acme.yaml:1: billable_amount is missing; a value, for there is no default. "
            "Add the field."
        ),
    ),
    "misspelt": (
        f"{ACME}cpa: {{percent: 50}}\n",
        (
            "acme.yaml:7: cpa is no field here; one of credit_ladder, cap, minimum_payout, "
            "rounding, "
            "days_paid, claim, period, base, eligibility, recurrence, caps, rights, form, "
            "effective_on, ends_on, time_zone, currency, billable_amount, affected_percent, "
            "monitors, measurement, exclusions, payout, release, billing, measure_as_published, "
            "attributes, amounts. Did you mean cap?"
        ),
    ),
    "currency": (
        ACME.replace("EUR", "EURO"),
        (
            'acme.yaml:4: currency is "EURO"; an ISO 4217 code such as EUR, USD or JPY. '
            "Did you mean EUR?"
        ),
    ),
    "zone": (
        f"{ACME}time_zone: Europe/Berln\n",
        (
            'acme.yaml:7: time_zone is "Europe/Berln"; an IANA time zone such as UTC or '
            "Europe/Berlin. Did you mean Europe/Berlin?"
        ),
    ),
    "date": (
        f"{ACME}effective_on: 01.02.2025\n",
        (
            'acme.yaml:7: effective_on is "01.02.2025"; a date as YYYY-MM-DD. '
            "Write year, month and day: 2025-01-31."
        ),
    ),
    "date with slashes": (
        f"{ACME}effective_on: 2025/2/1\n",
        'acme.yaml:7: effective_on is "2025/2/1"; a date as YYYY-MM-DD. Write 2025-02-01.',
    ),
    "no such day": (
        f"{ACME}effective_on: 2025-02-30\n",
        (
            'acme.yaml:7: effective_on is "2025-02-30"; a date as YYYY-MM-DD. '
            "Choose a day that the month has."
        ),
    ),
    "number as date": (
        f"{ACME}effective_on: 20250201\n",
        (
            "acme.yaml:7: effective_on is 20250201; a date as YYYY-MM-DD. "
            "Write year, month and day: 2025-01-31."
        ),
    ),
    "ends before it starts": (
        f"{ACME}effective_on: 2025-02-01\nends_on: 2025-01-31\n",
        (
            "acme.yaml:8: ends_on is 2025-01-31, before effective_on 2025-02-01; an end on "
            "or after the first day. Correct one of the two dates."
        ),
    ),
    "no list": (
        f"{ACME}monitors: api\n",
        'acme.yaml:7: monitors is "api"; a list. Write [api].',
    ),
    "empty list": (
        f"{ACME}monitors: []\n",
        (
            "acme.yaml:7: monitors is an empty list; 1 or more items. "
            "Fill it in, or remove the field."
        ),
    ),
    "choice": (
        f"{ACME}measurement: {{no_data: withold}}\n",
        (
            'acme.yaml:7: measurement.no_data is "withold"; carry, up, down, excluded or withhold. '
            "Did you mean withhold?"
        ),
    ),
    "half a minute": (
        f"{ACME}measurement: {{window_minutes: 2.5}}\n",
        (
            "acme.yaml:7: measurement.window_minutes is 2.5; a whole number, such as 5. "
            "Write a whole number, such as 5."
        ),
    ),
    "either number or word": (
        f"{ACME}measurement: {{regions_down_when: most}}\n",
        (
            'acme.yaml:7: measurement.regions_down_when is "most"; any, majority or all or a whole '
            "number, such as 5. Choose one of them."
        ),
    ),
    "inside a list": (
        f"{ACME}exclusions:\n- kind: ad_hoc\n- kind: maintenence\n",
        (
            'acme.yaml:9: exclusions[1].kind is "maintenence"; maintenance, ad_hoc or third_party. '
            "Did you mean maintenance?"
        ),
    ),
    "two at once": (
        f"{ACME}minimum_payout: {{more_than: 1, at_least: 2}}\n",
        (
            "acme.yaml:7: minimum_payout has more_than 1, at_least 2; either more_than or "
            "at_least. Write either more_than or at_least."
        ),
    ),
    "id": (
        ACME.replace("id: acme", "id: Acme GmbH"),
        (
            'acme.yaml:2: client.id is "Acme GmbH"; lower-case letters, digits and . _ - between '
            "them. Write acme-gmbh."
        ),
    ),
    "number as name": (
        ACME.replace("Acme GmbH", "42"),
        'acme.yaml:2: client.name is the bare value 42; text. Quote it: "42".',
    ),
    "address": (
        ACME.replace("ap@acme.example", "ap(at)acme"),
        (
            'acme.yaml:2: client.email is "ap(at)acme"; an e-mail address such as ap@acme.example. '
            "Correct the address."
        ),
    ),
    "address that no server takes": (
        ACME.replace("ap@acme.example", "jürgen@acme.example"),
        (
            "acme.yaml:2: client.email cannot be used: 'jürgen@acme.example' has a part before "
            "the @ that is not plain ASCII such as anna.b; an e-mail address such as "
            "ap@acme.example. Correct the address."
        ),
    ),
    "kind": (
        ACME.replace("single_threshold", "single_treshold"),
        (
            'acme.yaml:6: credit_ladder.kind is "single_treshold"; one of the kinds '
            "uptime_brackets, "
            "single_threshold, pro_rata, per_block, per_event, per_points, duration_table, "
            "clock_hours, metric_table, per_count, repeated, no_credit, combined, "
            "by_class. Did you mean single_threshold?"
        ),
    ),
    "no kind": (
        ACME.replace("kind: single_threshold, ", ""),
        (
            "acme.yaml:6: credit_ladder has no kind; one of the kinds uptime_brackets, "
            "single_threshold, pro_rata, per_block, per_event, per_points, duration_table, "
            "clock_hours, metric_table, per_count, repeated, no_credit, combined, "
            "by_class. Add `kind:`."
        ),
    ),
    "bare id": (
        ACME.replace(LADDER, "example-cloud"),
        (
            'acme.yaml:6: credit_ladder is "example-cloud"; a ladder of the catalog, '
            "{catalog: ID}, or one of your own with its kind. Write {catalog: example-cloud}."
        ),
    ),
    "unknown ladder": (
        ACME.replace(LADDER, "{catalog: exmple-cloud}"),
        (
            'acme.yaml:6: credit_ladder.catalog is "exmple-cloud"; the id of one of the 1 '
            "ladders of "
            "the catalog. Did you mean example-cloud? `makegood ladders list` shows them all."
        ),
    ),
    "gap": (
        ACME.replace(f" {LADDER}", TABLE),
        (
            "acme.yaml:11: credit_ladder.brackets[1].below is 98, which leaves a gap up to "
            "99; every uptime under the commitment has exactly one row. Raise it to 99, or keep a "
            "table as its vendor published it with as_published: true."
        ),
    ),
    "reversed bracket": (
        ACME.replace(f" {LADDER}", TABLE.replace("at_least: 99.0", "at_least: 99.95")),
        (
            "acme.yaml:10: credit_ladder.brackets[0] has below 99.9, at_least 99.95, "
            "credit_percent "
            "10; a lower bound below the upper one. Write a lower bound below the upper one."
        ),
    ),
    "without effect": (
        f"{ACME}cap: {{days: 5}}\n",
        (
            "acme.yaml:7: cap.days has no effect: the ladder pays in money; every term has a "
            "meaning. Leave it out, or set days_paid: as_money if the days become money."
        ),
    ),
    "same date twice": (
        VERSIONS.replace("2025-07-01", "2025-01-01"),
        (
            "acme.yaml:18: versions[1].effective_on is 2025-01-01, as in another version; each "
            "version with a date of its own. Remove one of the two, or give the later one its date."
        ),
    ),
    "overlap": (
        VERSIONS.replace("    time_zone", "    ends_on: 2025-07-31\n    time_zone"),
        (
            "acme.yaml:19: versions[1].effective_on is 2025-07-01, while the version before "
            "ends on 2025-07-31; versions that do not overlap. "
            "Leave ends_on out where another version follows; it is for the last one."
        ),
    ),
    "undated version": (
        VERSIONS.replace("effective_on: 2025-07-01\n    ends_on", "ends_on"),
        (
            "acme.yaml:18: versions[1].effective_on is missing; a date for each of several "
            "versions. Add the first day on which the version holds."
        ),
    ),
    "beside the versions": (
        VERSIONS + "payout: refund\n",
        (
            "acme.yaml:23: payout is no field here; one of role, client, service, evidence, "
            "depends_on, versions. Move it under versions."
        ),
    ),
    "one level too deep": (
        ACME.replace(LADDER, "{catalog: example-cloud, cap: {percent: 5}}"),
        (
            "acme.yaml:6: credit_ladder.cap is no field here; one of catalog, version. "
            "Move it further up."
        ),
    ),
    "kind in brackets": (
        ACME.replace("single_threshold", "[single_threshold]"),
        (
            "acme.yaml:6: credit_ladder.kind is a list of 1; one of the kinds uptime_brackets, "
            "single_threshold, pro_rata, per_block, per_event, per_points, duration_table, "
            "clock_hours, metric_table, per_count, repeated, no_credit, combined, "
            "by_class. Did you mean single_threshold?"
        ),
    ),
    "no ladder": (
        ACME.replace(LADDER, ""),
        (
            "acme.yaml:6: credit_ladder is empty; a ladder of the catalog, {catalog: ID}, or one "
            "of your own with its kind. Add it."
        ),
    ),
    "no contract": (
        "acme",
        (
            'acme.yaml:1: is "acme"; a mapping with role, client, service, evidence, depends_on, '
            "versions. Write its fields below it, indented, or in braces: { }."
        ),
    ),
    "empty file": (
        "# nothing yet\n",
        (
            "acme.yaml: is empty; one contract or more. "
            "Write a contract into it, or remove the file."
        ),
    ),
    "twice": (
        f"{ACME}currency: USD\n",
        (
            "acme.yaml:7: currency is given twice, first on line 4; each field once. "
            "Remove one of the two."
        ),
    ),
}


@pytest.mark.parametrize("name", GALLERY)
def test_a_wrong_contract_is_told_with_place_value_expectation_and_remedy(name):
    """One fault, one sentence that a person can act on, and no contract."""
    text, sentence = GALLERY[name]
    read = read_contracts(text, name="acme.yaml", ladders=CATALOG)
    assert [str(finding) for finding in read.findings] == [sentence]
    assert read.contracts == ()


ODDITIES = {
    "mid-month": (
        f"{ACME}effective_on: 2025-02-15\n",
        (
            "acme.yaml:7: effective_on is 2025-02-15, within a month; the first day of a "
            "month, for one version governs a whole month. "
            "The version governs from the following month on; date it so, or keep it."
        ),
    ),
    "ends mid-month": (
        f"{ACME}ends_on: 2025-02-15\n",
        (
            "acme.yaml:7: ends_on is 2025-02-15, within a month; the last day of a month, for one "
            "version governs a whole month. "
            "The version governs that whole month; date it so, or keep it."
        ),
    ),
    "nothing billable": (
        ACME.replace("2000", "0"),
        (
            "acme.yaml:5: billable_amount is 0, so that nothing is ever paid; an amount above 0. "
            "Check the amount."
        ),
    ),
    "finer than the currency": (
        ACME.replace("2000", "2000.005"),
        (
            "acme.yaml:5: billable_amount is 2000.005, finer than EUR can be billed; at most 2 "
            "decimal places. Check amount and currency; the percent applies to it as it stands."
        ),
    ),
    "nothing affected": (
        f"{ACME}affected_percent: 0\n",
        (
            "acme.yaml:7: affected_percent is 0, so that nothing is ever paid; an amount above 0. "
            "Check the amount."
        ),
    ),
    "cap of nothing": (
        f"{ACME}cap: {{percent: 0}}\n",
        (
            "acme.yaml:7: cap is 0, so that nothing is ever paid; an amount above 0. "
            "Check the amount."
        ),
    ),
    "minimum out of reach": (
        f"{ACME}minimum_payout: {{more_than: 3000}}\n",
        (
            "acme.yaml:7: minimum_payout asks for 3000, more than the billable amount of 2000; "
            "a minimum that a credit can reach. Check both amounts."
        ),
    ),
    "automatic without bound": (
        f"{ACME}release: {{mode: automatic}}\n",
        (
            "acme.yaml:7: release is automatic for any amount; a bound for what leaves without a "
            "person. Add up_to, or choose mode: ask."
        ),
    ),
    "no address": (
        ACME.replace(", email: ap@acme.example", ""),
        (
            "acme.yaml:2: client.email is missing; an address for notices. "
            "Add it; without one the client is not told of credits."
        ),
    ),
}


@pytest.mark.parametrize("name", ODDITIES)
def test_an_odd_contract_is_read_with_a_warning(name):
    """It may be meant; a person should look all the same."""
    text, sentence = ODDITIES[name]
    read = read_contracts(text, name="acme.yaml", ladders=CATALOG)
    assert [str(finding) for finding in read.findings] == [sentence]
    assert {finding.severity for finding in read.findings} == {Severity.WARNING}
    assert len(read.contracts) == 1


def test_all_faults_of_all_contracts_are_told_at_once():
    """Form, ladder and syntax of three documents, in the order of the file."""
    text = "---\n".join(
        [
            ACME.replace("EUR", "EURO").replace(f" {LADDER}", TABLE),
            ACME.replace("2000", "-1").replace("role: provider", "role: vendor"),
            "role: [\n",
        ]
    )
    places = [finding.split(" ")[0] for finding in faults(text)]
    assert places == [
        "acme.yaml:4:",
        "acme.yaml:11:",
        "acme.yaml:13:",
        "acme.yaml:17:",
        "acme.yaml:21:1:",
    ]


KIT = """\
service_id: [payments]
service_name: Payments API
currency: [EUR]
monthly_billable_amount: [1200.50]
measurement_window_minutes: [5] # use 5m windows unless your SLA defines differently
exclusions:
  - scheduled_maintenance: true
  - outages_under_minutes: [5] # ignore continuous outages below this duration
  - third_party_dependencies: [Stripe, Example Cloud]
proof_sources:
  - logs/payments in the log archive
  - [Postgres audit table]
  - Monitoring: monitor 778899
credit_ladder:
  vendor: Amazon S3 (Standard & most classes)
  threshold_kind: uptime_brackets
  brackets:
    - range: "<99.9% and ≥99.0%"
      credit_percent: 10
    - range: "<99.0% and ≥95.0%"
      credit_percent: [25]
    - range: "<95.0%"
      credit_percent: 100
  notes:
    - Monthly Uptime Percentage typically computed from 5-minute intervals.
    - "Claim window: by end of the SECOND BILLING CYCLE following the incident month."
"""
"""The copyable blocks with placeholders filled and indentation restored."""


def test_the_copyable_blocks_are_read_as_a_contract():
    """The vendor owes us; `[5]` and `5` are one value; ranges become brackets."""
    contract = only(KIT)
    (version,) = contract.versions
    assert contract.role is Role.CUSTOMER
    assert contract.client.name == "Amazon S3 (Standard & most classes)"
    assert contract.id == "amazon-s3-standard-most-classes/payments"
    assert (version.currency, version.billable_amount) == ("EUR", Decimal("1200.50"))
    assert version.measurement.window_minutes == 5
    assert version.measurement.minimum_outage
    assert version.measurement.minimum_outage.minutes == 5
    assert isinstance(version.credit.ladder, UptimeBrackets)
    assert [row.credit_percent for row in version.credit.ladder.brackets] == [10, 25, 100]
    assert version.credit.ladder.brackets[1].at_least == 95
    assert version.credit.claim.billing_cycles == 2


def test_the_exclusions_of_the_copyable_blocks_become_rules():
    """Maintenance counts without notice; the named third parties count, no others."""
    maintenance, third_party = only(KIT).versions[0].exclusions
    assert (maintenance.kind, maintenance.notice_hours) == (ExclusionKind.MAINTENANCE, None)
    assert third_party.kind is ExclusionKind.THIRD_PARTY
    assert third_party.dependencies == ("Stripe", "Example Cloud")


@pytest.mark.parametrize("off", ["false", "[false]", ""])
def test_an_exclusion_that_is_switched_off_makes_no_rule(off):
    """`false`, in brackets or not, and an empty value."""
    text = KIT.replace("[Stripe, Example Cloud]", off).replace(
        "maintenance: true", f"maintenance: {off}"
    )
    text = text.replace("outages_under_minutes: [5]", f"outages_under_minutes: {off}")
    (version,) = only(text).versions
    assert version.exclusions == ()
    assert version.measurement.minimum_outage is None


def test_the_proof_sources_are_kept_as_evidence():
    """However the template's brackets were filled in."""
    assert only(KIT).evidence == (
        "logs/payments in the log archive",
        "Postgres audit table",
        "Monitoring: monitor 778899",
    )


def test_the_copyable_block_may_name_client_role_and_zone():
    """Our own fields fit beside the template's."""
    ours = "client_id: globex\nclient_name: Globex\neffective_on: 2025-01-01\n"
    ours += "time_zone: Europe/Berlin\n"
    contract = only(KIT + ours)
    assert (contract.client.id, contract.client.name) == ("globex", "Globex")
    assert contract.versions[0].time_zone == "Europe/Berlin"
    assert contract.versions[0].effective_on == date(2025, 1, 1)


def test_the_copyable_threshold_ladder_is_read():
    """All or nothing below the threshold, claimed within 30 days."""
    text = KIT[: KIT.index("credit_ladder")] + (
        "credit_ladder:\n"
        "  vendor: Twilio APIs\n"
        "  threshold_kind: availability_threshold\n"
        "  monthly_threshold_percent: 99.95 # 99.99% for certain enterprise editions\n"
        "  brackets:\n"
        "    - when_actual_below_threshold: true\n"
        "      credit_percent: 10\n"
        "  notes:\n"
        "    - Claim window: within [30 DAYS] after end of month. Confirm current SLA.\n"
    )
    credit = only(text).versions[0].credit
    assert credit.ladder == SingleThreshold(
        commitment_percent=Decimal("99.95"), credit_percent=Decimal(10)
    )
    assert credit.claim == ClaimTerms(within_days=30)


def test_faults_of_the_copyable_blocks_are_told_in_their_own_words():
    """Fields and lines are those of the block, not those that they become."""
    text = (
        KIT.replace("[1200.50]", "1.200,50")
        .replace("measurement_window_minutes: [5]", "measurement_window_minutes: 0")
        .replace("scheduled_maintenance", "planned_maintenance")
        .replace("[Stripe, Example Cloud]", "true")
        .replace("outages_under_minutes: [5]", "outages_under_minutes: five")
        .replace("service_name: Payments API\n", "")
    )
    assert faults(text) == [
        "acme.yaml:1: service_name is missing; a value, for there is no default. Add the field.",
        (
            'acme.yaml:3: monthly_billable_amount is "1.200,50"; a plain number with a '
            "decimal point, such as 99.9. Write 1200.50 with a decimal point."
        ),
        (
            "acme.yaml:4: measurement_window_minutes is 0; a number of at least 1. "
            "Write a number of at least 1."
        ),
        (
            "acme.yaml:6: exclusions[0].planned_maintenance is true; one of scheduled_maintenance, "
            "outages_under_minutes, third_party_dependencies. Did you mean scheduled_maintenance?"
        ),
        (
            'acme.yaml:7: exclusions[1].outages_under_minutes is "five"; a plain number with '
            "a decimal point, such as 99.9. Write the number in digits."
        ),
        (
            "acme.yaml:8: exclusions[2].third_party_dependencies is true; a list of names, "
            "or false. Name those whose failures are excluded."
        ),
    ]


def test_third_parties_in_one_text_are_asked_for_as_a_list():
    """`AWS, Cloudflare` would be one odd name that no recorded failure ever has."""
    text = KIT.replace("[Stripe, Example Cloud]", "Stripe, Example Cloud")
    (fault,) = faults(text)
    assert fault.endswith(
        '"Stripe, Example Cloud"; a list of names, or false. Write [Stripe, Example Cloud].'
    )


def test_nothing_of_the_copyable_block_is_silently_dropped():
    """What cannot be brought into shape is refused where it stands."""
    start, end = KIT.index("exclusions:"), KIT.index("proof_sources")
    assert faults(KIT[:start] + "exclusions: none\nmeasurement: exact\n" + KIT[end:]) == [
        'acme.yaml:6: exclusions is "none"; a list. Write [none].',
        (
            'acme.yaml:7: measurement is "exact"; a mapping with window_minutes, window_fails, '
            "last_window, degraded, stale_after_minutes, no_data, minimum_coverage_percent, "
            "minimum_outage, unknown_in_outage, partial_overlap, exclusion_mode, "
            "regions_down_when, monitors_down_when, corroborated_by, quorum_base, "
            "conflicting_duplicates, disagreement, defaults_edition, requests, also, "
            "clock_starts, weighted_by, partial_minutes, counted_on, holidays, partial_period."
            " Write its fields below it, indented, or in braces: { }."
        ),
    ]


TEMPLATE = """\
service_id: [SERVICE_SLUG]
service_name: [SERVICE NAME]
currency: [USD|EUR|...]
monthly_billable_amount: [AMOUNT]
measurement_window_minutes: [5]
exclusions:
- scheduled_maintenance: [true|false]
- outages_under_minutes: [5]
- third_party_dependencies: [LIST OR false]
proof_sources:
- [LOG_SOURCE_1: e.g., a metrics path]
credit_ladder:
vendor: [YOUR SLA NAME]
threshold_kind: [availability_threshold|uptime_brackets]
monthly_threshold_percent: [OPTIONAL]
brackets:
- range: ["<X% and ≥Y%" | when_actual_below_threshold: true]
credit_percent: [N]
"""
"""The template as it is copied from its page: unfilled and without indentation."""


def test_every_placeholder_that_is_left_is_told_once():
    """With its own line, though some of them are no YAML at all."""
    found = [finding for finding in faults(TEMPLATE) if "placeholder" in finding]
    assert [finding.partition(" still")[0] for finding in found] == [
        "acme.yaml:1: service_id",
        "acme.yaml:2: service_name",
        "acme.yaml:3: currency",
        "acme.yaml:4: monthly_billable_amount",
        "acme.yaml:7: scheduled_maintenance",
        "acme.yaml:9: third_party_dependencies",
        "acme.yaml:11:",
        "acme.yaml:13: vendor",
        "acme.yaml:14: threshold_kind",
        "acme.yaml:15: monthly_threshold_percent",
        "acme.yaml:17: range",
        "acme.yaml:18: credit_percent",
    ]
    assert found[3] == (
        "acme.yaml:4: monthly_billable_amount still holds the placeholder [AMOUNT]; "
        "your own value. Replace [AMOUNT], brackets included."
    )


def test_a_flattened_ladder_is_shown_as_it_was_meant():
    """The text lost its indentation on the way; nothing of it is guessed, but it is laid out."""
    flat = "\n".join(line.strip() for line in KIT.splitlines())
    read = read_contracts(flat, name="acme.yaml", ladders=CATALOG)
    assert read.contracts == ()
    assert [str(finding) for finding in read.findings] == [
        "acme.yaml:14: credit_ladder has lost its indentation; its fields indented below it. "
        "Write it so:\n" + KIT[KIT.index("credit_ladder") :].rstrip()
    ]


def test_what_else_is_wrong_with_a_flattened_block_is_told_too():
    """Once the indentation is mended, no second surprise."""
    flat = "\n".join(line.strip() for line in KIT.replace("EUR", "EURO").splitlines())
    assert [finding.split(";")[0] for finding in faults(flat)] == [
        "acme.yaml:3: currency is a list of 1",
        "acme.yaml:14: credit_ladder has lost its indentation",
    ]


@pytest.mark.parametrize(
    "text",
    [
        LADDER,
        f"credit_ladder: {LADDER}",
        '{"kind": "single_threshold", "commitment_percent": 99.9, "credit_percent": 10}',
    ],
)
def test_a_ladder_may_stand_alone_in_a_file(text):
    """Bare, under `credit_ladder`, or as JSON."""
    terms, findings = read_credit_terms(text, name="ladder.yaml", ladders=CATALOG)
    assert findings == ()
    assert terms
    assert terms.ladder == SingleThreshold(
        commitment_percent=Decimal("99.9"), credit_percent=Decimal(10)
    )


def test_a_ladder_in_a_file_may_have_a_cap_beside_it():
    """And a ladder of the catalog may be named there."""
    text = "credit_ladder: {catalog: example-cloud}\ncap: {amount: 100}\n"
    terms, findings = read_credit_terms(text, name="ladder.yaml", ladders=CATALOG)
    assert findings == ()
    assert terms
    assert (terms.cap, terms.claim) == (Cap(amount=Decimal(100)), ClaimTerms(within_days=30))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "ladder.yaml: is empty; one ladder. Write one ladder into the file."),
        (
            "a\n---\nb",
            "ladder.yaml: holds 2 documents; one ladder. Write one ladder into the file.",
        ),
        (
            LADDER.replace("99.9", "99,9"),
            (
                "ladder.yaml:1: 9 is no field here; one of commitment_percent, "
                "credit_percent, credit_days, credit_share, credit_hours, credit_months, kind. "
                "A comma ends a value; write decimals with a point."
            ),
        ),
        (
            TABLE.replace("\n  ", "\n"),
            (
                "ladder.yaml:6: brackets[1].below is 98, which leaves a gap up to 99; every uptime "
                "under the commitment has exactly one row. Raise it to 99, or keep a table as its "
                "vendor published it with as_published: true."
            ),
        ),
    ],
)
def test_a_wrong_ladder_file_is_told_with_line_and_field(text, sentence):
    """Fields are named as they stand in that file."""
    terms, findings = read_credit_terms(text, name="ladder.yaml", ladders=CATALOG)
    assert terms is None
    assert [str(finding) for finding in findings] == [sentence]


def test_a_contract_names_where_its_credits_are_booked():
    """Customer, subscription and whether tax is within; without them they are looked for."""
    text = f"{ACME}billing: {{customer: cus_9, subscription: sub_1, tax: net}}\n"
    (placed,) = read_contracts(text, name="acme.yaml", ladders=CATALOG).contracts
    assert placed.contract.versions[0].billing == BillingTerms(
        customer="cus_9", subscription="sub_1", tax=TaxBasis.NET
    )
    (placed,) = read_contracts(ACME, name="acme.yaml", ladders=CATALOG).contracts
    assert placed.contract.versions[0].billing == BillingTerms()

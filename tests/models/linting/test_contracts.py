"""What is odd about a contract, beside what its file says: worth, currency, claims, names.

The workspace as a whole, with all findings at once, is in `tests/cli/test_check.py`.
"""

from datetime import date

import pytest

from models.contract_file import read_contracts
from models.defects import Defect
from models.linting.contracts import ContractLinter, Watched
from tests.models.ladders.sheets import PATHS, sheet

CATALOG = {path.stem: sheet(path.stem) for path in PATHS}
LADDERS = {name: one.credit for name, one in CATALOG.items()}
TODAY = date(2026, 11, 20)

CONTRACT = """\
role: {role}
client: {{id: acme, name: Acme GmbH, email: ap@acme.example}}
service: {{id: api, name: Relay API}}
currency: {currency}
billable_amount: {fee}
{more}
credit_ladder: {ladder}
"""
FLAT = "{kind: single_threshold, commitment_percent: 99.9, credit_percent: 10}"


def odd(*, role="provider", currency="EUR", fee="2000", more="", ladder=FLAT, watched=None):
    """The rules that one contract breaks, with their fields, in the order of the file."""
    text = CONTRACT.format(role=role, currency=currency, fee=fee, more=more, ladder=ladder)
    linter = ContractLinter(sheets=CATALOG, today=TODAY, watched=watched)
    read = read_contracts(text, name="acme.yaml", ladders=LADDERS, linter=linter)
    return [(found.rule, found.field) for found in read.findings if found.rule]


def test_a_sound_contract_has_nothing_odd():
    """One threshold, in euros, of a service that is watched."""
    assert odd(watched=Watched(frozenset({"api"}))) == []


def test_a_minimum_above_every_credit_makes_the_promise_worthless():
    """10 % of 2,000 are 200, and nothing under 500 is issued."""
    assert (Defect.PAYS_NOTHING, "credit_ladder") in odd(more="minimum_payout: {at_least: 500}")
    assert odd(more="minimum_payout: {at_least: 100}") == []


def test_days_of_service_are_worth_something():
    """They stay days, and no money is owed."""
    rows = "[{below: 99.9, credit_days: 3}]"
    ladder = f"{{kind: uptime_brackets, commitment_percent: 99.9, brackets: {rows}}}"
    assert odd(ladder=ladder) == []


def test_a_right_is_worth_something():
    """A contract that gives no credit, and says what it gives."""
    assert odd(ladder="{catalog: datadog}", role="customer") == []


@pytest.mark.parametrize(
    ("currency", "more", "rules"),
    [
        ("EUR", "", [(Defect.CURRENCY_WITHOUT_RULE, "minimum_payout")]),
        ("USD", "", []),
        ("EUR", "minimum_payout: {more_than: 1}", []),
        ("EUR", "minimum_payout: {at_least: 5}", []),
    ],
)
def test_a_published_amount_needs_a_rule_in_another_currency(currency, more, rules):
    """AWS issues credits of more than one dollar; a contract in euros says its own, even 1."""
    found = odd(ladder="{catalog: aws-s3-standard}", role="customer", currency=currency, more=more)
    assert found == rules


def test_what_is_odd_about_a_sheet_is_not_said_in_every_contract():
    """The gaps of Auth0 stand in the catalog; a cap of one's own below its tiers does not."""
    ladder = "{catalog: auth0-public}"
    assert odd(ladder=ladder, role="customer", currency="USD") == []
    capped = odd(ladder=ladder, role="customer", currency="USD", more="cap: {percent: 1}")
    assert capped == [(Defect.CAP_BELOW_FIRST_TIER, "credit_ladder.brackets[0].credit_percent")]


def test_a_cap_that_cuts_the_harsher_tiers_may_be_agreed_on():
    """The mildest tier is paid in full."""
    rows = "[{below: 99.9, credit_percent: 10}, {below: 99, credit_percent: 50}]"
    ladder = f"{{kind: uptime_brackets, commitment_percent: 99.9, brackets: {rows}}}"
    assert odd(ladder=ladder, more="cap: {percent: 25}") == []


@pytest.mark.parametrize(
    ("ended", "role", "over"),
    [
        ("2026-09-30", "customer", True),  # in time until 2026-10-30
        ("2026-10-31", "customer", False),  # in time until 2026-11-30
        ("2026-12-31", "customer", False),
        ("2026-09-30", "provider", False),
        ("2024-09-30", "customer", False),  # history
    ],
)
def test_the_claims_of_a_contract_that_ended_are_over(ended, role, over):
    """Thirty days after the last month, seen on 2026-11-20."""
    dates = f"effective_on: 2024-01-01\nends_on: {ended}\nclaim: {{within_days: 30}}"
    assert odd(role=role, more=dates) == ([(Defect.CLAIM_OVER, "claim")] if over else [])


def test_a_monitor_that_nobody_watches_is_unknown():
    """By name, and by the service's own id where none is named."""
    watched = Watched(frozenset({"api", "web"}))
    assert odd(more="monitors: [api, wep]", watched=watched) == [
        (Defect.UNKNOWN_MONITOR, "monitors[1]")
    ]
    assert odd(watched=Watched(frozenset({"web"}))) == [(Defect.UNKNOWN_MONITOR, "monitors[0]")]


def test_a_contract_whose_months_are_counted_elsewhere_needs_no_monitor():
    """A calculator's payload names the contract itself."""
    assert odd(watched=Watched(frozenset(), counted=frozenset({"acme/api"}))) == []


def test_a_finding_stands_in_the_version_in_which_it_was_written():
    """Versions may be written in any order."""
    versions = """\
versions:
  - {effective_on: 2026-06-01, currency: EUR, billable_amount: 1, credit_ladder: %s}
  - effective_on: 2026-01-01
    currency: EUR
    billable_amount: 1
    credit_ladder: {kind: per_block, commitment_percent: 99, block_minutes: 5, credit_percent: 5}
    cap: {percent: 3}
"""
    text = CONTRACT.split("currency", maxsplit=1)[0].format(role="provider") + versions % FLAT
    read = read_contracts(text, name="acme.yaml", ladders=LADDERS, linter=ContractLinter())
    (found,) = read.findings
    assert (found.place, found.field) == ("acme.yaml:10", "versions[1].cap")

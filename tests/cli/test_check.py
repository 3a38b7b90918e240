"""`makegood check`: exit code 0 for nothing, 1 for warnings alone, 2 for errors.

One bad workspace holds one fault of every kind, and all of them are told in one run.
"""

from datetime import UTC, datetime, timedelta

import pytest

from tests.command import makegood
from tests.workspaces import ACME, MAKEGOOD, Books, checks, maintenance

CHECK = ("check", "--workspace", "books")
WITHOUT_SERVICE = maintenance(30) + "  services: [apo]\n"


@pytest.fixture
def books(tmp_path, monkeypatch):
    """A sound workspace."""
    monkeypatch.chdir(tmp_path)
    return Books.laid_out(tmp_path / "books", checks=checks(api=0))


def test_a_sound_workspace_has_no_findings(books):
    """Exit code 0, and the number of contracts."""
    ended = makegood(*CHECK, "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.document == {"contracts": 1, "findings": []}
    assert makegood(*CHECK).out == "1 contract, no findings.\n"


def test_warnings_alone_end_with_exit_code_1(books):
    """An exclusion for a service that no contract has, and a source without a file."""
    books.write("exclusions/all.yaml", WITHOUT_SERVICE)
    (books.folder / "checks.csv").unlink()
    ended = makegood(*CHECK, "--json")
    assert ended.code == 1
    severities = [finding["severity"] for finding in ended.document["findings"]]
    assert severities == ["warning", "warning"]
    said = makegood(*CHECK)
    assert said.code == 1
    assert 'names the service "apo", which no contract has' in said.out
    assert said.out.endswith("1 contract, 2 findings.\n")


def test_errors_end_with_exit_code_2_beside_warnings(books):
    """The warning is listed all the same, and every file's findings at once."""
    (books.folder / "checks.csv").unlink()
    books.agree(ACME.replace("EUR", "EURO").replace("99.9", '"99,9"'))
    ended = makegood(*CHECK, "--json")
    assert ended.code == 2
    fields = [finding["field"] for finding in ended.document["findings"]]
    assert fields[:2] == ["sources[0].path", "currency"]
    assert "credit_ladder.commitment_percent" in fields
    assert ended.document["contracts"] == 0


def test_a_finding_says_where_what_and_what_to_do(books):
    """As one sentence for people, and in parts for scripts."""
    books.write("makegood.yaml", MAKEGOOD.replace("kind: checks_file", "kind: check_file"))
    (finding,) = makegood(*CHECK, "--json").document["findings"]
    assert finding == {
        "place": "books/makegood.yaml:3",
        "field": "sources[0].kind",
        "fact": 'is "check_file"',
        "expected": "one of the kinds checks_file, outage_log, calculator_payloads, cloudwatch, "
        "prometheus, sql, datadog, uptimerobot, uptimerobot_alerts, upptime, uptime_kuma",
        "remedy": "Did you mean checks_file?",
        "severity": "error",
    }
    assert makegood(*CHECK).out.startswith(
        'error: books/makegood.yaml:3: sources[0].kind is "check_file"; one of the kinds '
    )


DEFECTIVE = """\
role: provider
client: {id: acme, name: Acme GmbH, email: ap@acme.example}
service: {id: api, name: Relay API}
currency: EUR
billable_amount: 2000
credit_ladder:
  kind: uptime_brackets
  commitment_percent: 99.95
  brackets:
    - {below: 99.9, at_least: 99.0, credit_percent: 10}
    - {below: 99.5, at_least: 99.2, credit_percent: 10}
    - {below: 98.0, credit_percent: 5}
    - {below: 98.5, at_least: 98.2, credit_percent: 20}
---
role: provider
client: {id: bluefin, name: Bluefin, email: ap@bluefin.example}
service: {id: api, name: Relay API}
monitors: [apo]
currency: EUR
billable_amount: 2000
credit_ladder: {kind: per_block, commitment_percent: 99.9, block_minutes: 30, credit_percent: 5}
cap: {percent: 3}
---
role: provider
client: {id: carrots, name: Carrots, email: ap@carrots.example}
service: {id: api, name: Relay API}
currency: EUR
billable_amount: 2000
credit_ladder:
  {kind: per_event, commitment_percent: 99.9, qualifying_minutes: 60000, credit_days: 1}
"""
OF_VENDORS = """\
role: customer
client: {id: aws, name: AWS}
service: {id: s3, name: S3}
monitors: [hosting]
currency: EUR
billable_amount: 500
credit_ladder: {catalog: aws-s3-standard}
---
role: customer
client: {id: cloudways, name: Cloudways}
service: {id: hosting, name: Hosting}
effective_on: 2019-01-01
ends_on: {ended}
currency: USD
billable_amount: 500
claim: {within_days: 30}
credit_ladder: {kind: single_threshold, commitment_percent: 99.9, credit_percent: 20}
---
role: customer
client: {id: twilio, name: Twilio}
service: {id: apis, name: APIs}
versions:
  - effective_on: 2024-01-01
    ends_on: 2025-12-31
    currency: USD
    billable_amount: 500
    credit_ladder: {catalog: twilio-apiss}
  - effective_on: 2025-06-01
    currency: USD
    billable_amount: 500
    credit_ladder: {catalog: twilio-apis}
"""
HALF_A_YEAR_AGO = datetime.now(tz=UTC).date().replace(day=1) - timedelta(days=180)
HALF_A_YEAR_AGO = HALF_A_YEAR_AGO.replace(day=1) - timedelta(days=1)
"""The end of a month whose thirty days for a claim are over."""

ALL_AT_ONCE = [
    ("defective.yaml:10", "credit_ladder.brackets[0].below", "error"),  # not the commitment
    ("defective.yaml:11", "credit_ladder.brackets[1].below", "error"),  # overlaps the row above
    ("defective.yaml:11", "credit_ladder.brackets[1]", "warning"),  # never the only answer
    ("defective.yaml:12", "credit_ladder.brackets[2].below", "error"),  # a gap above it
    ("defective.yaml:12", "credit_ladder.brackets[2]", "error"),  # earns less than above it
    ("defective.yaml:13", "credit_ladder.brackets[3].below", "error"),  # not under the row above
    ("defective.yaml:13", "credit_ladder.brackets[3].below", "error"),  # a gap above it
    ("defective.yaml:18", "monitors[0]", "warning"),  # no source watches it
    ("defective.yaml:22", "cap", "warning"),  # below the first credit
    ("defective.yaml:29", "credit_ladder", "warning"),  # promises, and pays nothing
    ("vendors.yaml:1", "minimum_payout", "warning"),  # dollars in a contract in euros
    ("vendors.yaml:16", "claim", "warning"),  # over
    ("vendors.yaml:27", "versions[0].credit_ladder.catalog", "error"),  # no such ladder
    ("vendors.yaml:28", "versions[1].effective_on", "error"),  # overlaps the version before
]


def test_one_bad_workspace_tells_all_of_its_faults_at_once(books):
    """Gaps, overlaps, tiers that do not fall or are never reached, caps, promises, dates, names."""
    books.write("contracts/defective.yaml", DEFECTIVE)
    books.write("contracts/vendors.yaml", OF_VENDORS.replace("{ended}", str(HALF_A_YEAR_AGO)))
    books.write("checks.csv", checks(api=0, hosting=0))
    ended = makegood(*CHECK, "--json")
    assert ended.code == 2
    found = [
        (one["place"].removeprefix("books/contracts/"), one["field"], one["severity"])
        for one in ended.document["findings"]
    ]
    assert sorted(found) == sorted(ALL_AT_ONCE)


def test_a_monitor_that_no_file_names_is_told(books):
    """Checks say who is watched; a file that cannot be read says nothing, so nothing is said."""
    books.agree(ACME.replace("[api]", "[apj]"))
    ended = makegood(*CHECK)
    assert ended.code == 1
    assert 'monitors[0] is "apj", which no source watches' in ended.out
    assert "Did you mean api?" in ended.out
    books.write("checks.csv", "")
    assert "which no source watches" not in makegood(*CHECK).out


@pytest.mark.parametrize("ended", ["2999-12-31", "2019-12-31"])
def test_a_contract_that_runs_on_and_one_of_old_have_no_claim_that_is_over(books, ended):
    """The one has claims to come, the other is history."""
    books.write("contracts/vendors.yaml", OF_VENDORS.split("---")[1].replace("{ended}", ended))
    books.write("checks.csv", checks(api=0, hosting=0))
    assert makegood(*CHECK).code == 0

"""The sample workspace of `makegood demo` gives the amounts that its README works out by hand."""

import csv
import shutil
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest

from connectors.terms.files import WorkspaceFolder
from deployments.demo.make_checks import FILES, checks_csv
from flows.month import conduct, directly, month_run
from models.period import ServiceMonth

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "deployments" / "demo"
MONTHS = ("2025-06", "2025-09", "2025-10", "2025-11")


class Expected(NamedTuple):
    """One contract's month: up minutes of measurable minutes, and what is owed.

    An amount of None is withheld. A claim date is given where there is something to claim.
    """

    up: int | None
    of: int
    amount: str | None
    claim_by: date | None = None
    capped: bool = False


JUNE = {
    # 30 days are 43,200 min; 447 down: below 99 %; 25 % of 7,250.00
    "google-cloud/compute-harbor-pine": Expected(42753, 43200, "1812.50 USD", date(2025, 7, 30)),
}
SEPTEMBER = {
    # 120 min of announced maintenance leave both sides, 12 of 122 down minutes lie outside of it
    "acme/relay-eu": Expected(43068, 43080, "0.00 EUR"),
    # only the outage of exactly five minutes is long enough; 99.988425 % against 99.95 %
    "bluefin/relay-us": Expected(43195, 43200, "0.00 USD"),
    # two of three probes down for 51 min: 300,000 x 51 / 43,200 x 10 = 3,541.67
    "hoshino/relay-ap": Expected(43149, 43200, "3542 JPY", date(2025, 10, 30)),
    "aws/dynamodb-harbor-pine": Expected(43200, 43200, "0.00 USD"),
    "azure/front-door-harbor-pine": Expected(43200, 43200, "0.00 USD"),
    "aws/dynamodb-lindenhof": Expected(43200, 43200, "0.00 USD"),
    "cloudflare/business-lindenhof": Expected(43200, 43200, "0.00 USD"),
    "twilio/apis-lindenhof": Expected(43200, 43200, "0.00 USD"),
}
OCTOBER = {
    # 745 h in Berlin; 45 + 165 + 260 = 470 down, the maintenance came too short: 25 % of 2,000.00
    "acme/relay-eu": Expected(44230, 44700, "500.00 EUR", date(2025, 11, 30)),
    # 450 down: below 99 %; 30 % of 3,600.00 is 1,080.00, the cap is 25 %
    "bluefin/relay-us": Expected(44190, 44640, "900.00 USD", date(2025, 11, 30), capped=True),
    # 72 min, and 10 of 30 before midnight in Tokyo: 300,000 x 82 / 44,640 x 10 = 5,510.75
    "hoshino/relay-ap": Expected(44558, 44640, "5511 JPY", date(2025, 11, 30)),
    # 172 down: 10 % of 9.40 is 0.94, and AWS issues only what is more than 1.00
    "aws/dynamodb-harbor-pine": Expected(44468, 44640, "0.00 USD"),
    # 504 down: below 99 %; 25 % of 3,300.00
    "azure/front-door-harbor-pine": Expected(44136, 44640, "825.00 USD", date(2025, 12, 31)),
    # 172 down: 10 % of 18,400.00
    "aws/dynamodb-lindenhof": Expected(44468, 44640, "1840.00 USD", date(2025, 12, 31)),
    "cloudflare/business-lindenhof": Expected(44640, 44640, "0.00 USD"),
    # a silence of 8 days less the 25 h that a state holds: 191 of 744 h are unknown
    "twilio/apis-lindenhof": Expected(None, 44640, None, date(2025, 11, 30)),
}
NOVEMBER = {
    # 178 down: 10 % of 2,000.00
    "acme/relay-eu": Expected(43022, 43200, "200.00 EUR", date(2025, 12, 30)),
    # 721 h in New York; 177 down: 10 % of 3,600.00
    "bluefin/relay-us": Expected(43083, 43260, "360.00 USD", date(2025, 12, 30)),
    # 20 min after midnight in Tokyo and 180: 300,000 x 200 / 43,200 x 10 = 13,888.89
    "hoshino/relay-ap": Expected(43000, 43200, "13889 JPY", date(2025, 12, 30)),
    "aws/dynamodb-harbor-pine": Expected(43200, 43200, "0.00 USD"),
    "azure/front-door-harbor-pine": Expected(43200, 43200, "0.00 USD"),
    "aws/dynamodb-lindenhof": Expected(43200, 43200, "0.00 USD"),
    # pro rata from the first minute: 5,000.00 x 346 / 43,200 = 40.046
    "cloudflare/business-lindenhof": Expected(42854, 43200, "40.05 USD", date(2025, 12, 31)),
    "twilio/apis-lindenhof": Expected(43200, 43200, "0.00 USD"),
}
EXPECTED = dict(zip(MONTHS, (JUNE, SEPTEMBER, OCTOBER, NOVEMBER), strict=True))


def laid_out(folder):
    """A copy of the sample workspace, without anything but its files."""
    return Path(shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("*.py", "__*__")))


def run(workspace, month):
    """Run a month's steps directly; each contract's determination by its id."""
    with month_run(
        workspace, month=ServiceMonth.parse(month), clients=[], dry_run=False, notify=False
    ) as going:
        conduct(going, directly)
        return {
            outcome.governed.contract.id: outcome.decided.determination for outcome in going.report
        }


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """The sample workspace, copied as `makegood demo` does."""
    return laid_out(tmp_path_factory.mktemp("demo") / "makegood-demo")


@pytest.fixture(scope="module")
def decided(workspace):
    """Every month of the demo, run one after the other."""
    return {month: run(workspace, month) for month in MONTHS}


@pytest.mark.parametrize("month", MONTHS)
def test_each_month_gives_the_amounts_worked_out_by_hand(decided, month):
    """Uptime as an exact fraction, the amount, the claim date and whether the cap cut it."""
    found = {
        contract: Expected(
            up=None if answer.uptime is None else answer.uptime * EXPECTED[month][contract].of,
            of=EXPECTED[month][contract].of,
            amount=None if answer.amount is None else str(answer.amount),
            claim_by=answer.claim_by,
            capped=answer.capped,
        )
        for contract, answer in decided[month].items()
    }
    assert found == EXPECTED[month]


def test_the_silent_probe_withholds_its_month_and_says_why(decided):
    """191 of 744 hours have no known state: nobody guesses what October was like."""
    answer = decided["2025-10"]["twilio/apis-lindenhof"]
    assert answer.uptime is None
    assert "191 h" in answer.withheld


def test_the_ledger_holds_every_credit_and_the_withheld_month(workspace, decided):
    """One row for what is owed or undecided, none for a month that met its commitment."""
    with (workspace / "ledger.csv").open(encoding="utf-8-sig", newline="") as ledger:
        rows = {
            (row["Month"][:7], row["Key"].rsplit("/", 2)[0]): row for row in csv.DictReader(ledger)
        }
    assert {key: f"{row['Credit Amount']} {row['Currency']}" for key, row in rows.items()} == {
        (month, contract): " USD" if expected.amount is None else expected.amount
        for month, contracts in EXPECTED.items()
        for contract, expected in contracts.items()
        if expected.claim_by
    }


def test_a_customers_claim_carries_the_vendors_own_page_as_evidence(workspace, decided):
    """The link in the ledger is the source of the outage."""
    ledger = (workspace / "ledger.csv").read_text(encoding="utf-8-sig")
    (row,) = (line for line in ledger.splitlines() if "aws/dynamodb-lindenhof/2025-10/r0" in line)
    assert "https://aws.amazon.com/message/101925/" in row


class WhatIf(NamedTuple):
    """One edit of the workspace, and what the README says would then be owed."""

    file: str
    written: str
    instead: str
    month: str
    contract: str
    uptime: Fraction
    amount: str


WHAT_IFS = {
    "maintenance had not been announced in September": WhatIf(
        file="exclusions/maintenance.yaml",
        written="announced_at: 2025-09-11T08:00:00Z",
        instead="announced_at: 2025-09-13T08:00:00Z",
        month="2025-09",
        contract="acme/relay-eu",
        uptime=Fraction(43200 - 122, 43200),  # 99.717592 %: 10 % of 2,000.00
        amount="200.00 EUR",
    ),
    "maintenance had been announced in time in October": WhatIf(
        file="exclusions/maintenance.yaml",
        written="announced_at: 2025-10-11T18:00:00Z",
        instead="announced_at: 2025-10-10T20:00:00Z",
        month="2025-10",
        contract="acme/relay-eu",
        # exactly 48 h ahead: 45 of 470 min are excluded, 425 of 44,700 - 120 remain: 99.046657 %
        uptime=Fraction(44580 - 425, 44580),
        amount="200.00 EUR",
    ),
    "every outage counted, however short": WhatIf(
        file="contracts/bluefin.yaml",
        written="minimum_outage: {minutes: 5}",
        instead="minimum_outage: {minutes: 1}",
        month="2025-09",
        contract="bluefin/relay-us",
        # 4 x 240 s + 299 s + 300 s = 1,559 s: 99.939853 %; 10 % of 3,600.00
        uptime=Fraction(2592000 - 1559, 2592000),
        amount="360.00 USD",
    ),
    "Google's first short report had been the last word": WhatIf(
        file="incidents.csv",
        written="2025-06-12T17:51:00Z,2025-06-13T01:18:00Z",
        instead="2025-06-12T17:49:00Z,2025-06-12T20:49:00Z",
        month="2025-06",
        contract="google-cloud/compute-harbor-pine",
        uptime=Fraction(43200 - 180, 43200),  # 99.583333 %: 10 % of 7,250.00
        amount="725.00 USD",
    ),
}


@pytest.mark.parametrize("what_if", WHAT_IFS.values(), ids=WHAT_IFS)
def test_one_edit_moves_the_amount_as_the_readme_says(tmp_path, what_if):
    """The counter-examples in the README: one line changed, another tier."""
    workspace = laid_out(tmp_path / "makegood-demo")
    file = workspace / what_if.file
    text = file.read_text(encoding="utf-8")
    assert text.count(what_if.written) == 1
    file.write_text(text.replace(what_if.written, what_if.instead), encoding="utf-8")
    answer = run(workspace, what_if.month)[what_if.contract]
    assert (answer.uptime, str(answer.amount)) == (what_if.uptime, what_if.amount)


def test_the_sample_workspace_has_no_findings():
    """Neither an error nor a warning: it is the example that people copy."""
    assert WorkspaceFolder(SAMPLE).findings() == ()


@pytest.mark.parametrize("name", FILES)
def test_the_made_up_checks_are_what_their_script_writes(name):
    """Nobody edits them by hand."""
    written = (SAMPLE / "checks" / name).read_text(encoding="utf-8")
    assert written == checks_csv(FILES[name])


def test_every_file_says_what_is_real_and_what_is_made_up():
    """A reader who opens one file alone is not misled."""
    files = sorted([*SAMPLE.rglob("*.yaml"), *SAMPLE.rglob("*.csv"), SAMPLE / "README.md"])
    silent = [
        str(file.relative_to(SAMPLE))
        for file in files
        if not any(
            word in file.read_text(encoding="utf-8").lower() for word in ("made up", "real.")
        )
    ]
    assert len(files) == 11
    assert silent == []


def test_every_published_outage_names_its_source():
    """Each row links to a page and says that it is real."""
    with (SAMPLE / "incidents.csv").open(encoding="utf-8", newline="") as log:
        rows = list(csv.DictReader(log))
    assert len(rows) == 7
    for row in rows:
        assert row["source_link"].startswith("https://")
        assert row["note"].startswith("Real. ")
        assert row["started_at"].endswith("Z")
        assert row["ended_at"].endswith("Z")


def test_no_mail_of_the_demo_can_reach_anybody():
    """Every address in the workspace ends in .example."""
    texts = [file.read_text(encoding="utf-8") for file in SAMPLE.rglob("*.yaml")]
    words = [word.strip("{},\"'<>") for text in texts for word in text.split() if "@" in word]
    assert len(words) >= 8
    assert [word for word in words if not word.endswith(".example")] == []

"""Contracts as rows: everything comes back as it was, and all that is wrong is told at once."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from models.contract import CreditTerms
from models.contract_file import in_full, read_contract
from models.contract_rows import for_people, read_rows, written_rows
from models.findings import Severity
from models.kinds.single_threshold import SingleThreshold
from models.yaml_text import parse_yaml
from models.yaml_writing import written_yaml

CATALOG = {
    "example-cloud": CreditTerms(
        ladder=SingleThreshold(commitment_percent=Decimal("99.9"), credit_percent=Decimal(10))
    )
}
CATALOG["example-cloud@2024-05-01"] = CATALOG["example-cloud"]

EVERYTHING = """\
role: customer
client: {id: "007", name: "=1+1; [x]", email: a@b.example, language: de}
service: {id: storage, name: " padded "}
evidence: ["log; one", https://status.example/]
versions:
  - effective_on: 2025-01-01
    time_zone: Europe/Berlin
    currency: EUR
    billable_amount: 1000.50
    affected_percent: 65
    monitors: [eu-1, eu-2]
    measurement: {stale_after_minutes: 15, no_data: carry, regions_down_when: 2}
    exclusions: [{kind: third_party, dependencies: ["a; b", c]}, {kind: maintenance}]
    credit_ladder: {catalog: example-cloud, version: 2024-05-01}
    cap: {percent: 50}
    minimum_payout: {at_least: 5}
    rounding: down
    payout: refund
    release: {mode: automatic, up_to: 100}
    claim: {within_days: 30, account: "0000-1111"}
  - effective_on: 2025-07-01
    ends_on: 2025-12-31
    currency: EUR
    billable_amount: 1200
    credit_ladder:
      kind: uptime_brackets
      commitment_percent: 99.9
      as_published: true
      brackets:
        - {below: 99.9, at_least: 99.0, credit_percent: 10}
        - {below: 98.0, credit_percent: 25}
---
role: provider
client: {id: acme, name: Acme GmbH, email: ap@acme.example}
service: {id: api, name: "true"}
currency: EUR
billable_amount: 2000
credit_ladder: {catalog: example-cloud}
"""


def of_yaml(text: str, name: str = "c.yaml"):
    """The contracts of a file, and what is written of each."""
    documents = parse_yaml(text, name=name)
    read = [read_contract(document, ladders=CATALOG)[0] for document in documents]
    assert None not in read
    return read, [in_full(document).value for document in documents]


def as_csv(values, delimiter: str = ",") -> str:
    """These contracts as a CSV file."""
    headings, rows = written_rows(values)
    lines: list[str] = []

    class Lines:
        """What a writer needs of a file."""

        write = staticmethod(lines.append)

    writer = csv.writer(Lines(), delimiter=delimiter)
    writer.writerow(headings)
    writer.writerows(rows)
    return "".join(lines)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_what_is_exported_is_imported_as_the_same_contracts(delimiter):
    """Names that look like numbers, words, lists or formulas among them; to the digest."""
    contracts, values = of_yaml(EVERYTHING)
    read = read_rows(as_csv(values, delimiter), name="c.csv", ladders=CATALOG)
    assert [f for f in read.findings if f.severity is Severity.ERROR] == []
    again = [placed.contract for placed in read.contracts]
    assert again == contracts
    assert [v.digest for c in again for v in c.versions] == [
        v.digest for c in contracts if c for v in c.versions
    ]


def test_what_is_imported_is_written_as_contract_files():
    """The YAML of an import reads as what the rows said."""
    contracts, values = of_yaml(EVERYTHING)
    read = read_rows(as_csv(values), name="c.csv", ladders=CATALOG)
    again, _ = of_yaml("---\n".join(map(written_yaml, read.written)))
    assert again == contracts


def test_the_contracts_of_the_demo_come_back():
    """All nine, with their own ladders and those of the catalog."""
    folder = Path(__file__).parents[2] / "deployments/demo/contracts"
    text = "---\n".join(path.read_text() for path in sorted(folder.glob("*.yaml")))
    known = dict.fromkeys(
        ("gcp-compute", "aws-dynamodb-standard", "twilio-apis", "cloudflare-business"),
        CATALOG["example-cloud"],
    )
    documents = parse_yaml(text, name="demo.yaml")
    contracts = [read_contract(document, ladders=known)[0] for document in documents]
    assert len(contracts) == 9
    values = [in_full(document).value for document in documents]
    read = read_rows(as_csv(values), name="c.csv", ladders=known)
    assert [placed.contract for placed in read.contracts] == contracts


def test_no_cell_runs_as_a_formula():
    """An apostrophe stands before what would be live."""
    _, values = of_yaml(EVERYTHING)
    headings, rows = written_rows(values)
    assert rows[0][headings.index("client.name")] == "'=1+1; [x]"


def test_a_contract_is_written_as_people_read_it():
    """Parties, then dates and money, then measuring, then the credit; one version at the top."""
    _, (_, acme) = of_yaml(EVERYTHING)
    assert list(for_people(acme)) == [
        *("role", "client", "service", "currency", "billable_amount", "credit_ladder")
    ]


WRONG = """\
client.id,client.name,service.id,service.name,role,effective_on,currency,billable_amount,cap.percent,effektive,monitors,credit_ladder.catalog
acme,Acme,api,API,provider,2025-01-01,EUR,12x,101,x,a; b,example-cloud
acme,Acne,api,API,provider,2025-02-01,EURO,5,,,,example-cloud
bluefin,Bluefin,api,API,provider,2025-01-01,EUR,5,,,,example-clod
cobalt,Cobalt,api,API,provider,2025-01-01,EUR,5,,,,example-cloud,too much
dune,Dune,api,API,client,2025-13-01,EUR,5,,,,"{catalog: [}"
"""


def test_all_that_is_wrong_is_told_at_once_with_line_and_column():
    """Ten faults in six lines; only the row that is merely too long is a contract."""
    read = read_rows(WRONG, name="c.csv", ladders=CATALOG)
    errors = [f for f in read.findings if f.severity is Severity.ERROR]
    assert [(f.place, f.field, f.fact) for f in errors] == [
        ("c.csv:1", "effektive", "is no field of a contract"),
        ("c.csv:2", "cap.percent", 'is "101"'),
        ("c.csv:2", "billable_amount", 'is "12x"'),
        ("c.csv:3", "currency", 'is "EURO"'),
        ("c.csv:3", "client.name", 'is "Acne", in line 2 "Acme"'),
        ("c.csv:4", "credit_ladder.catalog", 'is "example-clod"'),
        ("c.csv:5", "", "has 13 cells"),
        ("c.csv:6", "role", 'is "client"'),
        ("c.csv:6", "credit_ladder.catalog", 'is "{catalog: [}"'),
        ("c.csv:6", "effective_on", 'is "2025-13-01"'),
    ]
    assert [placed.contract.id for placed in read.contracts] == ["cobalt/api"]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "holds no contract"),
        ("client.id,service.id\n", "holds no contract"),
        ("client.id\nacme\n", "is missing"),
        ("client.id,service.id,client.id\na,b,c\n", "stands there twice"),
        ('client.id,service.id\n"a,b\n', "is no table: unexpected end of data"),
        ("client.id,service.id,cap,cap.percent\na,b,{percent: 1},2\n", "stands beside a column"),
    ],
)
def test_what_is_no_table_of_contracts_is_told(text, fact):
    """In a sentence, and nothing is read from it."""
    read = read_rows(text, name="c.csv", ladders=CATALOG)
    assert any(finding.fact.startswith(fact) for finding in read.findings)
    assert read.contracts == ()

"""`makegood init` and `makegood schema`: a first workspace works at once, and editors know it."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from connectors.terms.files import WorkspaceFolder
from connectors.terms.memory import MemoryTerms
from deployments.cli.schemas import file_schema_path
from deployments.cli.schemas import file_schema_text as schema_text
from deployments.cli.starting import MONTH, starter
from models.file_schemas import SCHEMAS
from models.findings import Severity
from models.yaml_text import parse_yaml
from tests.cli.test_documents import validated
from tests.command import makegood
from tests.workspaces import Books

ROOT = Path(__file__).parents[2]
VALIDATORS = {name: Draft202012Validator(json.loads(schema_text(name))) for name in SCHEMAS}
LINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")

CONTRACT = """\
role: provider
client: {id: acme, name: Acme GmbH, email: ap@acme.example}
service: {id: api, name: Relay API}
effective_on: 2026-01-01
time_zone: Europe/Berlin
currency: EUR
billable_amount: 2000
measurement: {no_data: carry}
credit_ladder:
  kind: uptime_brackets
  commitment_percent: 99.9
  brackets: [{below: 99.9, credit_percent: 10}]
cap: {percent: 50}
"""


def accepts(schema: str, text: str) -> bool:
    """Whether the published schema takes every document of a text."""
    documents = parse_yaml(text, name="x.yaml")
    assert documents
    return all(VALIDATORS[schema].is_valid(document.value) for document in documents)


def refused(schema: str, text: str) -> bool:
    """Whether Makegood itself refuses a file of this kind."""
    texts = {"makegood.yaml": "name: X\n", "contracts/a.yaml": CONTRACT}
    name = {"contract": "contracts/a.yaml", "exclusions": "exclusions/a.yaml"}.get(schema)
    found = MemoryTerms(texts | {name or "makegood.yaml": text}).findings()
    return any(finding.severity is Severity.ERROR for finding in found)


# --- The first workspace --------------------------------------------------------------------------


@pytest.fixture
def first(tmp_path, monkeypatch):
    """A workspace as `makegood init` writes it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    document = validated("init", makegood("init", "books", "--json"))
    assert document["files"] == [f"books/{name}" for name in starter()]
    return Books(tmp_path / "books")


def test_a_first_workspace_has_no_findings(first):
    """Four contracts from one standard, its exceptions, and a vendor's ladder of a date."""
    ended = makegood("check", "--workspace", "books", "--json")
    assert ended.code == 0
    assert ended.document["findings"] == []
    assert ended.document["contracts"] == 4
    (bluefin,) = [c for c in WorkspaceFolder(first.folder).contracts() if c.client.id == "bluefin"]
    assert bluefin.versions[0].currency == "USD"
    assert bluefin.versions[0].billable_amount == 3600


def test_a_first_workspace_decides_its_month(first):
    """90 of 44,610 minutes: 120 down, 30 of them announced maintenance; S3 60 of 44,640."""
    outcomes = first.run(MONTH)
    amounts = {name: str(one.decided.determination.amount) for name, one in outcomes.items()}
    assert amounts == {
        "acme/api": "200.00 EUR",
        "acme/web": "0.00 EUR",
        "aws/s3": "120.00 USD",
        "bluefin/api": "360.00 USD",
    }
    assert first.verify().faults == ()


def test_nothing_that_is_there_is_written_over(first):
    """Every file that is in the way is named, and none is written, not even the missing ones."""
    (first.folder / "contracts/vendor.yaml").unlink()
    (first.folder / "contracts/clients.yaml").write_text("mine")
    before = first.files
    ended = makegood("init", "books")
    assert ended.code == 2
    assert "books/contracts/clients.yaml: is there already; a folder without files" in ended.err
    assert f"{len(starter()) - 1} findings; nothing was written." in ended.err
    assert first.files == before


def test_every_file_names_its_schema_and_the_schema_is_there(first):
    """The first line gives completion in VS Code; it leads to a file of the workspace."""
    for path in sorted(first.folder.rglob("*.yaml")):
        line = LINE.match(path.read_text())
        assert line, path
        found = path.parent / line[1]
        schema = json.loads(found.read_text())
        assert found.name == schema["$id"]
        assert accepts(schema["$id"].removesuffix(".schema.json"), path.read_text()), path


def test_a_person_is_told_what_to_do_next(tmp_path, monkeypatch):
    """In this folder, without naming it."""
    monkeypatch.chdir(tmp_path)
    said = makegood("init").out.splitlines()
    assert said[-3:] == [
        "  makegood check",
        "  makegood run --month 2026-01",
        "  makegood explain acme/api 2026-01",
    ]


# --- Schemas --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_published_schema_is_what_the_types_say(name):
    """When this fails: `python -m deployments.cli.schemas`."""
    assert file_schema_path(name).read_text(encoding="utf-8") == schema_text(name)
    Draft202012Validator.check_schema(json.loads(schema_text(name)))
    assert makegood("schema", name).out == schema_text(name)


def test_an_unknown_schema_is_refused():
    """With those that there are."""
    ended = makegood("schema", "contracts")
    assert (ended.code, "one of contract, makegood, exclusions. Did you mean" in ended.err) == (
        2,
        True,
    )


EXAMPLES = [
    *((path, "contract") for path in sorted(ROOT.glob("deployments/*/contracts/*.yaml"))),
    *((path, "makegood") for path in sorted(ROOT.glob("deployments/*/makegood.yaml"))),
    *((path, "exclusions") for path in sorted(ROOT.glob("deployments/*/exclusions/*.yaml"))),
]


@pytest.mark.parametrize(("path", "schema"), EXAMPLES, ids=lambda it: getattr(it, "name", it))
def test_every_example_is_accepted(path, schema):
    """Those of the demo and those of a first workspace."""
    assert accepts(schema, path.read_text(encoding="utf-8"))


def test_the_readmes_examples_are_accepted():
    """What a newcomer copies first."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = [re.sub(r"(?m)^   ", "", b) for b in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    workspaces = [block for block in blocks if block.startswith("name:")]
    contracts = [block for block in blocks if block.startswith("role:")]
    assert workspaces
    assert contracts
    assert all(accepts("makegood", block) for block in workspaces)
    assert all(accepts("contract", block) for block in contracts)


def test_every_ladder_of_the_catalog_may_be_written_out():
    """All kinds and clauses: what `makegood ladders show` prints is accepted, and read."""
    (contract,) = parse_yaml(CONTRACT, name="x.yaml")
    own = {
        name: found
        for name, found in contract.value.items()
        if name not in {"credit_ladder", "cap"}
    }
    for sheet in WorkspaceFolder(Path()).catalog().values():
        terms = sheet.credit.model_dump(mode="json", exclude_defaults=True)
        ladder = {"kind": sheet.credit.ladder.kind, **terms.pop("ladder")}
        terms.pop("measurement", None)
        errors = VALIDATORS["contract"].iter_errors({**own, **terms, "credit_ladder": ladder})
        assert [error.message for error in errors] == [], sheet.id


WRONG = {
    "a field that is none": ("contract", CONTRACT.replace("currency:", "curency:")),
    "a role that is none": ("contract", CONTRACT.replace("provider", "seller")),
    "a percentage above 100": ("contract", CONTRACT.replace("percent: 50", "percent: 150")),
    "a negative amount": ("contract", CONTRACT.replace("2000", "-5")),
    "an amount in words": ("contract", CONTRACT.replace("2000", "much")),
    "a currency in small letters": ("contract", CONTRACT.replace("EUR", "eur")),
    "a date of another form": ("contract", CONTRACT.replace("2026-01-01", "01.01.2026")),
    "text in place of a mapping": ("contract", CONTRACT.replace("{no_data: carry}", "carry")),
    "a word that no term has": ("contract", CONTRACT.replace("carry", "guess")),
    "a kind of ladder that is none": ("contract", CONTRACT.replace("uptime_brackets", "steps")),
    "a field of a tier that is none": ("contract", CONTRACT.replace("below", "beneath")),
    "no client": ("contract", re.sub("client: .*\n", "", CONTRACT)),
    "a client and clients": ("contract", f"{CONTRACT}clients: [{{id: b, name: B}}]\n"),
    "an id with spaces": ("contract", CONTRACT.replace("id: acme", "id: Acme GmbH")),
    "an exception of a party": (
        "contract",
        re.sub("client: {(.*)}", r"clients: [{\1, except: {role: customer}}]", CONTRACT),
    ),
    "a default of a client": ("contract", f"defaults: {{client: {{id: a}}}}\n---\n{CONTRACT}"),
    "a source of no kind": ("makegood", "name: X\nsources: [{id: a, kind: guesses}]\n"),
    "a workspace without a name": ("makegood", "database: sqlite:///a.db\n"),
    "mail without a sender": ("makegood", "name: X\nmail: {operator: a@b.example}\n"),
    "an exclusion without a reason": (
        "exclusions",
        "- {id: a, kind: maintenance, start: 2026-01-01T00:00Z, end: 2026-01-01T01:00Z}\n",
    ),
    "an exclusion of no kind": (
        "exclusions",
        "- {id: a, kind: nap, start: 2026-01-01T00:00Z, end: 2026-01-01T01:00Z, reason: x}\n",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_by_the_schema_and_by_us(name):
    """An editor underlines what `makegood check` finds."""
    schema, text = WRONG[name]
    assert not accepts(schema, text)
    assert refused(schema, text)


def test_the_right_file_is_refused_by_neither():
    """Or the test above would prove nothing."""
    assert accepts("contract", CONTRACT)
    assert not refused("contract", CONTRACT)


def test_what_only_the_whole_workspace_tells_is_left_to_check():
    """A zone that does not exist, and a currency that defaults may give: a schema sees one file."""
    for text in (
        CONTRACT.replace("Europe/Berlin", "Europe/Berln"),
        CONTRACT.replace("currency: EUR\n", ""),
    ):
        assert accepts("contract", text)
        assert refused("contract", text)


def test_fields_are_explained_where_they_are_written():
    """What an editor shows when somebody points at a field."""
    schema = json.loads(schema_text("contract"))
    stated = schema["$defs"]["StatedInPart"]["properties"]
    assert stated["billable_amount"]["description"].startswith("What the credit percent applies to")
    no_data = schema["$defs"]["MeasurementTerms"]["properties"]["no_data"]
    assert no_data["description"] == "What unknown time means. Default: withhold the month."
    assert schema["$defs"]["NoData"]["enum"] == ["carry", "up", "down", "excluded", "withhold"]

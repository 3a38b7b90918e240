"""Does the project's page tell the truth? Its own example is laid out and run."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from connectors.terms.files import WorkspaceFolder
from flows.month import conduct, directly, month_run
from models.findings import Severity
from models.period import ServiceMonth

README = Path(__file__).parents[2] / "README.md"
FENCED = re.compile(r"^ *```(?P<language>\w+)\n(?P<text>.*?)^ *```", re.DOTALL | re.MULTILINE)


def blocks(language):
    """The fenced texts in one language, without the indentation of their list."""
    found = FENCED.finditer(README.read_text(encoding="utf-8"))
    texts = [match["text"] for match in found if match["language"] == language]
    return [dedent(text).removesuffix("\n") for text in texts]


@pytest.fixture
def workspace(tmp_path):
    """The folder that a reader has after step 3."""
    workspace, contract, _ = blocks("yaml")
    (checks,) = blocks("csv")
    for name, text in {
        "makegood.yaml": workspace,
        "contracts/acme.yaml": contract,
        "checks/may.csv": checks,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    return tmp_path


def test_the_example_of_the_readme_has_no_errors(workspace):
    """What a newcomer copies is accepted as it stands."""
    findings = WorkspaceFolder(workspace).findings()
    assert [str(one) for one in findings if one.severity is Severity.ERROR] == []


def test_what_the_readme_adds_for_incidents_is_accepted_as_well(workspace):
    """Below the workspace's own words, with the service that the contract names."""
    *_, incidents = blocks("yaml")
    written = workspace / "makegood.yaml"
    written.write_text(f"{written.read_text()}{incidents}\n")
    findings = WorkspaceFolder(workspace).findings()
    assert [str(one) for one in findings if one.severity is Severity.ERROR] == []


def test_the_example_of_the_readme_runs(workspace):
    """Two checks do not cover a month, so the month is withheld and says why."""
    may = ServiceMonth.parse("2026-05")
    with month_run(workspace, month=may, clients=(), dry_run=False, notify=True) as run:
        conduct(run, each=directly)
    (outcome,) = run.report
    assert outcome.governed.contract.id == "acme/api"
    assert "no known state" in outcome.decided.determination.withheld
    assert "acme/api/2026-05/r0" in (workspace / "ledger.csv").read_text(encoding="utf-8-sig")


def test_every_page_that_the_readme_points_to_is_there():
    """A link that leads nowhere is worse than none."""
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert local
    assert [link for link in local if not (README.parent / link).exists()] == []

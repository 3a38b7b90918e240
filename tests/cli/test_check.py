"""`makegood check`: exit code 0 for nothing, 1 for warnings alone, 2 for errors."""

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

"""How a workspace names a Prometheus server, and what it may ask there."""

import re

import pytest

from models.requests import RequestRule
from models.sources.prometheus import Prometheus, is_selector
from models.workspace_file import Workspace
from models.yaml_text import parse_yaml
from tests.house.project import ROOT

HEAD = "name: Acme\nsources:\n- id: prom\n  kind: prometheus\n"


def monitors(text: str) -> str:
    """A workspace whose only monitor says this."""
    return f"{HEAD}  address: http://p:9090\n  monitors: {{m: {{{text}}}}}\n"


def faults(text: str) -> list[str]:
    """Everything that is wrong with a workspace."""
    (document,) = parse_yaml(text, name="makegood.yaml")
    return [str(finding) for finding in document.validate(Workspace).findings]


def test_the_example_of_the_readme_can_be_used():
    """Samples with a witness, an expression with its step, and counted requests."""
    readme = (ROOT / "connectors/monitoring/README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(sources:\n.*?)```", readme, re.DOTALL)
    (example,) = (block for block in blocks if "kind: prometheus\n" in block)
    (document,) = parse_yaml(f"name: Acme\n{example}", name="makegood.yaml")
    (source,) = document.expect(Workspace).sources
    assert isinstance(source, Prometheus)
    assert sorted(source.monitors) == ["api", "checkout", "web"]
    assert isinstance(source.monitors["checkout"].requests, RequestRule)
    assert source.signal_of("api").value == "first_party"
    assert source.signal_of("web").value == "external"


@pytest.mark.parametrize(
    ("query", "picks"),
    [
        ("up", True),
        ("job:up:sum", True),
        (' up { job = "a" , x=~"b|c", } ', True),
        ("{__name__=\"up\", a!='}'}", True),
        ("up{}", True),
        ('up{a="\\"}"}', True),
        ("up == 1", False),
        ('up{a="b"}[5m]', False),
        ("up offset 5m", False),
        ("sum(up)", False),
        ('up{a="b"', False),
        ("", False),
        ("1", False),
    ],
)
def test_only_a_selector_has_samples(query, picks):
    """Anything more is worked out by the server."""
    assert is_selector(query) is picks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("query: up == bool 1", "step_seconds with a query that is more than a selector"),
        ("query: up, witness: sum(up)", "step_seconds with a query that is more"),
        ("signal: external", "query or requests, one of the two"),
        ("requests: {total: a, failed: sum(b), error_rate_percent: 1}", "or an expression with"),
        ("requests: {total: a, failed: b, error_rate_percent: 1}, witness: up", "without witness"),
        ("requests: {total: a, failed: b, error_rate_percent: 100}", "error_rate_percent"),
        ("query: up, region_label: a-b", "region_label"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_it_is_asked(text, said):
    """With the field, and what to do."""
    (fault,) = faults(monitors(text))
    assert said in fault
    assert "sources[0]" in fault


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("monitors: {m: {query: up}}", "address"),
        ("address: http://u:secret@p:9090\n  monitors: {m: {query: up}}", "address"),
        ("address: http://p:9090\n  monitors: {}", "monitors"),
        ("address: http://p:9090\n  user: a:b\n  monitors: {m: {query: up}}", "user"),
    ],
)
def test_a_server_needs_an_address_without_secrets_and_monitors(line, said):
    """Passwords stand in the environment."""
    (fault,) = faults(f"{HEAD}  {line}\n")
    assert f"sources[0].{said}" in fault
    assert "secret" not in fault

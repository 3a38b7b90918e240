"""How a workspace names Datadog and UptimeRobot, and what it may ask there."""

import re

import pytest

from models.sources.datadog import Datadog
from models.sources.exclusions import DatadogCorrections
from models.sources.uptimerobot import UptimeRobot, UptimeRobotAlerts
from models.workspace_file import Workspace
from models.yaml_text import parse_yaml
from tests.house.project import ROOT

HEAD = "name: Acme\nsources:\n- id: dd\n  kind: datadog\n"


def example(kind: str) -> Workspace:
    """The workspace that the README shows for a kind."""
    readme = (ROOT / "connectors/monitoring/README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(sources:\n.*?)```", readme, re.DOTALL)
    (shown,) = (block for block in blocks if f"kind: {kind}\n" in block)
    (document,) = parse_yaml(f"name: Acme\n{shown}", name="makegood.yaml")
    return document.expect(Workspace)


def faults(monitor: str) -> list[str]:
    """Everything that is wrong with a workspace whose only monitor says this."""
    text = f"{HEAD}  monitors: {{m: {{{monitor}}}}}\n"
    (document,) = parse_yaml(text, name="makegood.yaml")
    return [str(finding) for finding in document.validate(Workspace).findings]


def test_the_example_for_datadog_can_be_used():
    """An SLO, a part of it, a test, counted requests, and corrections."""
    workspace = example("datadog")
    (source,) = workspace.sources
    (corrections,) = workspace.exclusion_sources
    assert isinstance(source, Datadog)
    assert isinstance(corrections, DatadogCorrections)
    assert sorted(source.monitors) == ["checkout", "eu", "login", "web"]
    assert source.signal_of("login").value == "synthetic"
    assert source.signal_of("web").value == "external"


def test_the_example_for_uptimerobot_can_be_used():
    """Its API, and alerts that were kept."""
    source, alerts = example("uptimerobot").sources
    assert isinstance(source, UptimeRobot)
    assert isinstance(alerts, UptimeRobotAlerts)
    assert source.monitors["web"].id == 777_749_809


@pytest.mark.parametrize(
    ("monitor", "says"),
    [
        ("", "slo or synthetics, one of the two"),
        ("slo: a, synthetics: b", "slo or synthetics, one of the two"),
        ("slo: a, by_group: true, part: x", "by_group alone"),
        ("slo: a, part: x, requests: {error_rate_percent: 1}", "requests of the whole SLO"),
        ("synthetics: a, requests: {error_rate_percent: 1}", "requests with an SLO"),
        ("slo: ../x", "monitors.m.slo"),
        ("slo: a, question_hours: 25", "question_hours"),
    ],
)
def test_a_monitor_that_asks_for_two_things_is_refused(monitor, says):
    """With its place, and what to leave out."""
    (fault,) = faults(monitor)
    assert says in fault
    assert fault.startswith("makegood.yaml:")

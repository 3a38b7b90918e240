"""The pages on calendars, Upptime and Uptime Kuma tell the truth: their examples are accepted."""

import pytest

from models.sources import Upptime, UptimeKuma
from models.sources.base import SignalKind
from models.sources.exclusions import Announced, MaintenanceCalendar
from models.workspace_file import Workspace
from models.yaml_text import parse_yaml
from tests.house.project import ROOT


def shown(page, kind):
    """The workspace that a page shows for a kind."""
    text = (ROOT / page).read_text(encoding="utf-8")
    (block,) = [part for part in text.split("```yaml\n")[1:] if f"kind: {kind}\n" in part]
    (document,) = parse_yaml(f"name: x\n{block.partition('```')[0]}", name="README.md")
    read = document.validate(Workspace)
    assert read.findings == ()
    assert read.model is not None
    return read.model


def test_the_example_of_a_calendar_is_accepted():
    """With what it says of proof and categories."""
    workspace = shown("connectors/exclusions/README.md", "calendar")
    (calendar,) = workspace.exclusion_sources
    assert isinstance(calendar, MaintenanceCalendar)
    assert calendar.announced is Announced.SEEN
    assert calendar.categories["Frankfurt"].regions == ("eu-central",)
    assert workspace.exclusions_announced is Announced.STATED


def test_the_examples_of_upptime_and_uptime_kuma_are_accepted():
    """A monitor's own kind of witness stands over the source's."""
    upptime, kuma = shown("connectors/monitoring/README.md", "upptime").sources
    assert isinstance(upptime, Upptime)
    assert upptime.monitors["shop"].formerly == ("web-shop",)
    assert isinstance(kuma, UptimeKuma)
    assert kuma.signal_of("intranet") is SignalKind.FIRST_PARTY
    assert kuma.signal_of("mail") is SignalKind.EXTERNAL


@pytest.mark.parametrize("sites", [{}, {"api": {"site": "a/b"}}])
def test_a_site_is_the_name_of_one_file(sites):
    """And there is at least one."""
    with pytest.raises(ValueError, match="monitors"):
        Upptime.model_validate({"id": "s", "kind": "upptime", "repository": "x", "monitors": sites})

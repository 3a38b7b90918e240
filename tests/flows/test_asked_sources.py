"""Datadog and UptimeRobot as a workspace names them, asked with the keys of the environment."""

import pytest

from connectors.errors import Misconfigured
from connectors.monitoring import Wanted
from flows.exclusions import exclusion_source_of
from flows.sources import source_of
from models import sources
from models.intervals import Interval
from models.outage import State
from models.sources.datadog import DatadogMonitor
from models.sources.exclusions import DatadogCorrections, Touched
from models.sources.uptimerobot import UptimeRobotMonitor
from tests.standins.datadog import client as datadog_standin
from tests.standins.datadog.world import Slo
from tests.standins.uptimerobot import client as uptimerobot_standin

MAY_S = 1_777_593_600
MAY = Interval(MAY_S * 1000, 1_780_272_000_000)


def datadog(address=None):
    """Datadog, with one SLO."""
    monitors = {"web": DatadogMonitor(slo="a")}
    return sources.Datadog(id="dd", kind="datadog", address=address, monitors=monitors)


def corrections(address=None):
    """Its corrections."""
    slos = {"a": Touched()}
    return DatadogCorrections(id="dd", kind="datadog_corrections", address=address, slos=slos)


def robot(address=None):
    """UptimeRobot, with one monitor."""
    monitors = {"web": UptimeRobotMonitor(id=1)}
    return sources.UptimeRobot(id="ur.1", kind="uptimerobot", address=address, monitors=monitors)


@pytest.fixture
def keys(monkeypatch):
    """All of them are set."""
    monkeypatch.setenv("MAKEGOOD_SOURCE_DD_API_KEY", datadog_standin.API_KEY)
    monkeypatch.setenv("MAKEGOOD_SOURCE_DD_APP_KEY", datadog_standin.APP_KEY)
    monkeypatch.setenv("MAKEGOOD_SOURCE_UR_1_API_KEY", uptimerobot_standin.API_KEY)


def test_datadog_answers_for_a_workspace(tmp_path, keys, monkeypatch):
    """Down for an hour from 1 May; and what Datadog's own variables say is left alone."""
    monkeypatch.setenv("DD_SITE", "elsewhere.example")
    monkeypatch.setenv("DD_API_KEY", "another")
    with datadog_standin.running() as organisation:
        organisation.slos["a"] = Slo(history=[(MAY_S, 1), (MAY_S + 3600, 0)])
        # The source goes by the machine's clock; the organisation's must not be behind it.
        organisation.now_s = 4_000_000_000
        reading = source_of(datadog(organisation.url), tmp_path).read(Wanted(span=MAY))
        organisation.correct("c", slo="a", start=MAY_S, end=MAY_S + 60)
        (event,) = exclusion_source_of(corrections(organisation.url), tmp_path).events(MAY)
    assert reading.timelines["web"][0].changes[0] == (MAY_S * 1000, State.DOWN)
    assert event.id == "dd/c"


def test_uptimerobot_answers_for_a_workspace(tmp_path, keys):
    """Up since 1 May."""
    with uptimerobot_standin.running() as account:
        log = uptimerobot_standin.Log(MAY_S, uptimerobot_standin.UP)
        account.monitors[1] = uptimerobot_standin.Monitor(logs=[log])
        reading = source_of(robot(account.url + "/"), tmp_path).read(Wanted(span=MAY))
    assert reading.timelines["web"][0].changes[0] == (MAY_S * 1000, State.UP)


@pytest.mark.parametrize(
    ("source", "name"),
    [(datadog(), "MAKEGOOD_SOURCE_DD_API_KEY"), (robot(), "MAKEGOOD_SOURCE_UR_1_API_KEY")],
)
def test_a_key_is_missed_when_it_is_needed_and_not_before(tmp_path, source, name):
    """Who only explains a month needs no keys of monitors."""
    made = source_of(source, tmp_path)
    assert made.id == source.id
    with pytest.raises(Misconfigured, match=f"{name} is not in the environment"):
        made.read(Wanted(span=MAY))


def test_a_key_for_exclusions_is_missed_when_it_is_needed(tmp_path):
    """A missing correction is never taken for none."""
    made = exclusion_source_of(corrections(), tmp_path)
    with pytest.raises(Misconfigured, match="MAKEGOOD_SOURCE_DD_API_KEY"):
        made.events(MAY)
